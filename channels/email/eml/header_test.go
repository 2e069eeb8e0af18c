package eml_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zongji/channels/email/eml"
)

func parse(mail string) *eml.Mail { return eml.Parse([]byte(mail), eml.Options{}) }

func TestSubjects(t *testing.T) {
	gbk := encode(t, simplifiedchinese.GBK, "关于退款的投诉")
	for _, tt := range []struct{ name, field, want string }{
		{"plain", "hello", "hello"},
		{"folded", "hello\r\n  world", "hello  world"},
		{"blanks between neighbours go", "=?utf-8?B?6K6i5Y2V?= =?utf-8?B?5oqV6K+J?= (urgent)", "订单投诉 (urgent)"},
		{"neighbours on two lines", "=?utf-8?B?6K6i5Y2V?=\r\n\t=?utf-8?B?5oqV6K+J?=", "订单投诉"},
		{"one character cut in two words", "=?utf-8?B?6K6i5Y0=?= =?utf-8?B?leaKleiviQ==?=", "订单投诉"},
		{"one base64 text cut in two words", "=?utf-8?B?6K6i5?= =?utf-8?B?Y2V?=", "订单"},
		{"cut within a double byte of GBK", "=?gb2312?Q?=B6=A9=B5?= =?gb2312?Q?=A5=CD?= =?gb2312?Q?=CB?=", "订单退"},
		{"two charsets side by side", "=?utf-8?B?6K6i5Y2V?= =?gbk?B?zbbL3w==?=", "订单投诉"},
		{"Q with underscores", "=?utf-8?Q?Re=3A_=E8=AE=A2=E5=8D=95_=5B#T-7=5D?=", "Re: 订单 [#T-7]"},
		{"Q with blanks that should not be there", "=?utf-8?Q?Re: =E8=AE=A2=E5=8D=95 x?=", "Re: 订单 x"},
		{"Q with a question mark that should not be there", "=?utf-8?Q?why?=E8=AE=A2?=", "why?订"},
		{"glued to text", "订单=?utf-8?B?5oqV6K+J?=号", "订单投诉号"},
		{"with a language", "=?utf-8*zh?B?5oqV6K+J?=", "投诉"},
		{"raw UTF-8", "订单投诉", "订单投诉"},
		{"raw GBK", gbk, "关于退款的投诉"},
		{"a broken word stays", "=?utf-8?X?abc?= =?utf-8?B?6K6i", "=?utf-8?X?abc?= =?utf-8?B?6K6i"},
		{"encoded line ends do not forge a header", "=?utf-8?Q?a=0D=0ABcc:_x@y.z?=", "a Bcc: x@y.z"},
		{"encoded zero bytes go", "=?utf-8?Q?a=00b?=", "ab"},
	} {
		if got := parse("Subject: " + tt.field + "\r\n\r\n").Subject; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	gbk := encode(t, simplifiedchinese.GBK, "张三，采购")
	for _, tt := range []struct {
		name, field string
		want        []eml.Addr
	}{
		{"bare", "a@b.test", []eml.Addr{{Email: "a@b.test"}}},
		{"name and angles", "Ann B <a@b.test>", []eml.Addr{{"Ann B", "a@b.test"}}},
		{"a comma in quotes", `"B, Ann" <a@b.test>, c@d.test`, []eml.Addr{{"B, Ann", "a@b.test"}, {"", "c@d.test"}}},
		{"quotes in quotes", `"Ann \"the\" B" <a@b.test>`, []eml.Addr{{`Ann "the" B`, "a@b.test"}}},
		{"the name in a comment", "a@b.test (Ann (x) B)", []eml.Addr{{"Ann (x) B", "a@b.test"}}},
		{"an encoded word in quotes", `"=?utf-8?B?5byg5LiJ?=" <a@b.test>`, []eml.Addr{{"张三", "a@b.test"}}},
		{"a comma in an encoded word", `=?utf-8?Q?=E5=BC=A0,=E4=B8=89?= <a@b.test>`, []eml.Addr{{"张,三", "a@b.test"}}},
		{"raw GBK in quotes", `"` + gbk + `" <a@b.test>`, []eml.Addr{{"张三，采购", "a@b.test"}}},
		{"a group", "Team: a@b.test, Ann <c@d.test>;, e@f.test", []eml.Addr{{"", "a@b.test"}, {"Ann", "c@d.test"}, {"", "e@f.test"}}},
		{"an empty group", "Undisclosed recipients:;", nil},
		{"semicolons", "a@b.test; c@d.test", []eml.Addr{{"", "a@b.test"}, {"", "c@d.test"}}},
		{"no name nor angles", "Ann a@b.test", []eml.Addr{{"Ann", "a@b.test"}}},
		{"angles that do not close", "Ann <a@b.test", []eml.Addr{{"Ann", "a@b.test"}}},
		{"a name alone", "张三", []eml.Addr{{Name: "张三"}}},
		{"an address as its own name", `"a@b.test" <a@b.test>`, []eml.Addr{{"a@b.test", "a@b.test"}}},
		{"a route", "<@x.test,@y.test:a@b.test>", []eml.Addr{{"", "a@b.test"}}},
		{"angles twice", "Ann <<a@b.test>>", []eml.Addr{{"Ann", "a@b.test"}}},
		{"blanks within angles", "Ann < a@b.test >", []eml.Addr{{"Ann", "a@b.test"}}},
		{"mailto", "<mailto:a@b.test>", []eml.Addr{{"", "a@b.test"}}},
		{"folded", "Ann\r\n <a@b.test>,\r\n c@d.test", []eml.Addr{{"Ann", "a@b.test"}, {"", "c@d.test"}}},
		{"nothing", "", nil},
	} {
		if got := parse("To: " + tt.field + "\r\n\r\n").To; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSenders(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		want       eml.Addr
	}{
		{"two From: the first counts", "From: a@b.test\nFrom: c@d.test\n", eml.Addr{Email: "a@b.test"}},
		{"From without an address: the return path", "Return-Path: <r@b.test>\nFrom: 张三\n", eml.Addr{Name: "张三", Email: "r@b.test"}},
		{"no From: the sender", "Sender: Ann <s@b.test>\nReturn-Path: <r@b.test>\n", eml.Addr{Name: "Ann", Email: "s@b.test"}},
	} {
		m := parse(tt.head + "\n")
		if len(m.From) == 0 || m.From[0] != tt.want || m.Err == nil {
			t.Errorf("%s: %v, %v, want %v and a note", tt.name, m.From, m.Err, tt.want)
		}
	}
}

func TestIDsAndDates(t *testing.T) {
	m := parse("Message-ID: <a@b>\nIn-Reply-To: Your mail of Monday <c@d>\nReferences: <1@x>\n <2@x><3@x>, <4 @x>\nDate: Tue, 5 Mar 2024 11:02:33 +0800 (CST)\n\n")
	if m.MessageID != "a@b" || !reflect.DeepEqual(m.InReplyTo, []string{"c@d"}) || !reflect.DeepEqual(m.References, []string{"1@x", "2@x", "3@x", "4@x"}) {
		t.Errorf("ids %q %q %q", m.MessageID, m.InReplyTo, m.References)
	}
	for _, date := range []string{"Tue, 5 Mar 2024 11:02:33 +0800 (CST)", "5 Mar 2024 11:02:33 +0800", "Tue, 05 Mar 2024 11:02:33 GMT+0800", "2024-03-05 11:02:33 +0800",
		"2024-03-05T11:02:33+08:00", "Tue, 5 Mar 24 03:02:33 GMT", "Tue,  5 Mar 2024 03:02:33", "Tue Mar 5 03:02:33 2024", "星期二, 5 Mar 2024 11:02:33 +0800"} {
		if at := parse("Date: " + date + "\n\n").Date; at.Unix() != 1709607753 {
			t.Errorf("%q is %v", date, at)
		}
	}
	for _, date := range []string{"", "yesterday", "Tue, 5 Mar 0024 11:02:33 +0800", "Tue, 45 Mar 2024 11:02:33 +0800", "Mon, 1 Jan 9999 00:00:00 +0000"} {
		if at := parse("Date: " + date + "\n\n").Date; !at.IsZero() {
			t.Errorf("%q is %v", date, at)
		}
	}
	if m := parse("Message-ID: bare@x\nIn-Reply-To: bare@y\n\n"); m.MessageID != "bare@x" || len(m.InReplyTo) != 1 || m.InReplyTo[0] != "bare@y" {
		t.Errorf("ids without angles: %q %q", m.MessageID, m.InReplyTo)
	}
}

func TestFileNames(t *testing.T) {
	gbk := encode(t, simplifiedchinese.GBK, "增值税发票(二〇二四年三月).pdf")
	for _, tt := range []struct{ name, disposition, want string }{
		{"plain", `filename="a.pdf"`, "a.pdf"},
		{"bare with blanks", `filename=my file (1).pdf`, "my file (1).pdf"},
		{"quotes that do not end", `filename="a.pdf`, "a.pdf"},
		{"encoded word in quotes", `filename="=?utf-8?B?5Y+R56WoLnBkZg==?="`, "发票.pdf"},
		{"two encoded words, cut in a character", "filename=\"=?utf-8?B?5Y+R56U=?=\r\n =?utf-8?B?qC5wZGY=?=\"", "发票.pdf"},
		{"RFC 2231", `filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf`, "发票.pdf"},
		{"RFC 2231 in gb18030", `filename*=gb18030''%B7%A2%C6%B1.pdf`, "发票.pdf"},
		{"RFC 2231 continued, cut in a character", "filename*0*=utf-8''%E5%8F%91%E7;\r\n filename*1*=%A5%A8;\r\n filename*2=\".pdf\"", "发票.pdf"},
		{"RFC 2231 continued out of order", `filename*1=b.pdf; filename*0=a`, "ab.pdf"},
		{"RFC 2231 beside a crutch", `filename="__.pdf"; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf`, "发票.pdf"},
		{"escaped like a URL", `filename="%E5%8F%91%E7%A5%A8.pdf"`, "发票.pdf"},
		{"100% stays", `filename="100%.pdf"`, "100%.pdf"},
		{"raw UTF-8", `filename="发票.pdf"`, "发票.pdf"},
		{"raw GBK", `filename="` + gbk + `"`, "增值税发票(二〇二四年三月).pdf"},
		{"up and away", `filename="../../etc/passwd"`, "passwd"},
		{"up and away on Windows", `filename="..\\..\\windows\\evil.exe"`, "evil.exe"},
		{"up and away on Windows, not escaped", `filename="..\..\windows\evil.exe"`, "evil.exe"},
		{"up and away by RFC 2231", `filename*=utf-8''..%2F..%2Fetc%2Fpasswd`, "passwd"},
		{"up and away in an encoded word", `filename="=?utf-8?Q?..=2F..=5Cpasswd?="`, "passwd"},
		{"absolute", `filename="/etc/passwd"`, "passwd"},
		{"nothing but dots", `filename=".."`, "attachment-1.bin"},
		{"nothing after the path", `filename="a/"`, "attachment-1.bin"},
		{"right to left", "filename=\"发票\u202efdp.exe\"", "发票fdp.exe"},
		{"controls", "filename*=utf-8''a%00b%0D%0Ac%1B.pdf", "ab c .pdf"},
		{"reserved on Windows", `filename="CON.txt"`, "_CON.txt"},
		{"a stream on NTFS", `filename="a.txt:evil.exe"`, "a.txt_evil.exe"},
		{"dots at the end", `filename="a.exe. . "`, "a.exe"},
		{"too long keeps its ending", `filename="` + strings.Repeat("长", 200) + `.pdf"`, strings.Repeat("长", 65) + ".pdf"},
	} {
		m := parse("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; " + tt.disposition + "\r\n\r\nx")
		if len(m.Attachments) != 1 {
			t.Errorf("%s: %d attachments", tt.name, len(m.Attachments))
			continue
		}
		if a := m.Attachments[0]; a.Risky != (strings.HasSuffix(tt.want, ".exe")) {
			t.Errorf("%s: risky %t", a.Name, a.Risky)
		}
		if got := m.Attachments[0].Name; got != tt.want && fold(got) != fold(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
