package wechattest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A callback's body is a list of fields in WeChat's order, written as XML or,
// for mini-programs that chose it, as JSON.
type field struct {
	name string
	val  any // string: CDATA; num: as it is; []field: inside
}

// num is written without CDATA or quotes.
type num string

// fields makes a list of names and values by turns.
func fields(pairs ...any) []field {
	var list []field
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, field{pairs[i].(string), pairs[i+1]})
	}
	return list
}

func asXML(list []field) []byte {
	var b bytes.Buffer
	b.WriteString("<xml>")
	writeXML(&b, list)
	b.WriteString("</xml>")
	return b.Bytes()
}

func writeXML(b *bytes.Buffer, list []field) {
	for _, f := range list {
		b.WriteString("<" + f.name + ">")
		switch v := f.val.(type) {
		case num:
			b.WriteString(string(v))
		case string: // control characters stay: WeChat sends them too
			b.WriteString("<![CDATA[" + strings.ReplaceAll(v, "]]>", "]]]]><![CDATA[>") + "]]>")
		case []field:
			writeXML(b, v)
		}
		b.WriteString("</" + f.name + ">")
	}
}

func asJSON(list []field) []byte {
	var b bytes.Buffer
	writeJSON(&b, list)
	return b.Bytes()
}

func writeJSON(b *bytes.Buffer, list []field) {
	b.WriteByte('{')
	for i, f := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(f.name))
		b.WriteByte(':')
		switch v := f.val.(type) {
		case num:
			b.WriteString(string(v))
		case string:
			b.Write(encode(v))
		case []field:
			writeJSON(b, v)
		}
	}
	b.WriteByte('}')
}

// encode is JSON as WeChat writes it: < > & are not escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // maps, strings and numbers only
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
