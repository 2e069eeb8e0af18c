package wxapi

import (
	"strings"
	"unicode/utf8"
)

// Split parts a text into pieces of at most most bytes, at ends of lines or
// sentences where there are any in the last half, and never within a character.
func Split(s string, most int) (pieces []string) {
	for s = strings.TrimSpace(s); s != ""; {
		one := start(s, most)
		pieces = append(pieces, strings.TrimSpace(one))
		s = strings.TrimSpace(s[len(one):])
	}
	return pieces
}

// start returns a start of s of at most n bytes that ends well.
func start(s string, n int) string {
	one := Cut(s, n)
	if len(one) == len(s) {
		return s
	}
	for _, ends := range []string{"\n", "。！？!?；;", "，、 "} {
		if i := strings.LastIndexAny(one, ends); i > n/2 {
			_, size := utf8.DecodeRuneInString(one[i:])
			return one[:i+size]
		}
	}
	return one
}

// Cut returns at most n bytes of s and no half character.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
