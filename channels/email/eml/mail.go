// Package eml turns the bytes of a mail into what people read: who wrote to
// whom, the text, safe HTML, attachments with harmless names. It is pure: no
// network, no SQL, no clock. Mails come from strangers, so nothing here fails
// for good, recurses without a limit or costs more than a small multiple of
// the mail's own size.
package eml

import (
	"strings"
	"time"
)

// The limits of what is read of one mail. What lies beyond is left out and said
// in Mail.Err; the raw mail, kept by whoever calls, still has it.
const (
	MaxBytes       = 50 << 20  // raw mail; the rest is not looked at
	MaxHeader      = 256 << 10 // bytes of one header block
	MaxField       = 64 << 10  // bytes of one header field
	MaxParts       = 500       // leaf parts and multiparts together
	MaxDepth       = 10        // multiparts within each other
	MaxAttachments = 100
)

// Mail is a parsed mail. All strings are valid UTF-8 without U+0000; line ends
// in texts are \n.
type Mail struct {
	MessageID  string   // without <>; "" when the mail has none
	InReplyTo  []string // without <>
	References []string // without <>, oldest first

	// From counts by its first address; where it has none, that of Sender or
	// Return-Path stands in, as Err says. It proves nothing about who sent it.
	From, Sender, ReplyTo, To, Cc, Bcc []Addr

	Subject string
	Date    time.Time // as the sender's clock had it; zero if absent or nonsense: show it, reckon with the arrival

	Text         string // all that is to be read, in full: text/plain, or the HTML turned into text
	HTML         string // as sent, decoded; "" if there was none
	SafeHTML     string // HTML that may be shown in a sandboxed frame; "" if there was none
	RemoteImages int    // pictures SafeHTML holds back until the reader asks for them
	Calendar     string // text/calendar as sent; "" if there was none

	Attachments []Attachment
	Header      Header
	Parts       []Part // all leaf parts in their order, those shown and those attached

	Encrypted string // "", "smime" or "pgp": what is shown is then only what lay open
	Signed    string // "", "smime" or "pgp"; the signature has not been checked

	// Err says what could not be read and why, or nil. The rest is there.
	Err error
}

// Addr is one address as written in a header.
type Addr struct {
	Name  string `json:"name,omitempty"`  // decoded; "" if there was none
	Email string `json:"email,omitempty"` // as written, "" if there was none that could be one
}

// Attachment is one file of a mail.
type Attachment struct {
	Name   string // harmless: no path, no control or direction characters, ≤ 200 bytes; never empty
	Type   string // media type in lower case, as the sender says
	CID    string // Content-ID without <>
	Inline bool   // shown within the HTML or meant to be
	Risky  bool   // a program or a script by its ending: say so before it is opened
	Data   []byte // decoded; may share memory with Parts
}

// Part is one leaf of the mail's tree.
type Part struct {
	Path        string // "1", "2.1": places counted from one, as IMAP does
	Type        string // media type in lower case; text/plain when the mail says none
	Params      map[string]string
	Disposition string // inline, attachment or ""
	Name        string // file name as sent, decoded, not yet harmless
	Header      Header
	Data        []byte // transfer encoding taken off; texts still in their charset, see Text
}

// Text is the part's data as UTF-8.
func (p *Part) Text() string { return decodeText(p.Data, p.Params["charset"]) }

// Header is a header block, in its order.
type Header []Field

// Field is one header field.
type Field struct {
	Name  string // as written
	Value string // as written, folds and undecoded bytes and all, without the last line end
}

// Get is the first field of that name, unfolded and decoded; "" if there is none.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return decodeField(f.Value)
		}
	}
	return ""
}

// Values are all fields of that name, unfolded and decoded.
func (h Header) Values(name string) []string {
	var all []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			all = append(all, decodeField(f.Value))
		}
	}
	return all
}

// Has says whether there is a field of that name.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Options say how a mail is to be read.
type Options struct {
	// CID gives the address under which SafeHTML may load the inline part of
	// that Content-ID, or "" to leave the picture out. nil keeps cid: addresses.
	CID func(cid string) string
}
