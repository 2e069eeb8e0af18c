package eml

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// tnef is what lies in a winmail.dat: Microsoft's TNEF, which Outlook sends
// when it believes that the other side is Exchange. See [MS-OXTNEF] and
// [MS-OXRTFCP].
type tnef struct {
	files           []Attachment
	text, html, rtf []byte
	codepage        uint32
	spare           int // bytes that compressed RTF may still unpack to
}

// Attribute ids and MAPI properties that are read; all others are skipped.
const (
	tnefSignature = 0x223E9F78

	attCodepage   = 0x00069007
	attBody       = 0x0002800C
	attProps      = 0x00069003 // the message's MAPI properties
	attRenddata   = 0x00069002 // an attachment begins
	attTitle      = 0x00018010
	attData       = 0x0006800F
	attAttachment = 0x00069005 // the attachment's MAPI properties

	propText         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propDisplayName  = 0x3001
	propData         = 0x3701
	propName         = 0x3704
	propLongName     = 0x3707
	propType         = 0x370E
	propCID          = 0x3712
	typeObject       = 0x000D
	typeString8      = 0x001E
	typeUnicode      = 0x001F
	typeBinary       = 0x0102
	typeMany         = 0x1000
	tnefDepth        = 3 // messages within messages
	messageInterface = "\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"
)

var errNoTNEF = errors.New("not TNEF")

// readTNEF reads a winmail.dat as far as it is whole. spare is how many bytes
// compressed text in it may unpack to.
func readTNEF(b []byte, spare int) (*tnef, error) {
	t := &tnef{spare: spare}
	if err := t.read(b, 0); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *tnef) read(b []byte, depth int) error {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return errNoTNEF
	}
	file := -1 // the attachment that is being read
	for b = b[6:]; len(b) >= 9; {
		id, size := binary.LittleEndian.Uint32(b[1:]), int64(binary.LittleEndian.Uint32(b[5:]))
		if b = b[9:]; size > int64(len(b)) {
			break // cut off, or garbage at the end
		}
		data := b[:size]
		b = b[min(int64(len(b)), size+2):] // a checksum follows, which nobody checks
		switch id {
		case attCodepage:
			if len(data) >= 4 {
				t.codepage = binary.LittleEndian.Uint32(data)
			}
		case attBody:
			t.text = []byte(t.string(typeString8, data))
		case attProps:
			t.message(data)
		case attRenddata:
			if len(t.files) >= MaxAttachments {
				return nil
			}
			t.files = append(t.files, Attachment{Type: "application/octet-stream"})
			file = len(t.files) - 1
		case attTitle, attData, attAttachment:
			if file >= 0 {
				t.attachment(file, id, data, depth)
			}
		}
	}
	return nil
}

// message reads the message's own properties.
func (t *tnef) message(data []byte) {
	eachProp(data, func(id, typ uint16, v []byte) {
		switch id {
		case propText:
			t.text = []byte(t.string(typ, v))
		case propHTML:
			if t.html = v; typ == typeString8 || typ == typeUnicode {
				t.html = []byte(t.string(typ, v))
			}
		case propRTF:
			t.rtf = t.unpackRTF(v)
		}
	})
}

// attachment reads one attribute of the attachment at place i.
func (t *tnef) attachment(i int, id uint32, data []byte, depth int) {
	switch id {
	case attTitle:
		if t.files[i].Name == "" {
			t.files[i].Name = t.string(typeString8, data)
		}
		return
	case attData:
		t.files[i].Data = data
		return
	}
	names := map[uint16]string{}
	eachProp(data, func(id, typ uint16, v []byte) {
		switch {
		case id == propData && typ == typeObject && strings.HasPrefix(string(v), messageInterface) && depth < tnefDepth:
			inner := &tnef{spare: t.spare}
			if inner.read(v[16:], depth+1) == nil {
				t.spare = inner.spare
				t.files = append(t.files, inner.all()...)
			}
			t.files[i].Data = v[16:]
		case id == propData && typ == typeObject && len(v) >= 16:
			t.files[i].Data = v[16:]
		case id == propData:
			t.files[i].Data = v
		case id == propType:
			t.files[i].Type = strings.ToLower(t.string(typ, v))
		case id == propCID:
			t.files[i].CID = strings.Trim(t.string(typ, v), "<>")
		case id == propDisplayName, id == propName, id == propLongName:
			names[id] = t.string(typ, v)
		}
	})
	for _, id := range []uint16{propLongName, propName, propDisplayName} {
		if name := names[id]; name != "" {
			t.files[i].Name = name
			break
		}
	}
}

