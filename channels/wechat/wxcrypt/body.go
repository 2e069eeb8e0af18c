package wxcrypt

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of a callback body. WeChat's own have a dozen fields, three deep.
const (
	MaxBody   = 1 << 20 // bytes
	maxDepth  = 12
	maxFields = 500
	maxTokens = 10_000 // pieces of markup and text
	maxTag    = 512    // bytes of what stands between < and >, CDATA excepted
)

// Fields are the values of a body by their path below the root, as text and
// as they came: "Content", "SubscribeMsgPopupEvent.List.TemplateId". Of
// repeated ones the first is kept.
type Fields map[string]string

var errShape = errors.New("wechat: the body is neither a message in XML nor in JSON")

// Parse reads a body in XML or JSON, told apart by its first character.
// Document types, broken syntax and what is larger than any callback are
// errors; unknown fields, control characters and wrong encodings are not.
func Parse(body []byte) (Fields, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: larger than %d bytes", errShape, MaxBody)
	}
	f := Fields{}
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff"))
	if bytes.HasPrefix(body, []byte("{")) {
		return f, f.json(CleanJSON(body))
	}
	if bytes.Count(body, []byte("&#")) > maxTokens {
		return f, fmt.Errorf("%w: too many pieces", errShape)
	}
	return f, f.xml(Clean(body))
}

func (f Fields) put(path []string, value string) error {
	key := strings.Join(path, ".")
	if _, ok := f[key]; !ok {
		f[key] = value
	}
	if len(f) > maxFields {
		return fmt.Errorf("%w: more than %d fields", errShape, maxFields)
	}
	return nil
}

// xml adds the leaves of an XML document.
func (f Fields) xml(body []byte) error {
	if longTag(body) {
		return fmt.Errorf("%w: a tag of more than %d bytes", errShape, maxTag)
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	var path []string
	var text strings.Builder
	leaf, seen, root := false, 0, false
	for range maxTokens {
		t, err := d.RawToken()
		if err == io.EOF && root && len(path) == 0 {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %v", errShape, position(err))
		}
		switch t := t.(type) {
		case xml.Directive:
			return fmt.Errorf("%w: it has a document type", errShape)
		case xml.StartElement:
			if seen++; len(path) == maxDepth || seen > maxFields || root && len(path) == 0 {
				return fmt.Errorf("%w: too many elements", errShape)
			}
			path, leaf, root = append(path, t.Name.Local), true, true
			text.Reset()
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Local {
				return fmt.Errorf("%w: an element ends that did not begin", errShape)
			}
			if leaf && len(path) > 1 {
				if err := f.put(path[1:], text.String()); err != nil {
					return err
				}
			}
			path, leaf = path[:len(path)-1], false
		}
	}
	return fmt.Errorf("%w: too many pieces", errShape)
}

// position keeps the line of a syntax error and none of the text.
func position(err error) string {
	var s *xml.SyntaxError
	if errors.As(err, &s) {
		return "syntax, line " + strconv.Itoa(s.Line)
	}
	return "syntax"
}

// longTag reports whether a tag is longer than any of WeChat's, which have no
// attributes: the decoder would spend its time on them.
func longTag(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return false
		}
		b = b[i:]
		end := []byte(">")
		if bytes.HasPrefix(b, cdataOpen) {
			end = cdataClose
		}
		i = bytes.Index(b, end)
		if i < 0 || len(end) == 1 && i > maxTag {
			return len(b) > maxTag
		}
		b = b[i+len(end):]
	}
}

// json adds the leaves of a JSON object.
func (f Fields) json(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	type level struct {
		array bool
		key   bool // an object whose next token is a key
	}
	var levels []level
	var path []string // one name per level
	for range maxTokens {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: syntax", errShape)
		}
		top := len(levels) - 1
		if name, ok := t.(string); ok && top >= 0 && levels[top].key {
			path[top], levels[top].key = name, false
			continue
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				if len(levels) == maxDepth {
					return fmt.Errorf("%w: too deep", errShape)
				}
				levels, path = append(levels, level{array: t == '[', key: t == '{'}), append(path, "")
				continue
			}
			levels, path = levels[:top], path[:top]
			if top--; top < 0 {
				if _, err := d.Token(); err != io.EOF {
					return fmt.Errorf("%w: more than one value", errShape)
				}
				return nil
			}
		default:
			if err := f.put(names(path), text(t)); err != nil {
				return err
			}
		}
		levels[top].key = !levels[top].array
	}
	return fmt.Errorf("%w: too many pieces", errShape)
}

// names is path without the places of arrays, which have none.
func names(path []string) []string {
	out := make([]string, 0, len(path))
	for _, p := range path {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// text is a JSON scalar as text.
func text(t json.Token) string {
	switch t := t.(type) {
	case string:
		return strings.Map(legal, t)
	case json.Number:
		return t.String()
	case bool:
		return strconv.FormatBool(t)
	}
	return ""
}

var (
	cdataOpen  = []byte("<![CDATA[")
	cdataClose = []byte("]]>")
	prolog     = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}\?>`)
	charset    = regexp.MustCompile(`(?i)encoding\s*=\s*["']?(gb2312|gbk|gb18030)`)
	reference  = regexp.MustCompile(`&#(x[0-9a-fA-F]+|[0-9]+);`)
)

// Clean makes a body one that an XML decoder takes: UTF-8, no prolog, no
// character that XML forbids. WeChat passes on what customers type, control
// characters (U+001D) included.
func Clean(b []byte) []byte {
	if p := prolog.Find(b); p != nil {
		b = b[len(p):]
		if charset.Match(p) && !utf8.Valid(b) {
			if u, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil {
				b = u
			}
		}
	}
	return dropReferences(bytes.Map(legal, b))
}

// CleanJSON makes a body one that a JSON decoder takes: control characters
// become spaces, what is no UTF-8 becomes U+FFFD.
func CleanJSON(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, b)
}

// legal is r, or -1 where XML 1.0 §2.2 forbids it.
func legal(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
		return -1
	}
	return r
}

// dropReferences removes references to forbidden characters (&#29;) outside
// of CDATA, where they are text.
func dropReferences(b []byte) []byte {
	if !bytes.Contains(b, []byte("&#")) {
		return b
	}
	out := make([]byte, 0, len(b))
	for {
		before, rest, found := bytes.Cut(b, cdataOpen)
		out = append(out, reference.ReplaceAllFunc(before, keepLegal)...)
		if !found {
			return out
		}
		inside, after, closed := bytes.Cut(rest, cdataClose)
		out = append(append(out, cdataOpen...), inside...)
		if !closed {
			return out
		}
		out, b = append(out, cdataClose...), after
	}
}

func keepLegal(ref []byte) []byte {
	digits, base := string(ref[2:len(ref)-1]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || n >= 0xD800 && n < 0xE000 || legal(rune(n)) < 0 {
		return nil
	}
	return ref
}
