package eml

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// rtfReader reads RTF as far as the text of a mail goes: characters, line ends,
// and the HTML that Outlook hides in it ([MS-OXRTFEX]).
type rtfReader struct {
	b        []byte
	out      strings.Builder
	raw      []byte // bytes of the document's charset, not yet decoded
	codepage string
	html     bool // the RTF is HTML in disguise
	skip     int  // characters still to pass over after \u
	high     rune // first half of a surrogate pair
	state    rtfState
	stack    []rtfState
}

// rtfState is what a group inherits and its end restores.
type rtfState struct {
	hidden bool // a table, a picture, or what is said for RTF readers only
	skips  int  // characters that stand in for each \u
}

// maxRTFDepth is how deep groups may nest; what lies deeper shares one state.
const maxRTFDepth = 1000

// readRTF returns the text of an RTF document, and whether it is HTML.
func readRTF(b []byte) (text string, html bool) {
	r := rtfReader{b: b, codepage: "cp1252", state: rtfState{skips: 1}}
	for len(r.b) > 0 {
		c := r.b[0]
		r.b = r.b[1:]
		switch c {
		case '{':
			if len(r.stack) < maxRTFDepth {
				r.stack = append(r.stack, r.state)
			}
		case '}':
			if n := len(r.stack); n > 0 {
				r.flush()
				r.state, r.stack = r.stack[n-1], r.stack[:n-1]
			}
		case '\\':
			r.control()
		case '\r', '\n', 0:
		default:
			r.byte(c)
		}
	}
	r.flush()
	return clean(r.out.String()), r.html
}

// control reads what follows a backslash.
func (r *rtfReader) control() {
	if len(r.b) == 0 {
		return
	}
	n := 0
	for n < len(r.b) && n < 32 && r.b[n]|0x20 >= 'a' && r.b[n]|0x20 <= 'z' {
		n++
	}
	if n == 0 {
		c := r.b[0]
		r.b = r.b[1:]
		switch {
		case c == '\'' && len(r.b) >= 2 && isHex(r.b[0]) && isHex(r.b[1]):
			r.byte(unhex(r.b[0])<<4 | unhex(r.b[1]))
			r.b = r.b[2:]
		case c == '*':
			r.state.hidden = true // unless it is known after all
		case c == '~':
			r.byte(' ')
		case c == '\\' || c == '{' || c == '}':
			r.byte(c)
		}
		return
	}
	word := string(r.b[:n])
	end := n
	if end < len(r.b) && r.b[end] == '-' {
		end++
	}
	for end < len(r.b) && end < n+11 && r.b[end] >= '0' && r.b[end] <= '9' {
		end++
	}
	value, err := strconv.Atoi(string(r.b[n:end]))
	if err != nil {
		value = -1
	}
	if end < len(r.b) && r.b[end] == ' ' {
		end++
	}
	r.b = r.b[end:]
	r.word(word, value)
}

// word obeys one control word; value is -1 if it has none.
func (r *rtfReader) word(word string, value int) {
	switch word {
	case "fromhtml":
		r.html = value != 0
	case "htmltag":
		r.state.hidden = false
	case "htmlrtf":
		r.state.hidden = value != 0
	case "ansicpg":
		if value > 0 {
			r.codepage = "cp" + strconv.Itoa(value)
		}
	case "uc":
		r.state.skips = min(max(value, 0), 8)
	case "u":
		r.unit(uint16(value))
		r.skip = r.state.skips
	case "bin":
		r.b = r.b[min(max(value, 0), len(r.b)):]
	case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "mhtmltag", "themedata", "datastore", "listtable":
		r.state.hidden = true
	case "par", "line", "row", "sect", "page":
		r.rune('\n')
	case "tab", "cell":
		r.rune('\t')
	case "lquote", "rquote":
		r.rune('\'')
	case "ldblquote", "rdblquote":
		r.rune('"')
	case "bullet":
		r.rune('•')
	case "endash", "emdash":
		r.rune('—')
	}
}

// byte takes one byte of the document's charset.
func (r *rtfReader) byte(c byte) {
	switch {
	case r.skip > 0:
		r.skip--
	case !r.state.hidden:
		r.raw = append(r.raw, c)
	}
}

func (r *rtfReader) rune(c rune) {
	if !r.state.hidden {
		r.flush()
		r.out.WriteRune(c)
	}
}

// unit takes one UTF-16 unit, as \u writes them.
func (r *rtfReader) unit(u uint16) {
	c := rune(u)
	switch {
	case c >= 0xD800 && c < 0xDC00:
		r.high = c
		return
	case c >= 0xDC00 && c < 0xE000:
		c = utf16.DecodeRune(r.high, c)
	}
	r.high = 0
	r.rune(c)
}

// flush decodes the bytes that stand together, so that none is cut in half.
func (r *rtfReader) flush() {
	if len(r.raw) > 0 {
		r.out.WriteString(decodeText(r.raw, r.codepage))
		r.raw = r.raw[:0]
	}
}
