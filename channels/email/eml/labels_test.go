package eml

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// TestLabelsEverywhere writes a text under each name of its charset into the
// subject, a sender's name, the body and a file's name, in every encoding.
func TestLabelsEverywhere(t *testing.T) {
	var right rate
	for _, set := range []struct {
		enc    encoding.Encoding
		text   string
		labels string
	}{
		{simplifiedchinese.GB18030, "订单还没有发货，请尽快处理", "gb2312 GBK gb18030 GB_2312-80 cp936 ms936 x-gbk euc-cn windows-936 csGB2312 iso-ir-58 gb2312-80 chinese x-euc-cn gb-2312 x-cp936 x-mac-chinesesimp"},
		{traditionalchinese.Big5, "訂單還沒有出貨，請儘快處理", "big5 Big5-HKSCS cp950 x-x-big5 csBig5 big5-eten cn-big5 windows-950 big-5 x-mac-chinesetrad"},
		{japanese.ShiftJIS, "注文した商品がまだ届きません", "shift_jis Shift-JIS sjis x-sjis cp932 windows-31j ms_kanji csShiftJIS ms932 x-ms-cp932 cswindows31j"},
		{japanese.EUCJP, "注文した商品がまだ届きません", "euc-jp x-euc-jp eucjp ujis EUC_JP"},
		{japanese.ISO2022JP, "注文した商品がまだ届きません", "iso-2022-jp csISO2022JP ISO-2022-JP-MS cp50220 cp50221"},
		{korean.EUCKR, "주문한 상품이 아직 도착하지 않았습니다", "euc-kr ks_c_5601-1987 cp949 uhc ks_c_5601 ksc5601 csEUCKR windows-949 x-windows-949 ks_c_5601-1989 KSC_5601 iso-ir-149"},
		{unicode.UTF8, "订单还没有发货，请尽快处理", "utf-8 UTF8 utf_8 unicode-1-1-utf-8 x-unknown unknown-8bit us-ascii"},
	} {
		raw, err := set.enc.NewEncoder().String(set.text)
		if err != nil {
			t.Fatal(err)
		}
		b64 := base64.StdEncoding.EncodeToString([]byte(raw))
		var quoted, percent strings.Builder
		for _, c := range []byte(raw) {
			fmt.Fprintf(&quoted, "=%02X", c)
			fmt.Fprintf(&percent, "%%%02X", c)
		}
		half := len(raw)/2 | 1 // within a character of two bytes
		split := func(label string) string {
			return "=?" + label + "?B?" + base64.StdEncoding.EncodeToString([]byte(raw[:half])) + "?=\n =?" + label + "?B?" + base64.StdEncoding.EncodeToString([]byte(raw[half:])) + "?="
		}
		for _, label := range strings.Fields(set.labels) {
			for _, word := range []string{"=?" + label + "?B?" + b64 + "?=", "=?" + label + "?q?" + quoted.String() + "?=", split(label), raw} {
				if word == raw && set.enc == korean.EUCKR { // looks like GB 2312, and no label says better
					continue
				}
				for _, body := range []string{"base64\n\n" + b64, "quoted-printable\n\n" + quoted.String(), "8bit\n\n" + raw} {
					m := Parse([]byte("Subject: "+word+"\nFrom: "+word+" <li@c.test>\nContent-Type: text/plain; charset=\""+label+"\"\nContent-Transfer-Encoding: "+body), Options{})
					name := ""
					if len(m.From) > 0 {
						name = m.From[0].Name
					}
					ok := m.Subject == set.text && name == set.text && strings.TrimSpace(m.Text) == set.text
					right.add(ok)
					if !ok {
						t.Errorf("%s %.60q %.20q: subject %q, name %q, text %q", label, word, body, m.Subject, name, m.Text)
					}
				}
			}
			p := percent.String()
			for _, param := range []string{
				"filename*=" + label + "''" + p + ".txt", "filename*0*=" + label + "''" + p[:3*half] + ";\n filename*1*=" + p[3*half:] + ".txt",
				"filename*0*=" + label + "''" + p + ";\n filename*1=.txt", "filename=\"=?" + label + "?B?" + b64 + "?=.txt\"", "filename=\"" + raw + ".txt\"",
			} {
				if strings.Contains(param, raw) && set.enc == korean.EUCKR {
					continue
				}
				m := Parse([]byte("From: li@c.test\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; "+param+"\n\nx\n--b--\n"), Options{})
				ok := len(m.Attachments) == 1 && m.Attachments[0].Name == set.text+".txt"
				right.add(ok)
				if !ok {
					t.Errorf("%s %.50q: %+v", label, param, m.Attachments)
				}
			}
		}
	}
	right.check(t, "labels", 100)
}
