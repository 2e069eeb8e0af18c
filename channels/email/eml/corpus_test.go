package eml_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zongji/channels/email/eml"
	"zongji/internal/testenv"
)

// specimen is one line of the corpus' MANIFEST.jsonl.
type specimen struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Tags     []string `json:"tags"`
	Expected struct {
		Kind     string           `json:"kind"`
		Text     json.RawMessage  `json:"text"`
		HTML     []string         `json:"html"`
		Headers  map[string]any   `json:"headers"`
		Subject  string           `json:"subject"`
		FromAddr string           `json:"from_addr"`
		FromName string           `json:"from_name"`
		Files    []string         `json:"files"`
		Names    []string         `json:"names"`
		Inline   []string         `json:"inline"`
		All      []string         `json:"all"`
		Must     []string         `json:"must"`
		MustNot  []string         `json:"must_not"`
		Blocked  json.RawMessage  `json:"remote_images_blocked"`
		Attach   []wantAttachment `json:"attachments"`
	} `json:"expected"`
	raw []byte
}

type wantAttachment struct {
	Name *string `json:"name"`
	Type *string `json:"type"`
	Kind string  `json:"kind"`
	Size *int    `json:"size"`
}

// corpus reads the mails whose expectation is of one of these kinds; all if
// there are none.
func corpus(t testing.TB, kinds ...string) []specimen {
	t.Helper()
	dir := testenv.Data(t, "mail")
	f, err := os.Open(filepath.Join(dir, "MANIFEST.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []specimen
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var s specimen
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%v in %.200s", err, lines.Bytes())
		}
		if len(kinds) > 0 && !slices.Contains(kinds, s.Expected.Kind) {
			continue
		}
		if s.raw, err = os.ReadFile(filepath.Join(dir, s.ID)); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// parse reads a file of the corpus by its ending.
func (s specimen) parse() *eml.Mail {
	return eml.ParseFile(s.ID, s.raw, eml.Options{})
}

// rate prints how many of a kind are right.
func rate(t *testing.T, what string, good, all int) {
	t.Helper()
	t.Logf("%s %d/%d", what, good, all)
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestCorpusIsReadInTime(t *testing.T) {
	worst, slowest := time.Duration(0), ""
	for _, s := range corpus(t) {
		began := time.Now()
		m := s.parse()
		if took := time.Since(began); took > worst {
			worst, slowest = took, s.ID
		}
		for what, v := range map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML, "safe html": m.SafeHTML} {
			if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r") {
				t.Errorf("%s: %s is not clean UTF-8", s.ID, what)
			}
		}
	}
	t.Logf("slowest: %s in %s", slowest, worst)
	if worst > time.Second {
		t.Errorf("%s took %s", slowest, worst)
	}
}

func TestCorpusCharsets(t *testing.T) {
	good, all := 0, 0
	for _, s := range corpus(t, "reply_text") {
		if s.Category != "charset" {
			continue
		}
		var want string
		if err := json.Unmarshal(s.Expected.Text, &want); err != nil {
			t.Fatal(err)
		}
		all++
		if got := fold(s.parse().Text); !strings.HasPrefix(got, fold(want)) {
			t.Errorf("%s: %q, want %q", s.ID, got, want)
			continue
		}
		good++
	}
	rate(t, "charset", good, all)
}

func TestCorpusHeaders(t *testing.T) {
	good, all := 0, 0
	for _, s := range corpus(t, "header") {
		m, e := s.parse(), s.Expected
		all++
		switch {
		case e.Subject != "" && m.Subject != e.Subject:
			t.Errorf("%s: subject %q, want %q", s.ID, m.Subject, e.Subject)
		case e.FromAddr != "" && (m.From[0] != eml.Addr{Name: e.FromName, Email: e.FromAddr}):
			t.Errorf("%s: from %v, want %s %s", s.ID, m.From, e.FromName, e.FromAddr)
		default:
			good++
		}
	}
	rate(t, "header", good, all)
}

func TestCorpusAttachments(t *testing.T) {
	good, all := 0, 0
	for _, s := range corpus(t, "attachments", "tnef") {
		m := s.parse()
		var names, inline []string
		for _, a := range m.Attachments {
			names = append(names, a.Name)
			if a.Inline {
				inline = append(inline, a.Name)
			}
		}
		want := slices.Concat(s.Expected.Files, s.Expected.Names)
		all++
		switch {
		case s.Expected.Inline != nil && !slices.Equal(inline, s.Expected.Inline):
			t.Errorf("%s: inline %q, want %q", s.ID, inline, s.Expected.Inline)
		case s.Expected.Kind == "tnef" && len(missing(names, want)) == 0: // the list of a tool that leaves some out
			good++
		case s.Expected.Files != nil && !sameNames(names, want):
			t.Errorf("%s: files %q, want %q (%v)", s.ID, names, want, m.Err)
		default:
			good++
		}
	}
	rate(t, "attachments and tnef", good, all)
}

// missing lists what of want is not in got.
func missing(got, want []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(got, name) })
}

func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestCorpusNamesAreHarmless(t *testing.T) {
	bad, all := 0, 0
	for _, s := range corpus(t) {
		for _, a := range s.parse().Attachments {
			all++
			if harmful(a.Name) {
				bad++
				t.Errorf("%s: %q", s.ID, a.Name)
			}
		}
	}
	t.Logf("harmful names %d/%d", bad, all)
}

func TestCorpusContains(t *testing.T) {
	good, all := 0, 0
	for _, s := range corpus(t, "must_contain") {
		m := s.parse()
		for _, want := range s.Expected.All {
			all++
			if strings.Contains(fold(m.Text), fold(want)) {
				good++
			} else {
				t.Errorf("%s: %q is not in %q", s.ID, want, m.Text)
			}
		}
	}
	rate(t, "must contain", good, all)
}

