package eml

import (
	"bytes"
	"strings"
)

// splitHeader reads the header block at the start of raw and returns it with
// what follows. It takes what real mails have: bare LF, a missing empty line,
// "From " lines of an mbox, folds that lost their blank. over says that a limit
// cut something short; the end of the block is found all the same.
func splitHeader(raw []byte) (h Header, body []byte, over bool) {
	var name string
	start, end, total := 0, 0, 0 // of the open field's value; bytes kept
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
	pos := 0
	for pos < len(raw) {
		line, _ := cutLine(raw[pos:])
		next := pos + len(line)
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			flush()
			return h, raw[next:], over
		}
		folded := line[0] == ' ' || line[0] == '\t'
		switch field, colon := fieldName(line); {
		case folded && name != "":
			end = next
		case colon > 0:
			flush()
			name, start, end = field, pos+colon+1, next
		case fieldFollows(raw[next:]): // a "From " line, junk, half a fold
			flush()
		default: // the empty line is missing: the text begins here
			flush()
			return h, raw[pos:], over
		}
		pos = next
	}
	flush()
	return h, raw[pos:], over
}

// maxLookahead is how many lines after one that does not belong are searched for
// a field.
const maxLookahead = 20

// fieldFollows says whether the next line that is no fold is surely a field: of
// a name that no text begins with.
func fieldFollows(raw []byte) bool {
	for i := 0; i < maxLookahead && len(raw) > 0; i++ {
		line, rest := cutLine(raw)
		if line[0] != ' ' && line[0] != '\t' {
			name, _ := fieldName(line)
			name = strings.ToLower(name)
			switch name {
			case "from", "to", "cc", "date", "subject", "received", "received-spf", "sender", "reply-to", "return-path", "message-id", "in-reply-to",
				"references", "mime-version", "dkim-signature", "authentication-results", "delivered-to", "list-id", "list-unsubscribe", "thread-topic":
				return true
			}
			return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "content-")
		}
		raw = rest
	}
	return false
}

// fieldName reads the name of the field in line and where its colon is; -1 if
// the line is no field. Blanks before the name, on the first line of a mail,
// are nobody's fold.
func fieldName(line []byte) (string, int) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return "", -1
	}
	name := bytes.Trim(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7F {
			return "", -1
		}
	}
	if len(name) == 0 {
		return "", -1
	}
	return string(name), colon
}
