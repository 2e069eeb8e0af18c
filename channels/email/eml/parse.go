package eml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// parser reads one mail.
type parser struct {
	parts  int      // nodes made so far
	spare  int      // bytes that files within files may still unpack to
	notes  []string // what could not be read
	within *tnef    // the winmail.dat whose body may be read
}

// node is a part with the parts within it.
type node struct {
	Part
	kids []*node
}

// Parse reads a mail. It never fails for good: what could not be read is told
// by Mail.Err, the rest is there. Time and memory are within a small multiple
// of len(raw), whatever the mail holds.
func Parse(raw []byte, o Options) *Mail {
	p, m := &parser{spare: len(raw) + 1<<20}, &Mail{}
	defer p.finish(m)
	if len(raw) > MaxBytes {
		raw = raw[:MaxBytes]
		p.note("longer than %d MiB", MaxBytes>>20)
	}
	raw = bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")), "\r\n")
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	h, body := p.header(raw)
	m.Header = h
	p.head(m)
	p.fill(m, p.node(h, body, "", 0, "text/plain"), o)
	return m
}

// finish tells what could not be read. A mail that finds a mistake in the parser
// or in a library below must not take the service with it: what was read until
// then is kept, and the mail itself is whole with whoever called.
func (p *parser) finish(m *Mail) {
	if r := recover(); r != nil {
		p.note("the parser panicked: %v", r)
	}
	if len(p.notes) > 0 {
		m.Err = errors.New(strings.Join(p.notes, "; "))
	}
}

// note remembers once what could not be read.
func (p *parser) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(p.notes, s) {
		p.notes = append(p.notes, s)
	}
}

func (p *parser) header(raw []byte) (Header, []byte) {
	h, body, over := splitHeader(raw)
	if over {
		p.note("header longer than %d KiB, or a field than %d", MaxHeader>>10, MaxField>>10)
	}
	return h, body
}

// head reads the mail's own fields.
func (p *parser) head(m *Mail) {
	h := m.Header
	if ids := h.ids("Message-ID"); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo, m.References = h.ids("In-Reply-To"), h.ids("References")
	m.From, m.Sender, m.ReplyTo = h.addrs("From"), h.addrs("Sender"), h.addrs("Reply-To")
	m.To, m.Cc, m.Bcc = h.addrs("To"), h.addrs("Cc"), h.addrs("Bcc")
	m.Subject, m.Date = h.Get("Subject"), parseDate(h.Get("Date"))
	if n := len(h.Values("From")); n > 1 {
		p.note("%d From fields: the first counts", n)
	}
	if len(m.From) > 0 && m.From[0].Email != "" {
		return
	}
	for _, other := range [][]Addr{m.Sender, h.addrs("Return-Path")} {
		if len(other) > 0 && other[0].Email != "" {
			p.note("no address in From")
			if len(m.From) == 0 {
				m.From = []Addr{{Name: other[0].Name}}
			}
			m.From[0].Email = other[0].Email
			return
		}
	}
}

// node makes the tree below one header and its body. implied is the type of a
// part that names none.
func (p *parser) node(h Header, body []byte, path string, depth int, implied string) *node {
	n := p.leaf(h, path, implied)
	if !strings.HasPrefix(n.Type, "multipart/") {
		if n.Path == "" {
			n.Path = "1"
		}
		n.Data = decodeTransfer(h.Get("Content-Transfer-Encoding"), body)
		return n
	}
	boundary := n.Params["boundary"]
	if !hasBoundary(body, boundary) {
		boundary = findBoundary(body)
	}
	if depth >= MaxDepth {
		p.note("nested deeper than %d", MaxDepth)
		p.flat(n, body, boundary)
	} else {
		p.split(n, body, boundary, depth)
	}
	if len(n.kids) == 0 {
		p.note("a %s without parts", n.Type)
		n.Type, n.Path = "text/plain", cmp.Or(n.Path, "1")
		n.Data = decodeTransfer(h.Get("Content-Transfer-Encoding"), body)
	}
	return n
}

// split makes the parts of a multipart.
func (p *parser) split(n *node, body []byte, boundary string, depth int) {
	implied := "text/plain"
	if n.Type == "multipart/digest" {
		implied = "message/rfc822"
	}
	for i, raw := range splitParts(body, boundary) {
		if !p.room() {
			return
		}
		h, body := p.header(raw)
		n.kids = append(n.kids, p.node(h, body, join(n.Path, i+1), depth+1, implied))
	}
}

// leaf reads what a part's header says about it.
func (p *parser) leaf(h Header, path, implied string) *node {
	p.parts++
	typ, params := parseValue(rawField(h, "Content-Type"))
	if !strings.Contains(typ, "/") {
		switch {
		case typ == "html":
			typ = "text/html"
		default:
			typ = implied
		}
	}
	disposition, dparams := parseValue(rawField(h, "Content-Disposition"))
	if disposition != "" && disposition != "inline" {
		disposition = "attachment" // RFC 2183 §2.8: what is not known
	}
	name := cmp.Or(dparams["filename"], dparams["name"], params["name"], params["filename"])
	return &node{Part: Part{Path: path, Type: typ, Params: params, Disposition: disposition, Name: name, Header: h}}
}

