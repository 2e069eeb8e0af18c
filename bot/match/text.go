package match

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/longbridgeapp/opencc"
	"golang.org/x/text/unicode/norm"
)

// Converters of script are loaded once (some ms each) and are read-only from
// then on. A conversion that cannot be loaded leaves text as it is.
var (
	tw2sp = sync.OnceValue(func() *opencc.OpenCC { return converter("tw2sp", "t2s") })
	s2twp = sync.OnceValue(func() *opencc.OpenCC { return converter("s2twp", "s2t") })
	t2s   = sync.OnceValue(func() *opencc.OpenCC { return converter("t2s") })
	s2t   = sync.OnceValue(func() *opencc.OpenCC { return converter("s2t") })
)

func converter(names ...string) *opencc.OpenCC {
	for _, name := range names {
		if cc, err := opencc.New(name); err == nil {
			return cc
		}
	}
	return nil
}

func convert(cc *opencc.OpenCC, s string) string {
	if cc == nil || !HasHan(s) {
		return s
	}
	if out, err := cc.Convert(s); err == nil {
		return out
	}
	return s
}

// Simplified turns traditional text with the words of Taiwan into simplified.
// Simplified text stays as it is, but for 么, which the table takes for the
// traditional form of the rare 幺: that is turned back.
func Simplified(s string) string {
	return strings.ReplaceAll(convert(tw2sp(), s), "幺", "么")
}

// Traditional turns simplified text into traditional with the words of Taiwan.
func Traditional(s string) string { return convert(s2twp(), s) }

// Script tells traditional from simplified: "hant", "hans", or "" when the
// characters are the same in both or there are none.
func Script(s string) string {
	switch trad, simp := changed(s, strings.ReplaceAll(convert(t2s(), s), "幺", "么")), changed(s, convert(s2t(), s)); {
	case trad > simp:
		return "hant"
	case simp > trad:
		return "hans"
	}
	return ""
}

func changed(a, b string) int {
	n, other := 0, []rune(b)
	for i, r := range []rune(a) {
		if i >= len(other) || other[i] != r {
			n++
		}
	}
	return n
}

// HasHan reports whether s has a Chinese character.
func HasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Politeness and fillers say nothing about what is asked.
var (
	polite = regexp.MustCompile(`你好|您好|哈喽|早上好|上午好|中午好|下午好|晚上好|请问一下|请问|请教|麻烦您|麻烦你|麻烦|劳驾|谢谢您|谢谢你|谢谢|多谢|亲爱的|亲们|在吗|在不在|有人吗|我想问一下|我想问|想问一下|想问|问一下|咨询一下|想咨询|帮我看看|帮我看下|帮忙看看|帮帮我` +
		`|\b(?:hi|hello|hey|dear|please|pls|thanks|thank you|could you|can you tell me|excuse me|good (?:morning|afternoon|evening))\b`)
	spaces = regexp.MustCompile(`\s+`)
)

// Normal brings a text to the form in which it is compared: NFKC, lower case,
// simplified characters, one kind of space.
func Normal(s string) string {
	s = Simplified(strings.ToLower(norm.NFKC.String(s)))
	return strings.TrimSpace(spaces.ReplaceAllString(s, " "))
}

// bare drops politeness from a normal text, unless nothing else is there.
func bare(s string) string {
	if out := strings.TrimSpace(polite.ReplaceAllString(s, " ")); strings.ContainsFunc(out, isWord) {
		return out
	}
	return s
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// stop are English words without weight of their own.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an the i me my we our you your it its is are am was were be been to of in on at for with and or do does did s t m re ve ll d so just please that this there") {
		m[w] = true
	}
	return m
}()

// stem cuts the commonest English endings; it need not be a word.
func stem(w string) string {
	for _, e := range []struct{ end, with string }{{"ies", "y"}, {"sses", "ss"}, {"ing", ""}, {"edly", ""}, {"ed", ""}, {"ly", ""}, {"es", ""}, {"s", ""}, {"e", ""}} {
		if len(w)-len(e.end) >= 3 && strings.HasSuffix(w, e.end) && !strings.HasSuffix(w, "ss") {
			w = w[:len(w)-len(e.end)] + e.with
			break
		}
	}
	if n := len(w); n > 3 && w[n-1] == w[n-2] {
		w = w[:n-1] // stopp → stop
	}
	return w
}

// tokens cuts a normal text into runs: a Chinese run, or a word of letters
// and digits of another script.
func tokens(s string) (han [][]rune, words []string) {
	rs := []rune(s)
	for i := 0; i < len(rs); {
		j := i
		switch {
		case unicode.Is(unicode.Han, rs[i]):
			for j < len(rs) && unicode.Is(unicode.Han, rs[j]) {
				j++
			}
			han = append(han, rs[i:j])
		case isWord(rs[i]):
			for j < len(rs) && isWord(rs[j]) && !unicode.Is(unicode.Han, rs[j]) {
				j++
			}
			words = append(words, string(rs[i:j]))
		default:
			j++
		}
		i = j
	}
	return han, words
}
