package eml

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// decodeText turns text of the named charset into clean UTF-8. Labels lie, so
// the bytes are asked first: what is UTF-8 is UTF-8, GB 2312 is read as its
// superset GB 18030, and what has no label that could be true is guessed.
func decodeText(b []byte, label string) string {
	return clean(decodeCharset(b, charsetName(label)))
}

// decodeCharset is decodeText for a name as charsetName gives it, before what
// is unfit for texts is taken out.
func decodeCharset(b []byte, name string) string {
	switch name {
	case "utf7", "utf8utf7", "unicode11utf7":
		return decodeUTF7(b)
	case "iso2022kr", "csiso2022kr", "iso2022cn", "iso2022cnext":
		return decodeShifted(b, strings.Contains(name, "kr"))
	case "utf16", "utf16le", "utf16be":
		order := unicode.LittleEndian
		if name == "utf16be" || name == "utf16" && !littleEndian(b) {
			order = unicode.BigEndian
		}
		return decodeWith(unicode.UTF16(order, unicode.UseBOM), b)
	}
	enc := encodingOf(name)
	if enc == nil && hasJIS(b) {
		enc = japanese.ISO2022JP
	}
	switch enc {
	case japanese.ISO2022JP:
		return decodeJIS(b)
	case simplifiedchinese.HZGB2312:
		if isASCII(b) {
			return decodeWith(enc, b)
		}
		enc = nil // HZ has no 8-bit bytes
	}
	if isUTF8(b, enc) {
		return string(b)
	}
	if enc == nil || enc == unicode.UTF8 {
		enc = guess(b)
	}
	text := decodeWith(enc, b)
	if (enc == simplifiedchinese.GB18030 || enc == traditionalchinese.Big5) && strings.ContainsRune(text, utf8.RuneError) {
		if other := guess(b); other != enc && other != charmap.Windows1252 { // one Chinese charset under the other's name
			return decodeWith(other, b)
		}
	}
	return text
}

// hasJIS says whether b has an escape of ISO-2022-JP, which is 7-bit and often
// comes without a label.
func hasJIS(b []byte) bool {
	return bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))
}

// decodeJIS reads ISO-2022-JP with the half-width kana that mailers write by SO
// and SI or as single bytes. Without an escape there is none: 8-bit bytes are
// then another Japanese charset, or UTF-8.
func decodeJIS(b []byte) string {
	if !isASCII(b) && bytes.IndexByte(b, 0x1B) < 0 {
		switch {
		case utf8.Valid(b):
			return string(b)
		case !strings.ContainsRune(decodeWith(japanese.EUCJP, b), utf8.RuneError):
			return decodeWith(japanese.EUCJP, b)
		}
		return decodeWith(japanese.ShiftJIS, b)
	}
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c == 0x0E: // SO
			out = append(out, "\x1b(I"...)
		case c == 0x0F: // SI
			out = append(out, "\x1b(B"...)
		case c >= 0xA1 && c <= 0xDF:
			out = append(out, 0x1B, '(', 'I', c&0x7F, 0x1B, '(', 'B')
		default:
			out = append(out, c)
		}
	}
	return decodeWith(japanese.ISO2022JP, out)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// decodeWith decodes all of b; what is no character becomes U+FFFD.
func decodeWith(enc encoding.Encoding, b []byte) string {
	out, _ := enc.NewDecoder().Bytes(b) // an error is half a sequence at the end: what came before is kept
	return string(out)
}

// isUTF8 says whether b can be read as UTF-8 although its label says enc. Two
// bytes of a Chinese text may look like one Latin letter of UTF-8 (模 of GBK is
// ģ), so a label of a double-byte charset yields only to longer sequences.
func isUTF8(b []byte, enc encoding.Encoding) bool {
	if !utf8.Valid(b) {
		return false
	}
	switch enc {
	case simplifiedchinese.GB18030, traditionalchinese.Big5, korean.EUCKR, japanese.ShiftJIS, japanese.EUCJP:
		short := false
		for _, c := range b {
			if c >= 0xE0 {
				return true
			}
			short = short || c >= 0x80
		}
		return !short
	}
	return true
}

