package eml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OnlyQuoted is what screens show for a reply that holds nothing new.
const OnlyQuoted = "(仅引用内容)"

// The most of a text that is searched for quotes and signatures. What lies
// beyond goes where the last searched line went.
const (
	maxStripBytes = 200 << 10
	maxStripLines = 5000
)

// Reply is a mail's text taken apart. Every line of the text is in one of the
// four fields; nothing is thrown away.
type Reply struct {
	Text       string // what the sender wrote this time
	Quoted     string // earlier mails, with their headers
	Signature  string // the sender's block; a short closing ("Thanks,\nAlex") stays in Text as well
	Disclaimer string // the notices that companies add
	Only       bool   // nothing but quoted text: show OnlyQuoted, give it to no bot
}

// part is what one line is.
type part byte

const (
	partText part = iota
	partQuote
	partSign
	partNotice
)

// letter is a text under the knife: line by line as written, cleaned for
// comparing, and what each line was found to be.
type letter struct {
	raw, clean []string
	part       []part
	inside     []bool // the mailer's markup says: quoted
	quotes     bool   // something introduced a quote
}

// StripText takes a plain text body apart: quoted mails by their separators,
// headers, attributions and ">" marks; signatures by their delimiters; notices
// by their first words. Chinese, Japanese and the languages of Europe.
func StripText(text string) Reply { return strip(text, "") }

// strip is StripText for a text by sender, whose own address tells his
// signature; "" if unknown.
func strip(text, sender string) Reply {
	head, tail := capText(normalise(text))
	l := newLetter(head)
	l.markQuotes()
	l.rescue()
	l.trimAboveQuote()
	l.markNotices()
	l.markSignature(sender)
	r := Reply{
		Text: l.join(partText), Quoted: l.join(partQuote),
		Signature: l.join(partSign), Disclaimer: l.join(partNotice),
	}
	if tail != "" {
		if n := len(l.part); n > 0 && l.part[n-1] == partQuote {
			r.Quoted += "\n" + tail
		} else {
			r.Text += "\n" + tail
		}
	}
	if r.Signature == "" {
		r.Signature = closing(r.Text)
	}
	r.Only = r.Text == "" && r.Quoted != ""
	return r
}

// Reply takes the mail apart. Where the mailer's markup says what is quoted,
// that counts; else the words of the text do.
func (m *Mail) Reply() Reply {
	text := m.Text
	if marked, found := markHTML(m.HTML); found || text == "" {
		text = htmlText(marked)
	}
	sender := ""
	if len(m.From) > 0 {
		sender = m.From[0].Email
	}
	return strip(text, sender)
}

// normalise makes line ends and the spaces of webmailers plain.
func normalise(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	// QQ Mail writes its HTML spaces into the plain part.
	return strings.ReplaceAll(s, "&nbsp;", " ")
}

// capText cuts s behind maxStripBytes or maxStripLines, at a line's end.
func capText(s string) (head, tail string) {
	end := len(s)
	if end > maxStripBytes {
		end = maxStripBytes
		if i := strings.LastIndexByte(s[:end], '\n'); i >= 0 {
			end = i
		}
		for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
			end--
		}
	}
	for i, lines := 0, 0; i < end; i++ {
		if s[i] == '\n' {
			if lines++; lines == maxStripLines {
				end = i
			}
		}
	}
	return s[:end], s[end:]
}

func newLetter(text string) *letter {
	l := &letter{raw: strings.Split(text, "\n")}
	l.clean = make([]string, len(l.raw))
	l.part = make([]part, len(l.raw))
	l.inside = make([]bool, len(l.raw))
	depth := 0
	for i, s := range l.raw {
		l.clean[i] = cleanLine(s)
		switch l.clean[i] {
		case markOpen:
			depth++
			l.quotes = true
		case markClose:
			depth = max(0, depth-1)
		default:
			l.inside[i] = depth > 0
			continue
		}
		l.clean[i] = ""
	}
	return l
}

// cleanLine makes every kind of space plain, drops invisible marks and trims.
func cleanLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069', r == '\ufeff':
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// join returns the lines of one part with blank runs folded to one.
func (l *letter) join(p part) string {
	var b strings.Builder
	blank := false
	for i, s := range l.raw {
		if l.part[i] != p || l.clean[i] == "" || l.clean[i] == markRest {
			blank = true
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if blank {
				b.WriteByte('\n')
			}
		}
		blank = false
		b.WriteString(strings.TrimRightFunc(s, unicode.IsSpace))
	}
	return strings.TrimSpace(b.String())
}

// quoted reports whether line i carries a quote mark.
func (l *letter) quoted(i int) bool {
	return l.inside[i] || strings.HasPrefix(l.clean[i], ">") || strings.HasPrefix(l.clean[i], "＞")
}

