package eml

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zongji/internal/testenv"
)

// sample is one mail of the third-party corpus with what is expected of it.
type sample struct {
	ID       string   `json:"id"`
	File     string   `json:"file"`
	Category string   `json:"category"`
	Tags     []string `json:"tags"`
	Expected struct {
		Kind       string   `json:"kind"`
		Text       string   `json:"text"`
		Match      string   `json:"match"`
		Regexes    []string `json:"regexes"`
		All        []string `json:"all"`
		Signature  string   `json:"signature"`
		Sender     string   `json:"sender"`
		Fragments  int      `json:"upstream_fragments"`
		AutoClass  string   `json:"auto_class"`
		Recipient  string   `json:"recipient"`
		OriginalID string   `json:"original_message_id"`
		Deliveries []struct {
			DSN    string `json:"dsn"`
			Reason string `json:"reason"`
			Hard   bool   `json:"hard"`
		} `json:"deliveries"`
	} `json:"expected"`
}

// samples are the corpus' mails of the given kinds.
func samples(t testing.TB, kinds ...string) (dir string, all []sample) {
	t.Helper()
	dir = testenv.Data(t, "mail")
	f, err := os.Open(filepath.Join(dir, "MANIFEST.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s sample
		if json.Unmarshal(lines.Bytes(), &s) == nil && slices.Contains(kinds, s.Expected.Kind) {
			s.File = filepath.Join(dir, strings.TrimPrefix(s.File, "give/"))
			all = append(all, s)
		}
	}
	return dir, all
}

// read parses the sample: a mail, a bare HTML fragment or a bare text.
func (s sample) read(t testing.TB) *Mail {
	t.Helper()
	raw, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(s.File) {
	case ".txt":
		return &Mail{Text: string(raw)}
	case ".html":
		return &Mail{HTML: string(raw)}
	}
	return Parse(raw, Options{})
}

// rate counts right answers.
type rate struct{ right, all int }

func (r *rate) add(ok bool) {
	r.all++
	if ok {
		r.right++
	}
}

// check prints the rate and fails below the aim, which is in percent.
func (r rate) check(t *testing.T, what string, aim float64) {
	t.Helper()
	if r.all == 0 {
		return
	}
	got := 100 * float64(r.right) / float64(r.all)
	t.Logf("%s: %d of %d = %.1f %%", what, r.right, r.all, got)
	if got < aim {
		t.Errorf("%s: %.1f %% is below %.0f %%", what, got, aim)
	}
}

var spaces = regexp.MustCompile(`\s+`)

// fold makes white space comparable.
func fold(s string) string { return strings.TrimSpace(spaces.ReplaceAllString(s, " ")) }

// bare drops white space.
func bare(s string) string { return spaces.ReplaceAllString(s, "") }

// hits reports whether the reply is what the sample expects.
func (s sample) hits(r Reply) bool {
	e := s.Expected
	switch e.Kind {
	case "reply_contains":
		for _, x := range e.Regexes {
			if ok, err := regexp.MatchString(x, r.Text); err != nil || !ok {
				return false
			}
		}
		return true
	case "fragments":
		return (r.Quoted != "" || r.Signature != "" || r.Disclaimer != "") == (e.Fragments > 1)
	case "must_contain":
		for _, x := range e.All {
			if !strings.Contains(r.Text, x) {
				return false
			}
		}
		return true
	case "signature":
		return strings.HasSuffix(bare(r.Signature), bare(strings.ReplaceAll(e.Signature, "#sig#", "")))
	}
	switch e.Match {
	case "whitespace_insensitive":
		return bare(r.Text) == bare(e.Text)
	case "first_fragment": // what was answered below the quotes comes after it
		return strings.HasPrefix(fold(r.Text), fold(e.Text))
	}
	return fold(r.Text) == fold(e.Text) && (e.Signature == "" || fold(r.Signature) == fold(e.Signature))
}

func TestRepliesOfTheCorpus(t *testing.T) {
	_, all := samples(t, "reply_text", "reply_contains", "fragments", "must_contain", "signature")
	var zh, other, signature rate
	for _, s := range all {
		m := s.read(t)
		if s.Expected.Kind == "signature" { // upstream marks the lines in the text itself
			m.Text = strings.ReplaceAll(m.Text, "#sig#", "")
			m.From = []Addr{{Email: s.Expected.Sender}}
		}
		r := m.Reply()
		ok := s.hits(r)
		switch {
		case s.Expected.Kind == "signature":
			signature.add(ok)
		case strings.HasPrefix(s.ID, "zh-synth/"):
			zh.add(ok)
		default:
			other.add(ok)
		}
		if !ok {
			t.Logf("%s:\n got %q\nwant %q\nsign %q", s.ID, r.Text, s.Expected.Text, r.Signature)
		}
	}
	zh.check(t, "reply text, Chinese and Japanese", 95)
	other.check(t, "reply text, others", 90)
	signature.check(t, "signatures", 0)
}

func TestBouncesOfTheCorpus(t *testing.T) {
	_, all := samples(t, "bounce")
	var found, hard, reason, recipients rate
	for _, s := range all {
		b, ok := s.read(t).Bounce()
		found.add(ok)
		want := s.Expected.Deliveries
		if !ok || len(want) == 0 {
			t.Logf("%s: not found", s.ID)
			continue
		}
		got := b.Deliveries[0]
		hard.add(got.Hard == want[0].Hard)
		reason.add(got.Reason == want[0].Reason)
		recipients.add(len(b.Deliveries) == len(want))
		if got.Hard != want[0].Hard || got.Reason != want[0].Reason || len(b.Deliveries) != len(want) {
			t.Logf("%s: got %d %s %s %q, want %d %s %s", s.ID, len(b.Deliveries), got.Status, got.Reason, got.Diagnostic, len(want), want[0].DSN, want[0].Reason)
		}
		if e := s.Expected; e.Recipient != "" && got.Recipient != e.Recipient || e.OriginalID != "" && b.OriginalMessageID != e.OriginalID {
			t.Errorf("%s: got recipient %q, original %q", s.ID, got.Recipient, b.OriginalMessageID)
		}
	}
	found.check(t, "bounces found", 98)
	hard.check(t, "hard flag", 95)
	reason.check(t, "reason", 85)
	recipients.check(t, "number of recipients", 85)
}

func TestClassesOfTheCorpus(t *testing.T) {
	_, all := samples(t, "class")
	var class rate
	for _, s := range all {
		got := string(s.read(t).Class(Own{}))
		ok := got == s.Expected.AutoClass || s.Expected.AutoClass == "not_bounce" && got != string(BounceMail)
		class.add(ok)
		if !ok {
			t.Logf("%s: got %s, want %s", s.ID, got, s.Expected.AutoClass)
		}
	}
	class.check(t, "class", 100)
}

// TestPeopleDoNotBounce reads all mails of which nobody says that they are
// reports.
func TestPeopleDoNotBounce(t *testing.T) {
	_, all := samples(t, "reply_text", "mime_tree", "header", "attachments", "must_contain")
	var quiet rate
	for _, s := range all {
		b, ok := s.read(t).Bounce()
		quiet.add(!ok)
		if ok {
			t.Logf("%s: %s %q", s.ID, b.Reason, b.Diagnostic)
		}
	}
	quiet.check(t, "mails of people taken for mails of people", 99)
}
