package eml

import (
	"cmp"
	"slices"
	"strings"
)

// maxReport is how much of a report is read: what matters stands at its
// beginning.
const maxReport = 32 << 10 // bytes

// report is what a mail holds of a report's parts.
type report struct {
	text     string   // prose, without the copy of the original mail
	status   []string // one block per recipient, folded lines joined
	feedback Header   // of a complaint
	original string   // Message-ID
	to       string   // recipient of the original, for complaints
	subject  string   // of the original
	declared bool     // multipart/report; report-type=delivery-status

	lines   []string   // of text
	heads   []string   // the address that a line begins with, or ""
	answers []exchange // of a transcript in text
	whole   whole
}

// exchange is a command of a transcript and a line of its answer.
type exchange struct{ ask, answer string }

// index prepares the text for looking up many recipients.
func (r *report) index() {
	r.lines = strings.Split(r.text, "\n")
	r.heads = make([]string, len(r.lines))
	ask := ""
	for i, s := range r.lines {
		if m := lineStart.FindStringSubmatch(s); m != nil {
			r.heads[i] = strings.TrimRight(m[1], ".>")
		}
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, ">>> ") {
			ask = s
		}
		if answer, ok := strings.CutPrefix(s, "<<< "); ok {
			r.answers = append(r.answers, exchange{ask, answer})
		}
	}
	r.whole = weigh(r.text)
}

// report takes the mail's parts.
func (m *Mail) report() report {
	var r report
	ct := strings.ToLower(m.Header.Get("Content-Type"))
	r.declared = strings.Contains(ct, "multipart/report") && strings.Contains(ct, "delivery-status")
	var plain, page strings.Builder
	for i := range m.Parts {
		p := &m.Parts[i]
		switch p.Type {
		case "message/delivery-status", "message/global-delivery-status":
			r.status = append(r.status, recipients(p.Text())...)
		case "message/feedback-report":
			r.feedback, _, _ = splitHeader(p.Data)
			if r.feedback == nil {
				r.feedback = Header{}
			}
		case "message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global", "message/global-headers", "message/partial":
			h, _, _ := splitHeader(p.Data)
			r.quote(h)
		case "text/plain":
			if p.Disposition != "attachment" && plain.Len() < maxReport {
				plain.WriteString(p.Text() + "\n")
			}
		case "text/html":
			if page.Len() < maxReport {
				page.WriteString(htmlText(head(p.Text(), 4*maxReport)) + "\n")
			}
		}
	}
	text := plain.String()
	if strings.TrimSpace(text) == "" {
		text = page.String()
	}
	if strings.TrimSpace(text) == "" {
		text = m.Text
	}
	text, copied := cutOriginal(head(text, maxReport))
	r.text = text
	if r.original == "" && copied != "" {
		h, _, _ := splitHeader([]byte(copied))
		r.quote(h)
		if r.original == "" {
			r.original = idIn(copied)
		}
	}
	if r.original == "" {
		r.original = idIn(text)
	}
	if r.original == "" && len(m.InReplyTo) > 0 {
		r.original = m.InReplyTo[0]
	}
	if len(r.status) == 0 && strings.Contains(text, "Final-Recipient") {
		r.status = recipients(text) // parts glued into one by a broken boundary
	}
	return r
}

// quote takes what the header of the original mail tells.
func (r *report) quote(h Header) {
	if r.original != "" {
		return
	}
	r.original = strings.Trim(strings.TrimSpace(h.Get("Message-ID")), "<>")
	r.to = mailboxIn.FindString(h.Get("To"))
	r.subject = h.Get("Subject")
}

var (
	messageID = lazy(`(?im)^[ \t>]*message-id:\s*<([^<>\s]{1,250})>`)
	// copyBegins is the line after which a report repeats the original mail.
	copyBegins = lazy(`(?im)^[ \t]*(?:-{2,}[^\n]{0,30}(?:original message|copy of (?:the|your) message|header of the original|unsent message|message header|returned message|undelivered message|below this line)[^\n]*|` +
		`original message (?:follows|headers?)\S*|message headers follow\.?|(?:below|included|attached|enclosed) is (?:a copy of )?the (?:original )?message[^\n]*|(?:your |the )?original message(?: headers?)?(?: follows| is below| is attached)?[:.]?|` +
		`\*{2,}[^\n]{0,20}end of message[^\n]*|-+\s*原(?:始)?邮件[^\n]*|return-path: *<[^\n]*|received: (?:from|by|\(qmail)[^\n]*)$`)
)

// cutOriginal parts the prose of a report from the copy of the mail.
func cutOriginal(text string) (prose, copied string) {
	at := copyBegins.FindStringIndex(text)
	if at == nil || at[0] == 0 {
		return text, ""
	}
	rest := text[at[0]:]
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(rest)), "re") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(rest)), "returned") {
		rest = text[at[1]:]
	}
	return text[:at[0]], strings.TrimLeft(rest, "\n- ")
}

