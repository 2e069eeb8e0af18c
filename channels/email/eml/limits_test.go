package eml_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"zongji/channels/email/eml"
)

// nested is n multiparts within each other, none of them closed: a bomb for
// parsers that look for each end again and again.
func nested(n int) string {
	var b strings.Builder
	b.WriteString("Subject: bomb\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\n\nhello")
	return b.String()
}

func TestLimits(t *testing.T) {
	many := func(n int, part string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n"+part+"\n", n)
	}
	file := "Content-Disposition: attachment; filename=a.txt\n\nx"
	for _, tt := range []struct {
		name, mail string
		text, note string
	}{
		{"a bomb of 1.4 KB", nested(25), "hello", "nested deeper than 10"},
		{"a bomb of 500 KB", nested(10_000), "", "more than 500 parts"},
		{"2,000 parts", many(2000, "\nx"), "", "more than 500 parts"},
		{"150 files", many(150, file), "", "more than 100 attachments"},
		{"a header that never ends", "Subject: " + strings.Repeat("x", 2<<20), "", "header longer"},
		{"a header of folds", "Subject: x\n" + strings.Repeat(" x\n", 1<<20) + "\nhello", "hello", "header longer"},
		{"folds of nothing", strings.Repeat(" x\n", 1<<20) + "From: a@b.test\n\nhello", "", ""},
		{"100,000 fields", strings.Repeat("X-A: b\n", 100_000) + "\nhello", "hello", "header longer"},
		{"100,000 addresses", "To: " + strings.Repeat("a@b.test, ", 100_000) + "\n\nhello", "hello", "header longer"},
		{"100,000 words", "Subject: " + strings.Repeat("=?utf-8?B?5oqV?= ", 10_000) + "\n\nhello", "hello", "header longer"},
		{"words that never end", "Subject: " + strings.Repeat("=?utf-8?B?", 6_000) + "\n\nhello", "hello", ""},
		{"comments that never end", "To: " + strings.Repeat("(", 60_000) + "\n\nhello", "hello", ""},
		{"a boundary of blanks", "Content-Type: multipart/mixed; boundary=\" \"\n\n-- \nhello\n-- --", "hello", ""},
		{"an empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nhello\n----", "", ""},
		{"lines that nearly delimit", "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bb\n", 1<<18) + "--b\n\nhello", "hello", ""},
		{"text of 8 MiB", "Content-Type: text/plain\n\n" + strings.Repeat("0123456789abcdef", 1<<19), "", "text longer than 4 MiB"},
		{"unclosed tags", "Content-Type: text/html\n\n" + strings.Repeat("<b>", 200_000) + "hello", "hello", "nothing in the HTML"},
		{"a tag that never ends", "Content-Type: text/html\n\nhello <a " + strings.Repeat("x=y ", 200_000), "hello", ""},
		{"begin without end", "Content-Type: text/plain\n\n" + strings.Repeat("begin 6 x\n", 400_000), "", ""},
		{"=ybegin without end", "Content-Type: text/plain\n\n" + strings.Repeat("=ybegin name=x\n", 200_000), "", ""},
		{"nested groups of RTF", "Content-Type: application/ms-tnef\n\nx", "", "winmail.dat cannot be read"},
	} {
		began := time.Now()
		m := parse(tt.mail)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s", tt.name, took)
		}
		t.Logf("%-32s %s", tt.name, time.Since(began).Round(time.Millisecond))
		note := ""
		if m.Err != nil {
			note = m.Err.Error()
		}
		if tt.text != "" && strings.TrimSpace(m.Text) != tt.text || !strings.Contains(note, tt.note) {
			t.Errorf("%s: text %.40q, note %q", tt.name, m.Text, note)
		}
		if len(m.Attachments) > eml.MaxAttachments || len(m.Parts) > eml.MaxParts {
			t.Errorf("%s: %d attachments, %d parts", tt.name, len(m.Attachments), len(m.Parts))
		}
	}
}

// TestBigMailCostsItsSize parses a mail of 50 MB, nearly all of it one file.
func TestBigMailCostsItsSize(t *testing.T) {
	if testing.Short() {
		t.Skip("50 MB")
	}
	line := strings.Repeat("QUJD", 19) + "\r\n"
	raw := []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(line, 50_000_000/len(line)) + "\r\n--b--\r\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	m := eml.Parse(raw, eml.Options{})
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	t.Logf("%d MB in %s, %d MB allocated", len(raw)/1e6, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)/1e6)
	if m.Text != "hello" || len(m.Attachments) != 1 || len(m.Attachments[0].Data) < 36_000_000 {
		t.Errorf("text %q, %d attachments, %v", m.Text, len(m.Attachments), m.Err)
	}
	if took > 5*time.Second || after.TotalAlloc-before.TotalAlloc > 2*uint64(len(raw)) {
		t.Errorf("it costs more than it should")
	}
	if m := eml.Parse(append(raw, raw...), eml.Options{}); m.Err == nil || !strings.HasPrefix(m.Text, "hello") {
		t.Errorf("100 MB: %q, %v", m.Text, m.Err)
	}
}