// guess names the charset of bytes that no label explains and that are not
// UTF-8 throughout: UTF-8 with damage, Japanese with its kana, GB 18030, Big5 or
// Windows-1252. There
// is no statistics library here: those take short GBK for Shift_JIS. What
// decides is how much of the text falls into the two charsets' common planes.
func guess(b []byte) encoding.Encoding {
	if mostlyUTF8(b) {
		return unicode.UTF8
	}
	if fitKana(b, japanese.ShiftJIS) > 0.25 {
		return japanese.ShiftJIS
	}
	if fitKana(b, japanese.EUCJP) > 0.25 {
		return japanese.EUCJP
	}
	gb, big5 := fitGB(b), fitBig5(b)
	switch {
	case gb < 0.3 && big5 < 0.3: // single accented letters among ASCII make odd pairs
		return charmap.Windows1252
	case big5 > gb:
		return traditionalchinese.Big5
	}
	return simplifiedchinese.GB18030
}

// mostlyUTF8 says whether b has more whole multi-byte sequences than damage.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 2:
			good++
		}
		b = b[n:]
	}
	return good > 2*bad
}

// fitGB is the share of b's double bytes that are everyday GB 2312: signs and
// the 3,755 frequent characters; -1 if b is not GB 18030.
func fitGB(b []byte) float64 {
	return fit(b, simplifiedchinese.GB18030, func(hi, lo byte) bool {
		return lo >= 0xA1 && (hi >= 0xB0 && hi <= 0xD7 || hi >= 0xA1 && hi <= 0xA3)
	})
}

// fitBig5 is the same for Big5: signs and the 5,401 frequent characters.
func fitBig5(b []byte) float64 {
	return fit(b, traditionalchinese.Big5, func(hi, _ byte) bool { return hi >= 0xA1 && hi <= 0xC6 })
}

// fitKana is the share of kana, of which every Japanese text is full and no
// Chinese one.
func fitKana(b []byte, enc encoding.Encoding) float64 {
	return fit(b, enc, func(hi, lo byte) bool {
		if enc == japanese.EUCJP {
			return hi == 0xA4 || hi == 0xA5
		}
		return hi == 0x82 && lo >= 0x9F && lo <= 0xF1 || hi == 0x83 && lo >= 0x40 && lo <= 0x96
	})
}

func fit(b []byte, enc encoding.Encoding, common func(hi, lo byte) bool) float64 {
	b = b[:min(len(b), 64<<10)]
	text := decodeWith(enc, b)
	if strings.ContainsRune(strings.TrimSuffix(text, "\uFFFD"), utf8.RuneError) {
		return -1
	}
	pairs, hits := 0, 0
	for i := 0; i+1 < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if pairs++; common(b[i], b[i+1]) {
			hits++
		}
		i++
	}
	if pairs == 0 {
		return -1
	}
	return float64(hits) / float64(pairs)
}

// charsetName brings a label to letters and digits: `"GB_2312-80;` is gb231280.
func charsetName(label string) string {
	label, _, _ = strings.Cut(label, "*") // RFC 2231 §5: a language may follow
	label, _, _ = strings.Cut(label, ";")
	return strings.TrimPrefix(strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, label), "3d") // charset=3D… was quoted-printable once too often
}

