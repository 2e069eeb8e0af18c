// Package search cuts text into the words of the full-text index: pairs of
// Han characters, and words of other scripts in lower case. Trigrams, which
// both databases offer, miss the many Chinese words of two characters.
package search

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

// MaxText is how many characters of a text are indexed.
const MaxText = 100_000

// maxWord is how many characters of a word of letters are kept.
const maxWord = 64

// Fold makes characters that people take for the same one alike: case, and
// full-width forms. One character stays one, so offsets stay true.
func Fold(r rune) rune {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	return unicode.ToLower(r)
}

func fold(text string, most int) []rune {
	out := make([]rune, 0, min(len(text), most))
	for _, r := range text {
		if len(out) == most {
			break
		}
		out = append(out, Fold(r))
	}
	return out
}

// runs calls fn for each run of Han characters (han) or of other letters and
// digits in text.
func runs(text []rune, fn func(run []rune, han bool)) {
	class := func(r rune) int {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			return 2
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return 1
		}
		return 0
	}
	for i := 0; i < len(text); {
		c, j := class(text[i]), i+1
		for j < len(text) && class(text[j]) == c {
			j++
		}
		if c != 0 {
			fn(text[i:j], c == 2)
		}
		i = j
	}
}

// Words returns the index words of text, each once. Of a run of Han
// characters these are all pairs and the last character alone, so that each
// character begins a word and a prefix finds it.
func Words(text string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(r []rune) {
		if w := string(r); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	runs(fold(text, MaxText), func(run []rune, han bool) {
		if !han {
			add(run[:min(len(run), maxWord)])
			return
		}
		for i := range run {
			add(run[i:min(i+2, len(run))])
		}
	})
	return out
}

// Term is one word that a match must hold; Prefix: words that begin with it.
type Term struct {
	Word   string
	Prefix bool
}

// Query is a search as somebody typed it.
type Query struct {
	Terms []Term
	parts [][]rune // the runs, which a match shows as they are
}

// Parse cuts a search. A query without a letter has no Terms.
func Parse(q string) Query {
	var out Query
	seen := map[Term]bool{}
	add := func(r []rune, prefix bool) {
		if t := (Term{string(r), prefix}); !seen[t] {
			seen[t] = true
			out.Terms = append(out.Terms, t)
		}
	}
	runs(fold(q, 200), func(run []rune, han bool) {
		run = run[:min(len(run), maxWord)]
		out.parts = append(out.parts, run)
		if !han || len(run) == 1 {
			add(run, true)
			return
		}
		for i := range len(run) - 1 {
			add(run[i:i+2], false)
		}
	})
	return out
}

// FTS5 returns the query in the words of SQLite's FTS5.
func (q Query) FTS5() string {
	return q.join(" AND ", func(t Term) string {
		if t.Prefix {
			return `"` + t.Word + `"*`
		}
		return `"` + t.Word + `"`
	})
}

// TSQuery returns the query as PostgreSQL's tsquery.
func (q Query) TSQuery() string {
	return q.join(" & ", func(t Term) string {
		if t.Prefix {
			return "'" + t.Word + "':*"
		}
		return "'" + t.Word + "'"
	})
}

func (q Query) join(sep string, form func(Term) string) string {
	parts := make([]string, len(q.Terms))
	for i, t := range q.Terms {
		parts[i] = form(t)
	}
	return strings.Join(parts, sep)
}

// snippet sizes in characters.
const (
	before = 20
	most   = 120
)

// Snippet returns the part of text around the first match and where the
// query's words stand in it, as offsets in UTF-16 units (as JavaScript
// counts). ok is false when a word of the query is not in text: the index
// knows pairs only, so a long word may be found where its pairs stand apart.
func (q Query) Snippet(text string) (snippet string, marks [][2]int, ok bool) {
	orig := []rune(text)
	orig = orig[:min(len(orig), MaxText)]
	low := fold(text, MaxText)
	first := len(low)
	for _, p := range q.parts {
		i := index(low, p, 0)
		if i < 0 {
			return "", nil, false
		}
		first = min(first, i)
	}
	from := max(0, first-before)
	to := min(len(orig), from+most)
	cut := low[from:to]
	hit := make([]bool, len(cut))
	for _, p := range q.parts {
		for i := index(cut, p, 0); i >= 0; i = index(cut, p, i+1) {
			for k := range p {
				hit[i+k] = true
			}
		}
	}
	at := 0
	for i, r := range orig[from:to] {
		n := max(1, utf16.RuneLen(r))
		switch {
		case !hit[i]:
		case i > 0 && hit[i-1]:
			marks[len(marks)-1][1] += n
		default:
			marks = append(marks, [2]int{at, at + n})
		}
		at += n
	}
	return string(orig[from:to]), marks, true
}

// index returns where part begins in text at or after from, -1 when nowhere.
func index(text, part []rune, from int) int {
search:
	for i := from; i+len(part) <= len(text); i++ {
		for k, r := range part {
			if text[i+k] != r {
				continue search
			}
		}
		return i
	}
	return -1
}