// all lists the files, and the body as one where it has a form of its own.
func (t *tnef) all() []Attachment {
	files := t.files
	if len(t.rtf) > 0 {
		files = append(files, Attachment{Name: "body.rtf", Type: "text/rtf", Data: t.rtf})
	}
	if len(t.html) > 0 {
		files = append(files, Attachment{Name: "body.html", Type: "text/html", Data: t.html})
	}
	return files
}

// string reads a text property in the charset of its type.
func (t *tnef) string(typ uint16, v []byte) string {
	s := ""
	if typ == typeUnicode {
		s = decodeUTF16(v)
	} else {
		s = decodeText(v, fmt.Sprintf("cp%d", t.codepage))
	}
	s, _, _ = strings.Cut(s, "\x00")
	return strings.ToValidUTF8(s, "\uFFFD")
}

func decodeUTF16(v []byte) string {
	units := make([]uint16, len(v)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(v[2*i:])
	}
	return string(utf16.Decode(units))
}

// eachProp calls visit with each value of a property list that is whole.
func eachProp(b []byte, visit func(id, typ uint16, v []byte)) {
	r := propReader{b: b}
	for n := r.uint32(); n > 0 && !r.short; n-- {
		typ, id := r.uint16(), r.uint16()
		if id >= 0x8000 { // named: GUID, kind, then a number or a name
			r.take(16)
			if r.uint32() == 0 {
				r.take(4)
			} else {
				r.padded(r.uint32())
			}
		}
		count := uint32(1)
		variable := typ&^typeMany == typeString8 || typ&^typeMany == typeUnicode || typ&^typeMany == typeBinary || typ&^typeMany == typeObject
		if typ&typeMany != 0 || variable {
			count = r.uint32()
		}
		for ; count > 0 && !r.short; count-- {
			var v []byte
			if variable {
				v = r.padded(r.uint32())
			} else if v = r.take(fixedSize(typ &^ typeMany)); v == nil {
				return // a type that is not known: where it ends is not known either
			}
			if !r.short {
				visit(id, typ&^typeMany, v)
			}
		}
	}
}

// fixedSize is how many bytes a value of that type takes, padded to four.
func fixedSize(typ uint16) uint32 {
	switch typ {
	case 0x0002, 0x0003, 0x0004, 0x000A, 0x000B: // short, long, float, error, boolean
		return 4
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040: // double, currency, dates, 64 bits
		return 8
	case 0x0048: // GUID
		return 16
	}
	return 0
}

// propReader reads little-endian values until there are no more; short then stays set.
type propReader struct {
	b     []byte
	short bool
}

func (r *propReader) take(n uint32) []byte {
	if n == 0 || uint64(n) > uint64(len(r.b)) {
		r.short = r.short || n != 0
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

// padded takes n bytes and what fills them up to a multiple of four.
func (r *propReader) padded(n uint32) []byte {
	v := r.take(n)
	if pad := (4 - n%4) % 4; !r.short {
		r.b = r.b[min(int(pad), len(r.b)):]
	}
	return v
}

func (r *propReader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (r *propReader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

// unpackRTF takes the compression off ([MS-OXRTFCP] §2.2): references of two
// bytes into a ring of 4 KiB that begins with what each RTF begins with.
func (t *tnef) unpackRTF(b []byte) []byte {
	const begin = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
	if len(b) < 16 {
		return nil
	}
	size, kind := int64(binary.LittleEndian.Uint32(b[4:])), string(b[8:12])
	if b = b[16:]; kind == "MELA" {
		return b[:min(size, int64(len(b)))]
	}
	if kind != "LZFu" || size > int64(t.spare) {
		return nil
	}
	t.spare -= int(size)
	var ring [4096]byte
	at := copy(ring[:], begin)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		ring[at] = c
		at = (at + 1) % len(ring)
	}
	for len(b) > 0 && int64(len(out)) < size {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0 && int64(len(out)) < size; bit++ {
			if flags&(1<<bit) == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			from, n := int(b[0])<<4|int(b[1])>>4, int(b[1]&0x0F)+2
			b = b[2:]
			if from == at { // the end
				return out
			}
			for ; n > 0; n-- {
				put(ring[from])
				from = (from + 1) % len(ring)
			}
		}
	}
	return out
}

// unpack lists a winmail.dat's files instead of itself, and reads its body when
// the mail has none of its own.
func (p *parser) unpack(m *Mail, t *tnef) {
	p.spare = t.spare
	for _, a := range t.all() {
		p.attach(m, a)
	}
	p.within = t
}