func TestCorpusIsSafe(t *testing.T) {
	good, all := 0, 0
	for _, s := range corpus(t) {
		m, e := s.parse(), s.Expected
		if m.HTML == "" {
			continue
		}
		all++
		wrong := unsafe(m.SafeHTML)
		for _, not := range e.MustNot {
			if strings.Contains(strings.ToLower(m.SafeHTML), strings.ToLower(not)) {
				wrong = "must not hold " + not
			}
		}
		if missing := slices.DeleteFunc(slices.Clone(e.Must), func(s string) bool { return strings.Contains(m.SafeHTML, s) }); len(missing) > 0 {
			wrong = "must hold " + missing[0]
		}
		if string(e.Blocked) == "true" && m.RemoteImages == 0 {
			wrong = "remote pictures are not counted"
		}
		if wrong != "" {
			t.Errorf("%s: %s\n%s", s.ID, wrong, m.SafeHTML)
			continue
		}
		good++
	}
	rate(t, "safe HTML", good, all)
}

// ourWay are mails of which we make something else than the other parser did,
// and why that is meant.
var ourWay = map[string]string{
	"stalwart/legacy-017.eml":     "x-uuencode is taken off: the picture can be opened",
	"stalwart/legacy-039.eml":     "of C:\\TEMP\\nsmailV0.png the name is kept, not the path",
	"stalwart/malformed-001.eml":  "a multipart ends where the one around it says so: what follows is text",
	"stalwart/malformed-002.eml":  "a multipart without parts is text, not a file",
	"stalwart/malformed-004.eml":  "delimiters that no header names still delimit; the text is shown",
	"stalwart/malformed-007.eml":  "an empty part is no file",
	"stalwart/malformed-008.eml":  "both parts are read, as the outer delimiter separates them",
	"stalwart/malformed-009.eml":  "all three parts are read, as the outer delimiter separates them",
	"stalwart/malformed-012.eml":  "all three messages are kept, as the outer delimiter separates them",
	"stalwart/malformed-020.eml":  "the HTML part is read as such, not shown as source",
	"stalwart/malformed-021.eml":  "the HTML part is read as such, not shown as source",
	"stalwart/thirdparty-015.eml": "all three messages are kept",
}

func TestCorpusTrees(t *testing.T) {
	good, other, all := 0, 0, 0
	for _, s := range corpus(t, "mime_tree") {
		all++
		wrong, ours := treeWrong(s), ourWay[s.ID]
		switch {
		case wrong == "" && ours != "":
			t.Errorf("%s is read as the other parser does: take it off the list", s.ID)
		case wrong == "":
			good++
		case ours != "":
			other++
		default:
			t.Errorf("%s: %s", s.ID, wrong)
		}
	}
	t.Logf("mime tree %d/%d, %d more read our way for a reason", good, all, other)
}

// treeWrong says what a mail's parts have that another parser did not find.
func treeWrong(s specimen) string {
	m, e := s.parse(), s.Expected
	var texts []string
	if err := json.Unmarshal(e.Text, &texts); err != nil {
		return err.Error()
	}
	var want strings.Builder
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), "<html") || strings.Contains(strings.ToLower(text), "<p>") {
			text = eml.HTMLText(text)
		}
		want.WriteString(text + "\n")
	}
	if got, want := plainer(m.Text), plainer(want.String()); got != want {
		return "text " + got + "\n want " + want
	}
	if len(m.Attachments) != len(e.Attach) {
		return "attachments " + strings.Join(names(m), ", ")
	}
	for i, a := range m.Attachments {
		w := e.Attach[i]
		if w.Name != nil && plainer(*w.Name) != plainer(a.Name) {
			return "name " + a.Name + ", want " + *w.Name
		}
		if w.Type != nil && *w.Type != a.Type {
			return "type " + a.Type + ", want " + *w.Type
		}
		if w.Size != nil && w.Kind != "Text" && *w.Size != len(a.Data) { // of texts it counted the decoded bytes
			return "size of " + a.Name
		}
	}
	return headersWrong(m, e.Headers)
}

func headersWrong(m *eml.Mail, want map[string]any) string {
	for name, w := range want {
		got := ""
		switch name {
		case "subject":
			got = m.Subject
		case "message_id":
			got = m.MessageID
		case "date":
			at, err := time.Parse(time.RFC3339, w.(string))
			if err == nil && !at.Equal(m.Date) {
				return "date " + m.Date.String() + ", want " + w.(string)
			}
			continue
		case "from":
			got, w = addrs(m.From), wantAddrs(w)
		case "to":
			got, w = addrs(m.To), wantAddrs(w)
		case "cc":
			got, w = addrs(m.Cc), wantAddrs(w)
		default:
			return "unknown header " + name
		}
		if ws, _ := w.(string); plainer(got) != plainer(ws) {
			return name + " " + got + ", want " + ws
		}
	}
	return ""
}

func addrs(all []eml.Addr) string {
	var b strings.Builder
	for _, a := range all {
		b.WriteString(a.Name + " <" + a.Email + "> ")
	}
	return b.String()
}

func wantAddrs(v any) string {
	var b strings.Builder
	for _, pair := range v.([]any) {
		p := pair.([]any)
		name, _ := p[0].(string)
		email, _ := p[1].(string)
		b.WriteString(name + " <" + email + "> ")
	}
	return b.String()
}

// plainer leaves out what two right parsers may differ in: white space, and
// bytes in no charset, which the other one shows as U+FFFD.
func plainer(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7F {
			return '?'
		}
		return r
	}, fold(s))
}

func names(m *eml.Mail) []string {
	var all []string
	for _, a := range m.Attachments {
		all = append(all, a.Name+" "+a.Type)
	}
	return all
}
