package eml_test

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"zongji/channels/email/eml"
)

func encode(t *testing.T, enc encoding.Encoding, s string) string {
	t.Helper()
	out, err := enc.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	simplified     = "您好，订单号２０２４，朱镕基的镕字、㎡、①，三天没有发货。"
	short          = "退款"
	traditional    = "您好，訂單尚未收到，請協助處理。裏、粧、恒"
	japaneseLetter = "お世話になっております。注文が届きません。"
	koreanLetter   = "안녕하세요, 주문한 상품이 아직 도착하지 않았습니다."
	german         = "Die Hasen und die Frösche klagten über ihre mißliche Lage."
)

func TestCharsets(t *testing.T) {
	gb, big5, jis, sjis, euc, kr := simplifiedchinese.GB18030, traditionalchinese.Big5, japanese.ISO2022JP, japanese.ShiftJIS, japanese.EUCJP, korean.EUCKR
	tests := []struct {
		name, label string
		enc         encoding.Encoding
		text        string
	}{
		{"gb2312 holds what only GB 18030 has", "gb2312", gb, simplified + "𠮷"},
		{"gbk", "GBK", gb, simplified}, {"cp936", "cp936", gb, simplified}, {"ms936", "ms936", gb, simplified},
		{"windows-936", "windows-936", gb, simplified}, {"gb_2312-80", "gb_2312-80", gb, simplified}, {"gb2312-80", "GB2312-80", gb, simplified},
		{"gb-18030", "gb-18030", gb, simplified}, {"euc-cn", "EUC-CN", gb, simplified}, {"x-gbk", "x-gbk", gb, simplified},
		{"chinese", "chinese", gb, simplified}, {"hz", "hz-gb-2312", simplifiedchinese.HZGB2312, "您好，订单没有发货。\n~ is a tilde"},
		{"big5", "big5", big5, traditional}, {"big5-hkscs", "Big5-HKSCS", big5, traditional + "嘅咗"}, {"cp950", "cp950", big5, traditional}, {"x-x-big5", "x-x-big5", big5, traditional},
		{"iso-2022-jp", "iso-2022-jp", jis, japaneseLetter}, {"iso-2022-jp under another name", "ISO-2022-JP-1", jis, japaneseLetter},
		{"iso-2022-jp with half-width kana", "iso-2022-jp", jis, "ｱｲｳ テスト"}, {"no label, but escapes", "", jis, japaneseLetter},
		{"shift_jis", "Shift_JIS", sjis, japaneseLetter + "①②"}, {"windows-31j", "windows-31j", sjis, japaneseLetter}, {"cp932", "cp932", sjis, japaneseLetter}, {"euc-jp", "EUC-JP", euc, japaneseLetter},
		{"iso-2022-jp that is EUC-JP", "iso-2022-jp", euc, japaneseLetter}, {"iso-2022-jp that is Shift_JIS", "iso-2022-jp", sjis, japaneseLetter}, {"iso-2022-jp that is UTF-8", "iso-2022-jp", unicode.UTF8, japaneseLetter},
		{"ks_c_5601-1987", "ks_c_5601-1987", kr, koreanLetter}, {"cp949", "cp949", kr, koreanLetter}, {"euc-kr", "euc-kr", kr, koreanLetter},
		{"utf-8 in quotes that do not end", `"utf-8`, unicode.UTF8, simplified}, {"utf8", "utf8", unicode.UTF8, simplified}, {"unicode-1-1-utf-8", "unicode-1-1-utf-8", unicode.UTF8, simplified},
		{"utf-16le", "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), simplified}, {"utf-16 with a mark", "utf-16", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), simplified},
		{"UTF-8 under gb2312", "gb2312", unicode.UTF8, simplified}, {"UTF-8 under big5", "big5", unicode.UTF8, traditional}, {"UTF-8 under iso-8859-1", "iso-8859-1", unicode.UTF8, simplified}, {"UTF-8 under hz", "hz-gb-2312", unicode.UTF8, simplified},
		{"GBK under utf-8", "utf-8", gb, simplified}, {"GBK under us-ascii", "us-ascii", gb, simplified}, {"GBK under unknown-8bit", "unknown-8bit", gb, simplified}, {"GBK under a name nobody knows", "x-foxmail", gb, simplified},
		{"GBK without a label", "", gb, simplified}, {"two characters of GBK without a label", "", gb, short}, {"GBK among ASCII without a label", "", gb, "Order 20240305 / 退款 please, thank you very much"},
		{"Big5 without a label", "", big5, traditional}, {"Big5 under utf-8", "utf-8", big5, traditional},
		{"Big5 under gb2312", "gb2312", big5, traditional + "，敬祝 商祺，訂單編號為"},
		{"one character of GBK that looks like UTF-8", "gbk", gb, "模"},
		{"latin1", "iso-8859-1", charmap.Windows1252, german}, {"latin1 without a label", "", charmap.Windows1252, german}, {"windows-1251", "windows-1251", charmap.Windows1251, "Здравствуйте"}, {"cp1251", "cp1251", charmap.Windows1251, "Здравствуйте"}, {"koi8-r", "koi8-r", charmap.KOI8R, "Здравствуйте"}, {"iso-8859-15", "iso-8859-15", charmap.ISO8859_15, "5 €"}, {"cp437", "cp437", charmap.CodePage437, "ü"},
	}
	for _, tt := range tests {
		raw := encode(t, tt.enc, tt.text)
		typ := "text/plain"
		if tt.label != "" {
			typ += "; charset=" + tt.label
		}
		var qp strings.Builder
		w := quotedprintable.NewWriter(&qp)
		_, _ = w.Write([]byte(raw))
		_ = w.Close()
		for transfer, body := range map[string]string{"8bit": raw, "base64": base64.StdEncoding.EncodeToString([]byte(raw)), "quoted-printable": qp.String()} {
			m := eml.Parse(fmt.Appendf(nil, "Subject: x\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s", typ, transfer, body), eml.Options{})
			if transfer == "8bit" && strings.HasPrefix(tt.label, "utf-16") {
				continue // not fit for lines
			}
			if m.Text != tt.text {
				t.Errorf("%s, %s: %q, want %q", tt.name, transfer, m.Text, tt.text)
			}
		}
		if strings.HasPrefix(tt.label, `"`) || tt.label == "" {
			continue
		}
		field := fmt.Sprintf("=?%s?B?%s?=", tt.label, base64.StdEncoding.EncodeToString([]byte(raw)))
		if m := eml.Parse([]byte("Subject: "+field+"\n\n"), eml.Options{}); fold(m.Subject) != fold(tt.text) {
			t.Errorf("%s, encoded word: %q, want %q", tt.name, m.Subject, tt.text)
		}
	}
}

func TestCharsetsThatNoLibraryReads(t *testing.T) {
	for _, tt := range []struct{ name, typ, body, want string }{
		{"utf-7", "text/plain; charset=utf-7", "Hi Mom -+Jjo--! +ZeVnLIqe-, 1 +- 1 = 2", "Hi Mom -☺-! 日本語, 1 + 1 = 2"},
		{"iso-2022-kr", "text/plain; charset=iso-2022-kr", "\x1b$)C\x0e>H3g\x0f ok", "안녕 ok"},
		{"iso-2022-cn", "text/plain; charset=iso-2022-cn", "\x1b$)A\x0eDc:C\x0f ok", "你好 ok"},
		{"kana by single bytes", "text/plain; charset=iso-2022-jp", "\xb1\xb2 \x1b$B$\"\x1b(B", "ｱｲ あ"},
		{"an HTML part that names its charset itself", "text/html", "<meta http-equiv=Content-Type content='text/html; charset=gb2312'><p>\xcd\xcb\xbf\xee</p>", "退款"},
	} {
		m := eml.Parse([]byte("Content-Type: "+tt.typ+"\n\n"+tt.body), eml.Options{})
		if m.Text != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, m.Text, tt.want)
		}
	}
}