// encodingOf is the charset of that name, or nil if there is none or if it says
// nothing (us-ascii, unknown-8bit). The Chinese aliases are ours because
// htmlindex and ianaindex lack half of them.
func encodingOf(name string) encoding.Encoding {
	switch name {
	case "", "usascii", "ascii", "ansix341968", "unknown", "unknown8bit", "x8bit", "8bit", "binary", "xunknown", "default":
		return nil
	case "utf8", "unicode11utf8", "unicode20utf8", "xunicode20utf8", "cp65001", "utf8mb4", "utf":
		return unicode.UTF8
	case "gb2312", "gbk", "gb", "cp936", "ms936", "windows936", "gb231280", "gb18030", "gb180302000", "gb180302005", "gb180302022",
		"euccn", "xgbk", "xgb2312", "xeuccn", "chinese", "csgb2312", "csiso58gb231280", "isoir58", "cngb", "xwindows936", "xcp936", "xms936", "936":
		return simplifiedchinese.GB18030
	case "hz", "hzgb2312", "hzgb":
		return simplifiedchinese.HZGB2312
	case "big5", "big5hkscs", "big5hk", "big5eten", "cp950", "ms950", "windows950", "cnbig5", "csbig5", "xxbig5", "xbig5", "xwindows950", "xcp950", "950":
		return traditionalchinese.Big5
	case "shiftjis", "sjis", "xsjis", "cp932", "xcp932", "xmscp932", "ms932", "windows932", "windows31j", "mskanji", "csshiftjis", "cswindows31j", "932":
		return japanese.ShiftJIS
	case "iso2022jp", "iso2022jp1", "iso2022jp2", "iso2022jp3", "iso2022jp2004", "iso2022jpms", "csiso2022jp", "cp50220", "cp50221", "cp50222", "jis":
		return japanese.ISO2022JP
	case "eucjp", "xeucjp", "eucjpms", "ujis", "cp51932", "cseucpkdfmtjapanese":
		return japanese.EUCJP
	case "euckr", "cseuckr", "ksc56011987", "ksc56011989", "ksc5601", "ksx1001", "cp949", "ms949", "uhc", "windows949", "xwindows949", "xcp949", "isoir149", "csksc56011987", "korean", "949":
		return korean.EUCKR
	}
	for _, prefix := range []string{"windows", "cp", "xcp", "ms", "iso8859", "koi8", "ibm", "mac", ""} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			return named(prefix, rest, name)
		}
	}
	return nil
}

// named looks up an 8-bit charset under the spellings of the two indexes.
func named(prefix, rest, name string) encoding.Encoding {
	tries := []string{name, prefix + "-" + rest}
	switch prefix {
	case "cp", "xcp", "ms":
		tries = append(tries, "windows-"+rest, "IBM"+rest)
	case "iso8859":
		tries = []string{"iso-8859-" + rest}
	}
	for _, try := range tries {
		if enc, err := htmlindex.Get(try); err == nil && enc != encoding.Replacement {
			return enc
		}
		if enc, err := ianaindex.IANA.Encoding(try); err == nil && enc != nil {
			return enc
		}
	}
	return nil
}

// littleEndian guesses the byte order of UTF-16 without a mark: the zero bytes
// of spaces, digits and line ends come second.
func littleEndian(b []byte) bool {
	le := 0
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 {
			le--
		}
		if b[i+1] == 0 {
			le++
		}
	}
	return le > 0
}

// decodeShifted reads ISO-2022-KR (RFC 1557) and the GB 2312 part of
// ISO-2022-CN (RFC 1922): between SO and SI each byte stands for its high twin.
func decodeShifted(b []byte, kr bool) string {
	enc := encoding.Encoding(simplifiedchinese.GB18030)
	if kr {
		enc = korean.EUCKR
	}
	out := make([]byte, 0, len(b))
	shifted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x1B && i+3 < len(b) && b[i+1] == '$': // ESC $ ) C and its kin: what SO stands for
			i += 3
		case c == 0x0E:
			shifted = true
		case c == 0x0F:
			shifted = false
		case c == '\n':
			shifted = false
			out = append(out, c)
		case shifted && c > ' ':
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	return decodeWith(enc, out)
}

// decodeUTF7 reads RFC 2152; what is no base64 stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		plus := bytes.IndexByte(b, '+')
		if plus < 0 {
			out.Write(b)
			break
		}
		out.Write(b[:plus])
		b = b[plus+1:]
		n := 0
		for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || b[n] == '+' || b[n] == '/') {
			n++
		}
		if n == 0 {
			out.WriteByte('+')
			b = bytes.TrimPrefix(b, []byte("-"))
			continue
		}
		raw, _ := base64.RawStdEncoding.DecodeString(string(b[:n])) // spare bits at the end are no error of interest
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		out.WriteString(string(utf16.Decode(units)))
		b = bytes.TrimPrefix(b[n:], []byte("-"))
	}
	return out.String()
}

// clean makes decoded text fit for everyone: valid UTF-8, no U+0000, no byte
// order mark, \n for every line end.
func clean(s string) string {
	s = strings.TrimPrefix(strings.ToValidUTF8(s, "\uFFFD"), "\uFEFF")
	if !strings.ContainsAny(s, "\r\x00") {
		return s
	}
	return lineEnds.Replace(s)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")
