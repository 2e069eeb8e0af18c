package eml

import (
	"bytes"
	"strconv"
	"strings"
)

// decodeTransfer takes a Content-Transfer-Encoding off. Unknown ones and the
// identities give the body itself, without a copy.
func decodeTransfer(encoding string, body []byte) []byte {
	encoding, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(encoding)), ";")
	switch strings.Trim(encoding, ` "'`) {
	case "base64", "b64", "base-64", "base_64", "base64,":
		if isBase64(body) {
			return decodeBase64Lines(body)
		}
	case "quoted-printable", "quotedprintable", "quoted_printable", "qp":
		return decodeQP(body)
	case "x-uuencode", "x-uue", "uuencode", "uue":
		if _, files := cutFiles(body); len(files) > 0 {
			return files[0].Data
		}
	}
	return body
}

// isBase64 says whether the first lines look like what the header promises:
// prose under that label has blanks within its lines.
func isBase64(body []byte) bool {
	for seen := 0; seen < 5 && len(body) > 0; {
		line, rest := cutLine(body)
		body = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if bytes.IndexByte(line, ' ') < 0 {
			return true
		}
		seen++
	}
	return false
}

// decodeBase64Lines reads a base64 body. Once padding has ended it, a line that
// is no base64 is what a list server or a virus scanner added, and ends it.
func decodeBase64Lines(body []byte) []byte {
	ended := bytes.LastIndexByte(body, '=')
	if ended < 0 {
		return decodeBase64(body)
	}
	end := len(body)
	for pos := bytes.IndexByte(body, '='); pos >= 0 && pos < len(body); {
		next := bytes.IndexByte(body[pos:], '\n')
		if next < 0 {
			break
		}
		pos += next + 1
		line := body[pos:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		if bytes.ContainsFunc(bytes.TrimSpace(line), func(r rune) bool { return r != '=' && (r > 0x7F || base64Value[byte(r)] == 0xFF) }) {
			end = pos
			break
		}
	}
	return decodeBase64(body[:end])
}

// decodeQP reads quoted-printable. What is no escape stays as it stands; blanks
// before a line end may have been added on the way and go (RFC 2045 §6.7).
func decodeQP(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		line, rest := body, []byte(nil)
		end := ""
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, rest, end = body[:i], body[i+1:], "\n"
		}
		body = rest
		if bytes.HasSuffix(line, []byte("\r")) {
			line, end = line[:len(line)-1], "\r\n"
		}
		line = bytes.TrimRight(line, " \t")
		if bytes.HasSuffix(line, []byte("=")) {
			line, end = line[:len(line)-1], ""
		}
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+2 < len(line) && isHex(line[i+1]) && isHex(line[i+2]) {
				out = append(out, unhex(line[i+1])<<4|unhex(line[i+2]))
				i += 2
				continue
			}
			out = append(out, line[i])
		}
		out = append(out, end...)
	}
	return out
}

// file is one that was written into a text, as mailers did before MIME.
type file struct {
	Name string
	Data []byte
}

// cutFiles takes uuencoded ("begin 644 name") and yEnc ("=ybegin … name=name")
// files out of a text and gives back what is left.
func cutFiles(text []byte) (rest []byte, files []file) {
	if !bytes.Contains(text, []byte("begin ")) {
		return text, nil
	}
	for len(text) > 0 {
		line, after := cutLine(text)
		f, n, ok := cutUU(line, after)
		if !ok && n == 0 {
			f, n, ok = cutYenc(line, after)
		}
		if text = after[n:]; ok {
			files = append(files, f)
		} else { // what was searched in vain is not searched again
			rest = append(append(rest, line...), after[:n]...)
		}
	}
	return rest, files
}

// cutLine takes the first line off b, with its end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	return b[:i+1], b[i+1:]
}

// cutUU reads a uuencoded file whose first line is begin; n is how much of body
// was searched for it.
func cutUU(begin, body []byte) (f file, n int, ok bool) {
	mode, name, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(string(begin), "begin ")), " ")
	if _, err := strconv.ParseUint(mode, 8, 16); !ok || err != nil || !bytes.HasPrefix(begin, []byte("begin ")) || name == "" {
		return f, 0, false
	}
	f.Name = decodeRaw(strings.TrimSpace(name))
	for n < len(body) {
		line, _ := cutLine(body[n:])
		size := len(line)
		line = bytes.TrimRight(line, "\r\n")
		if string(bytes.TrimSpace(line)) == "end" {
			return f, n + size, true
		}
		if len(line) > 0 {
			want := int(line[0]-' ') & 0x3F
			if line[0] < ' ' || line[0] > '`' || len(line)-1 > 4*((want+2)/3)+4 {
				return f, n, false // prose: "begin 100 times"
			}
			f.Data = append(f.Data, uuLine(line[1:], want)...)
		}
		n += size
	}
	return f, n, false // it never ends: it stays in the text
}

func uuLine(line []byte, size int) []byte {
	out := make([]byte, 0, size+2)
	at := func(i int) byte {
		if i < len(line) {
			return (line[i] - ' ') & 0x3F
		}
		return 0 // trailing blanks were cut off on the way
	}
	for i := 0; len(out) < size; i += 4 {
		a, b, c, d := at(i), at(i+1), at(i+2), at(i+3)
		out = append(out, a<<2|b>>4, b<<4|c>>2, c<<6|d)
	}
	return out[:size]
}

// cutYenc is cutUU for yEnc (http://www.yenc.org/yenc-draft.1.3.txt).
func cutYenc(begin, body []byte) (f file, n int, ok bool) {
	if !bytes.HasPrefix(begin, []byte("=ybegin ")) {
		return f, 0, false
	}
	_, name, ok := strings.Cut(string(begin), " name=")
	if !ok {
		return f, 0, false
	}
	f.Name = decodeRaw(strings.TrimSpace(name))
	for n < len(body) {
		line, _ := cutLine(body[n:])
		n += len(line)
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case bytes.HasPrefix(line, []byte("=yend")):
			return f, n, true
		case bytes.HasPrefix(line, []byte("=ypart")):
			continue
		}
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+1 < len(line) {
				i++
				f.Data = append(f.Data, line[i]-64-42)
				continue
			}
			f.Data = append(f.Data, line[i]-42)
		}
	}
	return f, n, false
}

// unflow joins the soft line ends of format=flowed (RFC 3676): a line that ends
// in a blank goes on in the next one of the same quote depth. delSp says that
// the blank itself was added too, as between Chinese characters.
func unflow(text string, delSp bool) string {
	var out strings.Builder
	out.Grow(len(text))
	open, depth := false, 0 // the last line goes on; its quote depth
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		body := strings.TrimLeft(line, ">")
		quotes := len(line) - len(body)
		body = strings.TrimPrefix(body, " ") // stuffed
		if open && (quotes != depth || body == "-- ") {
			out.WriteByte('\n')
			open = false
		}
		if !open && quotes > 0 {
			out.WriteString(line[:quotes] + " ")
		}
		flowed := strings.HasSuffix(body, " ") && body != "-- "
		if flowed && delSp {
			body = body[:len(body)-1]
		}
		out.WriteString(body)
		if !flowed && ended {
			out.WriteByte('\n')
		}
		open, depth = flowed, quotes
	}
	return out.String()
}
