package eml

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// segment is one piece of a parameter that RFC 2231 lets a mailer cut up.
type segment struct {
	at      int // place; 0 is first
	value   string
	percent bool // the value is percent-encoded
	old     bool // the name has no star
}

// parseValue reads `value; name=value; …`, the form of Content-Type and
// Content-Disposition, with all that mailers get wrong in it: quotes that do
// not end, no semicolon after the value, blanks in bare file names.
func parseValue(field string) (value string, params map[string]string) {
	v := decodeRaw(unfold(field))
	end := strings.IndexAny(v, "; \t(")
	if end < 0 {
		return strings.ToLower(v), nil
	}
	value, v = strings.ToLower(v[:end]), v[end:]
	cut := map[string][]segment{}
	for v != "" {
		var name, val string
		if name, val, v = cutParam(v); name == "" {
			continue
		}
		base, seg := name, segment{value: val, old: !strings.Contains(name, "*")}
		if rest, ok := strings.CutSuffix(base, "*"); ok {
			base, seg.percent = rest, true
		}
		if rest, at, ok := strings.Cut(base, "*"); ok {
			if n, err := strconv.Atoi(at); err == nil && n >= 0 {
				base, seg.at = rest, n
			}
		}
		cut[base] = append(cut[base], seg)
	}
	params = make(map[string]string, len(cut))
	for name, segs := range cut {
		params[name] = oneLine(joinSegments(segs))
	}
	return value, params
}

// cutParam takes the first `name=value` off s; name is "" if there was none.
func cutParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, "; \t")
	if strings.HasPrefix(s, "(") { // a comment
		_, rest, _ = strings.Cut(s, ")")
		return "", "", rest
	}
	eq := strings.IndexAny(s, "=; ")
	for eq >= 0 && s[eq] == ' ' && strings.HasPrefix(strings.TrimLeft(s[eq:], " \t"), "=") { // `name = value`
		eq = strings.IndexByte(s, '=')
	}
	if eq < 0 || s[eq] != '=' {
		if eq < 0 {
			return "", "", ""
		}
		return "", "", s[eq+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:eq]))
	s = strings.TrimLeft(s[eq+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = cutQuoted(s[1:])
		return name, value, rest
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	value, rest = s[:end], s[end:]
	if !strings.HasPrefix(name, "name") && !strings.HasPrefix(name, "filename") {
		if sp := strings.IndexAny(value, " \t("); sp >= 0 { // the semicolon is missing, or a comment follows
			value, rest = value[:sp], s[sp:]
		}
	}
	return name, strings.TrimSpace(value), rest
}

// cutQuoted reads up to the closing quote. Only \" and \\ are escapes: old
// mailers write whole Windows paths. Without a closing quote the value ends at
// the semicolon.
func cutQuoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	value, rest, _ = strings.Cut(s, ";")
	return strings.TrimSpace(value), rest
}

// joinSegments puts a parameter together: the first segment of an encoded one
// names the charset. Segments are joined before they are decoded, since they
// may be cut within a character. A value in the old form beside those
// with stars is the sender's crutch for old readers.
func joinSegments(segs []segment) string {
	if slices.ContainsFunc(segs, func(s segment) bool { return !s.old }) {
		segs = slices.DeleteFunc(segs, func(s segment) bool { return s.old })
	}
	slices.SortStableFunc(segs, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	var raw []byte
	charset, encoded := "", false
	for i, s := range segs {
		if i > 0 && s.at == segs[i-1].at {
			continue // said twice: the first counts
		}
		if !s.percent {
			raw = append(raw, s.value...)
			continue
		}
		if !encoded {
			encoded = true
			if c, rest, ok := strings.Cut(s.value, "'"); ok {
				if _, text, ok := strings.Cut(rest, "'"); ok {
					charset, s.value = c, text
				}
			}
		}
		raw = append(raw, unpercent(s.value)...)
	}
	if !encoded {
		return plainParam(string(raw))
	}
	return decodeWords(decodeText(raw, charset))
}

// plainParam decodes what RFC 2231 does not provide for: encoded words, and
// names that were escaped like a URL.
func plainParam(v string) string {
	v = decodeWords(v)
	if un := string(unpercent(v)); un != v && utf8.ValidString(un) && strings.IndexFunc(un, func(r rune) bool { return r >= 0x80 }) >= 0 {
		return un
	}
	return v
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}