// next returns the first line from i on that is not blank, or len.
func (l *letter) next(i int) int {
	for i < len(l.clean) && l.clean[i] == "" {
		i++
	}
	return i
}

// set marks the lines from..to-1.
func (l *letter) set(from, to int, p part) {
	for i := from; i < to; i++ {
		l.part[i] = p
	}
}

// markQuotes finds earlier mails. What introduces one takes all that follows,
// unless the lines below carry marks of their own: then only these.
func (l *letter) markQuotes() {
	n := len(l.clean)
	fenced := l.fences()
	written := false // the sender's own words lie above
	for i := 0; i < n; {
		switch {
		case l.clean[i] == "" || fenced[i]:
			written = written || fenced[i]
			i++
			continue
		case l.quoted(i):
			i = l.markMarked(i)
			continue
		}
		end := l.intro(i)
		switch {
		case end > i:
			l.quotes = true
			l.set(i, end, partQuote)
			if at := l.next(end); at < n && l.quoted(at) {
				i = at
				continue
			}
			l.set(end, n, partQuote)
			return
		case written && isSentFrom(l.clean[i]):
			l.part[i] = partSign
			// What follows the phone's line without any mark is the mail
			// that was answered: some apps put nothing between.
			at := l.next(i + 1)
			if at < n && !l.quoted(at) && l.intro(at) == at && !isSentFrom(l.clean[at]) && at > i+1 && !isRule(l.clean[at]) {
				l.quotes = true
				l.set(at, n, partQuote)
				return
			}
		default:
			written = true
		}
		i++
	}
}

// markMarked marks the run of ">" lines at i and the ends of its lines that a
// mailer wrapped without a mark; it returns the line behind.
func (l *letter) markMarked(i int) int {
	n := len(l.clean)
	for i < n && l.clean[i] != "" {
		switch {
		case l.quoted(i):
		case l.wrapped(i):
		default:
			return i
		}
		l.part[i] = partQuote
		i++
	}
	return i
}

// wrapped reports whether unmarked line i is the end of the quoted line above
// it: that one is long and breaks off in the middle of a sentence.
func (l *letter) wrapped(i int) bool {
	above := l.clean[i-1]
	if width(above) < 60 || l.intro(i) > i {
		return false
	}
	r, _ := utf8.DecodeRuneInString(l.clean[i])
	last, _ := utf8.DecodeLastRuneInString(above)
	return unicode.IsLower(r) || r > 0x2e80 && !strings.ContainsRune("。！？.!?：:", last)
}

// fences reports the lines inside a pair of ``` lines: pasted code.
func (l *letter) fences() []bool {
	in := make([]bool, len(l.clean))
	open := -1
	for i, s := range l.clean {
		if !strings.HasPrefix(s, "```") {
			continue
		}
		if open < 0 {
			open = i
			continue
		}
		for k := open; k <= i; k++ {
			in[k] = true
		}
		open = -1
	}
	return in
}

// rescue gives back what must have been written below or between quotes when
// nothing was found above them.
func (l *letter) rescue() {
	first, marked := -1, -1
	for i := range l.clean {
		if l.clean[i] == "" {
			continue
		}
		if l.part[i] == partText {
			return
		}
		if l.part[i] == partQuote && first < 0 {
			first = i
		}
		if l.quoted(i) && marked < 0 {
			marked = i
		}
	}
	if !l.quotes { // ">" and nothing else: "> 3 days without an answer"
		for i := range l.part {
			if l.part[i] == partQuote {
				l.part[i] = partText
			}
		}
		return
	}
	if marked < 0 {
		return
	}
	for i := marked; i < len(l.clean); i++ {
		if !l.quoted(i) && !l.wrapped(i) {
			l.part[i] = partText
		}
	}
}

// trimAboveQuote takes the drawn lines above a quote, and the sender's bare
// address that Foxmail puts there, out of the text.
func (l *letter) trimAboveQuote() {
	for i := 1; i < len(l.clean); i++ {
		if l.part[i] != partQuote || l.part[i-1] != partText || l.quoted(i) {
			continue
		}
		at := i - 1
		for ; at >= 0 && l.part[at] == partText && (l.clean[at] == "" || isRule(l.clean[at])); at-- {
			l.part[at] = partQuote
		}
		if at > 0 && l.part[at] == partText && bareAddress.MatchString(l.clean[at]) && l.clean[at-1] == "" {
			l.part[at] = partSign
			for at--; at >= 0 && (l.clean[at] == "" || isRule(l.clean[at])); at-- {
				l.part[at] = partSign
			}
		}
	}
}
