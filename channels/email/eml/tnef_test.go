package eml_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zongji/channels/email/eml"
)

// winmail builds a winmail.dat of attributes.
func winmail(attributes ...[]byte) []byte {
	return append([]byte{0x78, 0x9F, 0x3E, 0x22, 1, 0}, concat(attributes...)...)
}

func attribute(id uint32, data string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{1}, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(append(b, data...), 0, 0)
}

// props builds a list of MAPI properties, all of one value and variable length.
func props(list ...[]byte) string {
	return string(append(binary.LittleEndian.AppendUint32(nil, uint32(len(list))), concat(list...)...))
}

func prop(id, typ uint16, data string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, typ)
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(append(b, data...), make([]byte, (4-len(data)%4)%4)...)
}

func concat(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// rtf wraps RTF as Exchange does, without compression.
func rtf(s string) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(s)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	return string(append(b, "MELA\x00\x00\x00\x00"...)) + s
}

func utf16le(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return string(b)
}

func TestWinmail(t *testing.T) {
	gbk := encode(t, simplifiedchinese.GBK, "发票.doc")
	codepage := attribute(0x00069007, "\xa8\x03\x00\x00\x00\x00\x00\x00") // 936
	file := concat(attribute(0x00069002, strings.Repeat("\x00", 14)), attribute(0x00018010, gbk+"\x00"), attribute(0x0006800F, "hello"))
	named := concat(attribute(0x00069002, strings.Repeat("\x00", 14)), attribute(0x00018010, "short~1.doc"),
		attribute(0x00069005, props(prop(0x3707, 0x1F, utf16le("一个很长的名字.doc\x00")), prop(0x3701, 0x102, "hello"), prop(0x370E, 0x1E, "application/msword\x00"), prop(0x3712, 0x1E, "c@x\x00"))))
	inner := "\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46" + string(winmail(codepage, file))
	nested := concat(attribute(0x00069002, strings.Repeat("\x00", 14)), attribute(0x00018010, "msg.dat"), attribute(0x00069005, props(prop(0x3701, 0x0D, inner))))
	html := `{\rtf1\ansi\ansicpg936\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\f0 \htmlrtf0 \'cd\'cb\'bf\'ee\htmlrtf }\htmlrtf0{\*\htmltag72 </p>}}`
	for _, tt := range []struct {
		name        string
		raw         []byte
		files, text string
	}{
		{"a name in GBK", winmail(codepage, file), "发票.doc", ""},
		{"a long name", winmail(named), "一个很长的名字.doc", ""},
		{"a message within", winmail(nested), "msg.dat 发票.doc", ""},
		{"a plain body", winmail(codepage, attribute(0x0002800C, encode(t, simplifiedchinese.GBK, "退款")+"\x00")), "", "退款"},
		{"an HTML body", winmail(attribute(0x00069003, props(prop(0x1013, 0x102, "<p>退款</p>")))), "body.html", "退款"},
		{"RTF", winmail(attribute(0x00069003, props(prop(0x1009, 0x102, rtf(`{\rtf1\ansi\ansicpg936{\fonttbl{\f0 Arial;}}\f0 \'cd\'cb\'bf\'ee\par \u36864?\u27454? a\{b\}}`))))), "body.rtf", "退款\n退款 a{b}"},
		{"HTML within RTF", winmail(attribute(0x00069003, props(prop(0x1009, 0x102, rtf(html))))), "body.rtf", "退款"},
		{"cut off", winmail(codepage, file)[:70], "", ""},
		{"garbage at the end", append(winmail(codepage, file), "garbage"...), "发票.doc", ""},
	} {
		m := eml.ParseFile("x.tnef", tt.raw, eml.Options{})
		var files []string
		for _, a := range m.Attachments {
			files = append(files, a.Name)
			if strings.HasSuffix(a.Name, ".doc") && tt.name != "cut off" && string(a.Data) != "hello" {
				t.Errorf("%s: %s is %q", tt.name, a.Name, a.Data)
			}
		}
		if got := strings.Join(files, " "); tt.name != "cut off" && (got != tt.files || m.Text != tt.text) || m.Err != nil {
			t.Errorf("%s: files %q, text %q, %v; want %q, %q", tt.name, got, m.Text, m.Err, tt.files, tt.text)
		}
	}
	mail := fmt.Sprintf("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n%s\r\n--b--", winmail(codepage, file))
	if m := parse(mail); m.Text != "hello" || len(m.Attachments) != 1 || m.Attachments[0].Name != "发票.doc" {
		t.Errorf("in a mail: %q, %v", m.Text, m.Attachments)
	}
}

// TestRTFDoesNotUnpackWithoutEnd claims 4 GB in a few bytes.
func TestRTFDoesNotUnpackWithoutEnd(t *testing.T) {
	bomb := "\xff\xff\xff\xff\xff\xff\xff\xffLZFu\x00\x00\x00\x00" + strings.Repeat("\x00abcdefgh", 1000)
	m := eml.ParseFile("x.tnef", winmail(attribute(0x00069003, props(prop(0x1009, 0x102, bomb)))), eml.Options{})
	if len(m.Attachments) != 0 {
		t.Errorf("%d bytes", len(m.Attachments[0].Data))
	}
}
