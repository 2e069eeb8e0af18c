package eml_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"zongji/channels/email/eml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares whole mails with what was read of them when a person
// looked: testdata/x.eml with testdata/x.eml.json.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatal("no mails", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := eml.Parse(raw, eml.Options{})
		m.Header, m.Parts = nil, nil // long, and in the mail itself
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
		got := out.Bytes()
		if *update {
			if err := os.WriteFile(name+".json", got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is read as\n%s\nwant\n%s", name, got, want)
		}
	}
}