// flat reads what lies too deep in one pass over its lines: each delimiter of a
// multipart seen so far ends one leaf and begins the next, whatever lies within
// what.
func (p *parser) flat(n *node, body []byte, boundary string) {
	known := map[string]bool{boundary: true}
	var open *node // the leaf that is being read, and where it begins
	begin := 0
	end := func(at int) {
		if open != nil {
			open.Data = decodeTransfer(open.Header.Get("Content-Transfer-Encoding"), trimLineEnd(body[begin:at]))
			n.kids = append(n.kids, open)
		}
		open = nil
	}
	for pos := 0; pos < len(body); {
		line, _ := cutLine(body[pos:])
		at := pos
		pos += len(line)
		name, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t\r\n"), []byte("--"))
		closing := false
		if ok && !known[string(name)] {
			name, closing = bytes.CutSuffix(name, []byte("--"))
		}
		if !ok || !known[string(name)] {
			continue
		}
		if end(at); closing {
			continue
		}
		if !p.room() {
			return
		}
		h, rest := p.header(body[pos:])
		pos = len(body) - len(rest)
		kid := p.leaf(h, join(n.Path, len(n.kids)+1), "text/plain")
		if !strings.HasPrefix(kid.Type, "multipart/") {
			open, begin = kid, pos
		} else if inner := kid.Params["boundary"]; inner != "" {
			known[inner] = true
		}
	}
	end(len(body))
}

// room says whether one more part may be read.
func (p *parser) room() bool {
	if p.parts < MaxParts {
		return true
	}
	p.note("more than %d parts", MaxParts)
	return false
}

// splitParts cuts a multipart's body at its delimiter lines (RFC 2046 §5.1).
// What stands before the first goes, and so does what stands after a closing
// one, unless a further delimiter follows.
func splitParts(body []byte, boundary string) [][]byte {
	if boundary == "" {
		return nil
	}
	var parts [][]byte
	start := -1 // of the open part
	for pos := 0; ; {
		at, after, closing := nextDelimiter(body, boundary, pos)
		if at < 0 {
			break
		}
		if start >= 0 {
			parts = append(parts, trimLineEnd(body[start:at]))
		}
		if len(parts) >= MaxParts {
			return append(parts, nil) // so that the limit is noticed
		}
		if start, pos = after, after; closing {
			start = -1
		}
	}
	if start >= 0 {
		parts = append(parts, body[start:]) // never closed
	}
	return parts
}

// nextDelimiter finds the next line from pos on that is "--boundary", with or
// without "--" after it; at is -1 if there is none.
func nextDelimiter(body []byte, boundary string, pos int) (at, after int, closing bool) {
	delim := []byte("--" + boundary)
	for {
		i := bytes.Index(body[pos:], delim)
		if i < 0 {
			return -1, 0, false
		}
		at = pos + i
		line, _ := cutLine(body[at+len(delim):])
		after = at + len(delim) + len(line)
		rest := bytes.TrimSpace(line)
		closing = bytes.HasPrefix(rest, []byte("--"))
		if (at == 0 || body[at-1] == '\n') && (len(rest) == 0 || closing) {
			return at, after, closing
		}
		pos = at + len(delim)
	}
}

func hasBoundary(body []byte, boundary string) bool {
	if boundary == "" {
		return false
	}
	at, _, _ := nextDelimiter(body, boundary, 0)
	return at >= 0
}

// findBoundary guesses a boundary that the header does not tell: the first line
// of the shape "--x" that a Content- field follows.
func findBoundary(body []byte) string {
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		name, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t\r\n"), []byte("--"))
		if ok && len(name) > 0 && len(name) <= 200 && len(rest) > 8 && strings.EqualFold(string(rest[:8]), "content-") {
			return string(name)
		}
	}
	return ""
}

func trimLineEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

func rawField(h Header, name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

func join(path string, i int) string {
	if path == "" {
		return strconv.Itoa(i)
	}
	return path + "." + strconv.Itoa(i)
}

// ParseFile reads a file by the ending of its name: .tnef is a bare winmail.dat,
// .txt and .html the bare text of a mail, all else a mail.
func ParseFile(name string, raw []byte, o Options) *Mail {
	typ := map[string]string{".tnef": "application/ms-tnef", ".txt": "text/plain", ".html": "text/html"}[strings.ToLower(filepath.Ext(name))]
	if typ == "" {
		return Parse(raw, o)
	}
	p, m := &parser{spare: len(raw) + 1<<20}, &Mail{}
	defer p.finish(m)
	p.fill(m, &node{Part: Part{Path: "1", Type: typ, Data: raw}}, o)
	return m
}
