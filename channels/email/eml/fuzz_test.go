package eml_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"zongji/channels/email/eml"
)

// FuzzParse states what holds for any bytes: no panic, clean texts, harmless
// names, HTML that a browser may show, no more than was promised.
func FuzzParse(f *testing.F) {
	seed(f, "testdata/*.eml", "zh-synth/*.eml", "stalwart/*.eml", "mimekit/*.eml", "sisimai/rfc3464-*.eml")
	for _, src := range hostile {
		f.Add([]byte("Content-Type: text/html\n\n" + src))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := eml.Parse(raw, eml.Options{})
		if m.Err != nil && strings.Contains(m.Err.Error(), "panicked") {
			t.Fatal(m.Err)
		}
		for _, s := range []string{m.Subject, m.Text, m.HTML, m.SafeHTML, m.Calendar} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") {
				t.Fatalf("not clean: %q", s)
			}
		}
		if bad := unsafe(m.SafeHTML); bad != "" {
			t.Fatalf("%s in %s", bad, m.SafeHTML)
		}
		size := len(m.Text) + len(m.HTML)
		for _, a := range m.Attachments {
			size += len(a.Data)
			if bad := harmful(a.Name); bad {
				t.Fatalf("name %q", a.Name)
			}
		}
		if size > 6*len(raw)+1<<20 || len(m.Parts) > eml.MaxParts || len(m.Attachments) > eml.MaxAttachments {
			t.Fatalf("%d bytes became %d, %d parts, %d attachments", len(raw), size, len(m.Parts), len(m.Attachments))
		}
	})
}

// FuzzTNEF does the same for a bare winmail.dat.
func FuzzTNEF(f *testing.F) {
	seed(f, "testdata/*.tnef", "mimekit/tnef-one-file.tnef", "mimekit/tnef-multi-name-property.tnef", "mimekit/tnef-long-filename.tnef", "mimekit/tnef-body.tnef", "mimekit/tnef-data-before-name.tnef")
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := eml.ParseFile("winmail.tnef", raw, eml.Options{})
		if m.Err != nil && strings.Contains(m.Err.Error(), "panicked") {
			t.Fatal(m.Err)
		}
		size := 0
		for _, a := range m.Attachments {
			if size += len(a.Data); harmful(a.Name) {
				t.Fatalf("name %q", a.Name)
			}
		}
		if size > 4*len(raw)+1<<20 || !utf8.ValidString(m.Text) {
			t.Fatalf("%d bytes became %d, text %q", len(raw), size, m.Text)
		}
	})
}

// seed adds files of the package and, where there is one, of the corpus.
func seed(f *testing.F, patterns ...string) {
	f.Helper()
	root := os.Getenv("ZONGJI_TESTDATA")
	for _, p := range patterns {
		if !strings.HasPrefix(p, "testdata") {
			if root == "" {
				continue
			}
			p = filepath.Join(root, "mail", p)
		}
		files, err := filepath.Glob(p)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if len(raw) <= 20<<10 {
				f.Add(raw)
			}
		}
	}
}

// harmful says whether a file name could do more than name a file.
func harmful(name string) bool {
	return name == "" || name == "." || name == ".." || len(name) > 200 || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\:\x00\r\n\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
}
