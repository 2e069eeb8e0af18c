package eml

import (
	"bytes"
	"strings"
)

// splitHeader reads the header block at the start of raw and returns it with
// what follows. It takes what real mails have: bare LF, a missing empty line,
// the "From " line of an mbox, a line of junk before the first field. over says
// that a limit cut something short; the end of the block is found all the same.
func splitHeader(raw []byte) (h Header, body []byte, over bool) {
	var name string
	start, end, total, junk := 0, 0, 0, 0 // of the open field's value; bytes kept; lines before the first field
	flush := func() {
		if name == "" {
			return
		}
		value := raw[start:end]
		if len(value) > MaxField {
			value, over = value[:MaxField], true
		}
		if total += len(name) + len(value); total > MaxHeader {
			over = true
		} else {
			h = append(h, Field{name, strings.Trim(string(value), " \t\r\n")})
		}
		name = ""
	}
	for pos := 0; pos < len(raw); {
		line, next := raw[pos:], len(raw)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], pos+i+1
		}
		field, colon := fieldName(line)
		switch {
		case len(bytes.TrimRight(line, "\r")) == 0: // the empty line
			if flush(); len(h) == 0 && junk > 0 {
				return nil, raw, over
			}
			return h, raw[next:], over
		case name != "" && (line[0] == ' ' || line[0] == '\t'): // a fold
			end = next
		case colon > 0:
			flush()
			name, start, end = field, pos+colon+1, next
		case mboxLine(line):
			flush()
		case len(h) == 0 && name == "" && junk == 0:
			junk++
		default: // the empty line is missing: the text begins here
			if flush(); len(h) == 0 {
				return nil, raw, over
			}
			return h, raw[pos:], over
		}
		pos = next
	}
	if flush(); len(h) == 0 && junk > 0 {
		return nil, raw, over
	}
	return h, nil, over
}

// mboxLine says whether a line separates the mails of an mbox file.
func mboxLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

// fieldName reads the name of the field in line and where its colon is; -1 if
// the line is no field.
func fieldName(line []byte) (string, int) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return "", -1
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7F {
			return "", -1
		}
	}
	return string(name), colon
}