func idIn(text string) string {
	if m := messageID.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// head is at most n bytes of s, at a character's end.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// recipients cuts a delivery-status part into its recipients, with folded lines
// joined. The block about the message itself is left out. A blank line that a
// server put within a recipient's block is no end: a second recipient is.
func recipients(s string) []string {
	var all []string
	var b strings.Builder
	has := map[string]bool{}
	flush := func() {
		if has["final-recipient"] || has["original-recipient"] || has["action"] && has["status"] {
			all = append(all, b.String())
		}
		b.Reset()
		clear(has)
	}
	for line := range strings.Lines(strings.ReplaceAll(s, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\n \t")
		if line == "" {
			if has["final-recipient"] {
				flush()
			} else if !has["action"] && !has["original-recipient"] {
				b.Reset()
				clear(has)
			}
			continue
		}
		if line[0] == ' ' || line[0] == '\t' || startsCode.MatchString(line) {
			b.WriteString(" " + strings.TrimSpace(line))
			continue
		}
		key, _, ok := strings.Cut(line, ":")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok {
			continue
		}
		if key == "final-recipient" && has[key] {
			flush()
		}
		has[key] = true
		b.WriteString("\n" + line)
		if len(all) >= maxDeliveries {
			return all
		}
	}
	flush()
	return all
}

var startsCode = lazy(`^[245]\d\d[ -]`)

// field returns a field of a block.
func blockField(block, name string) string {
	for line := range strings.Lines(block) {
		key, v, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// typed drops the type before the first semicolon: "rfc822; a@b".
func typed(v string) (kind, rest string) {
	if k, r, ok := strings.Cut(v, ";"); ok && len(k) < 30 && !strings.ContainsAny(k, "@<>") {
		return strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(r)
	}
	return "", v
}

// address is the bare address in v.
func address(v string) string {
	if a := mailboxIn.FindString(v); a != "" {
		return strings.TrimRight(a, ".;>")
	}
	return strings.Trim(v, " <>\"'")
}

// near returns the lines about a recipient: from the one that begins with the
// address, or holds it, to the next blank line or the next recipient.
func (r report) near(to string) string {
	if to == "" {
		return ""
	}
	begin := slices.IndexFunc(r.heads, func(a string) bool { return strings.EqualFold(a, to) })
	limit := 16
	if low := strings.ToLower(to); begin < 0 {
		limit = 5
		begin = slices.IndexFunc(r.lines, func(s string) bool { return strings.Contains(strings.ToLower(s), low) })
	}
	if begin < 0 {
		return ""
	}
	end := begin + 1
	for blank := 0; end < len(r.lines) && end < begin+limit; end++ {
		if strings.TrimSpace(r.lines[end]) == "" {
			// Some put one blank line between the address and the words.
			if blank++; blank > 1 || end > begin+1 {
				break
			}
			continue
		}
		if r.heads[end] != "" && !strings.EqualFold(r.heads[end], to) {
			break
		}
	}
	return head(strings.Join(r.lines[begin:end], "\n"), maxWords)
}

var commands = lazy(`(?i)in\s+reply\s+to\s+(?:end\s+of\s+)?(MAIL FROM|RCPT TO|DATA|EHLO|HELO|AUTH|STARTTLS)|(?:after|to|for)\s+(?:pipelined\s+|initial\s+)?(MAIL FROM|RCPT(?: TO)?|end of data|DATA|TEXT|EHLO|HELO)\b|\[(RCPT_TO|MAIL_FROM|DATA)\]|SMTP:(RCPT|MAIL|DATA)|(?:sent )?(?:<<<|>>>)\s*(RCPT TO|MAIL FROM|DATA|EHLO|HELO)|after (initial connection)|(refused to talk) to me|my (name) was rejected|(sender) was rejected|did not like our (?:final )?(RCPT TO|MAIL FROM|DATA|EHLO|HELO)|SMTP command\s+(RCPT TO|MAIL FROM|DATA)`)

// command returns the SMTP command that was refused for a recipient: rcpt,
// mail, data, ehlo or "" when the report does not say.
func (r report) command(to, diagnostic string) string {
	for _, x := range r.answers {
		if to != "" && strings.Contains(x.answer, to) || diagnostic != "" && strings.HasPrefix(x.answer, head(diagnostic, 30)) {
			return verb(x.ask)
		}
	}
	return cmp.Or(verb(r.near(to)), r.whole.verb)
}

func verb(s string) string {
	m := commands.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	for _, v := range m[1:] {
		switch v = strings.ToUpper(v); {
		case v == "":
		case strings.HasPrefix(v, "RCPT"):
			return "rcpt"
		case strings.HasPrefix(v, "MAIL"), v == "SENDER":
			return "mail"
		case v == "DATA" || v == "TEXT" || v == "END OF DATA":
			return "data"
		default:
			return "ehlo"
		}
	}
	return ""
}
