package eml

import (
	"strings"
	"unicode/utf8"
)

// decodeField unfolds a field's value and decodes it to UTF-8: raw 8-bit bytes
// first, then encoded words (RFC 2047), also where the standard forbids them
// but QQ, 163 and Outlook write them: inside quotes and glued to other text.
func decodeField(value string) string {
	return oneLine(decodeWords(decodeRaw(unfold(value))))
}

// unfold joins the lines of a folded value (RFC 5322 §2.2.3).
func unfold(v string) string {
	if strings.IndexByte(v, '\n') < 0 && strings.IndexByte(v, '\r') < 0 {
		return strings.TrimSpace(v)
	}
	return strings.TrimSpace(folds.Replace(v))
}

var folds = strings.NewReplacer("\r\n", "", "\n", "", "\r", "")

// decodeRaw reads 8-bit bytes and escapes that nobody encoded.
func decodeRaw(v string) string {
	if utf8.ValidString(v) && strings.IndexByte(v, 0x1B) < 0 {
		return v
	}
	return decodeText([]byte(v), "")
}

// oneLine takes out what has no place in a header: line ends and controls.
func oneLine(s string) string {
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == 0:
			return -1
		case isControl(r):
			return ' '
		}
		return r
	}, s))
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7F && r < 0xA0 }

// word is one encoded word.
type word struct {
	charset, text string
	base64        bool
}

// decodeWords replaces the encoded words of s. Neighbours of one charset are
// joined before they are decoded, since many mailers cut between the bytes of
// one character; white space between neighbours goes (RFC 2047 §6.2).
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	var run []word // neighbours not yet written
	flush := func() {
		out.WriteString(joinWords(run))
		run = run[:0]
	}
	for len(s) > 0 {
		at := strings.Index(s, "=?")
		if at < 0 {
			break
		}
		w, n := cutWord(s[at:])
		if n == 0 {
			flush()
			out.WriteString(s[:at+2])
			s = s[at+2:]
			continue
		}
		if len(run) == 0 || strings.TrimSpace(s[:at]) != "" {
			flush()
			out.WriteString(s[:at])
		}
		if len(run) > 0 && run[0].charset != w.charset {
			flush()
		}
		run = append(run, w)
		s = s[at+n:]
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// cutWord reads the encoded word at the start of s and its length; 0 if there
// is none. The text may hold spaces and even "?", which some mailers forget to
// encode.
func cutWord(s string) (w word, n int) {
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(rest) < 4 || rest[1] != '?' || len(charset) > 60 || strings.ContainsAny(charset, " \t=\"<>") {
		return w, 0
	}
	w.base64 = rest[0]|0x20 == 'b'
	if !w.base64 && rest[0]|0x20 != 'q' {
		return w, 0
	}
	end := wordEnd(rest[2:], w.base64)
	if end < 0 {
		return w, 0
	}
	w.charset, w.text = charsetName(charset), rest[2:2+end]
	return w, 2 + len(charset) + 1 + 2 + end + 2
}

// wordEnd finds the "?=" that ends a word; in quoted text one that begins an
// escape ("?=E4") does not count.
func wordEnd(s string, base64 bool) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "?=")
		if i < 0 {
			return -1
		}
		i += from
		if base64 || i+4 > len(s) || !isHex(s[i+2]) || !isHex(s[i+3]) {
			return i
		}
		from = i + 2
	}
}

func joinWords(run []word) string {
	if len(run) == 0 {
		return ""
	}
	var raw []byte
	for i := 0; i < len(run); i++ {
		text := run[i].text
		if !run[i].base64 {
			raw = append(raw, wordQ(text)...)
			continue
		}
		// One base64 text that was cut anywhere goes on in the next word.
		for i+1 < len(run) && run[i+1].base64 && len(text)%4 != 0 && !strings.HasSuffix(text, "=") {
			i++
			text += run[i].text
		}
		raw = append(raw, decodeBase64([]byte(text))...)
	}
	return clean(decodeCharset(raw, run[0].charset))
}

// wordQ decodes the Q encoding (RFC 2047 §4.2).
func wordQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// decodeBase64 reads base64 as it comes: line ends, other bytes and missing
// padding are passed over, and after padding a new text may begin.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var bits, n uint
	for _, c := range b {
		v := base64Value[c]
		if v == 0xFF {
			if c == '=' {
				bits, n = 0, 0
			}
			continue
		}
		bits = bits<<6 | uint(v)
		if n += 6; n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	return out
}

// base64Value is what each byte of the standard alphabet stands for, 0xFF for all others.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xFF
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

// unhex is the value of a hex digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
