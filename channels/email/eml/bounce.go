package eml

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Bounce is what a report says about a mail of ours: delivery reports by
// RFC 3464, the many that are prose, complaints by RFC 5965 and absence notes
// by RFC 3834. The first failed delivery is repeated at the top.
type Bounce struct {
	Delivery
	OriginalMessageID string // without <>; "" when the report does not say
	Ticket            string // "T-1024" when only the subject in the report tells
	Deliveries        []Delivery
}

// Delivery is the fate of the mail at one recipient.
type Delivery struct {
	Recipient  string `json:"recipient"`
	Status     string `json:"status"` // x.y.z of RFC 3463; "" when not said
	Diagnostic string `json:"diagnostic"`
	Reason     string `json:"reason"`  // userunknown, mailboxfull … in Sisimai's words; onhold when nothing tells
	Hard       bool   `json:"hard"`    // the address is dead: write there no more
	Delayed    bool   `json:"delayed"` // still tried: not a failure
}

// Failed reports whether a mail did not arrive and will not.
func (d Delivery) Failed() bool {
	switch d.Reason {
	case "feedback", "vacation", "delivered":
		return false
	}
	return !d.Delayed
}

// The most of a report that is read. What matters stands at the beginning.
const maxReport = 32 << 10 // bytes

// maxDeliveries is how many recipients of one report are told.
const maxDeliveries = 100

// Bounce reads the mail as a report about one of ours; false when it is none.
func (m *Mail) Bounce() (Bounce, bool) {
	r := m.report()
	var found []Delivery
	switch {
	case r.feedback != nil:
		found = complaint(r)
	case len(r.status) > 0:
		r.index()
		found = r.deliveries()
	}
	if len(found) == 0 && m.reads(r) {
		r.index()
		found = r.prose(m.ownWords())
	}
	if len(found) == 0 && m.away() {
		d := Delivery{Reason: "vacation", Diagnostic: head(m.Text, 500)}
		if len(m.From) > 0 {
			d.Recipient = m.From[0].Email
		}
		found = []Delivery{d}
	}
	if len(found) == 0 {
		return Bounce{}, false
	}
	b := Bounce{Delivery: found[0], Deliveries: found, OriginalMessageID: r.original}
	for _, d := range found {
		if d.Failed() {
			b.Delivery = d
			break
		}
	}
	if id := ticketIn(r.text + "\n" + r.subject); id != "" {
		b.Ticket = id
	}
	return b, true
}

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
	messageID = regexp.MustCompile(`(?im)^[ \t>]*message-id:\s*<([^<>\s]{1,250})>`)
	// copyBegins is the line after which a report repeats the original mail.
	copyBegins = regexp.MustCompile(`(?im)^[ \t]*(?:-{2,}[^\n]{0,30}(?:original message|copy of (?:the|your) message|header of the original|unsent message|message header|returned message|undelivered message|below this line)[^\n]*|` +
		`original message (?:follows|headers?)\S*|message headers follow\.?|(?:below|included|attached|enclosed) is (?:a copy of )?the (?:original )?message[^\n]*|(?:your|the) original message(?: headers?)?(?: follows| is below| is attached)?[:.]?|` +
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

var startsCode = regexp.MustCompile(`^[245]\d\d[ -]`)

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

// deliveries reads the blocks of a delivery-status part.
func (r report) deliveries() []Delivery {
	var all []Delivery
	for _, block := range r.status {
		_, to := typed(blockField(block, "Final-Recipient"))
		_, first := typed(blockField(block, "Original-Recipient"))
		if !strings.Contains(to, "@") && strings.Contains(first, "@") {
			to = first
		}
		to = address(to)
		kind, diagnostic := typed(blockField(block, "Diagnostic-Code"))
		action := strings.ToLower(blockField(block, "Action"))
		status := blockField(block, "Status")
		near := r.near(to)
		e := evidence{kind: kind, diagnostic: diagnostic, status: status, near: near, whole: r.whole, command: r.command(to, diagnostic), alone: len(r.status) == 1}
		d := Delivery{Recipient: to, Diagnostic: diagnostic}
		if d.Diagnostic == "" {
			d.Diagnostic = head(strings.TrimSpace(spaceRuns.ReplaceAllString(near, " ")), 500)
		}
		d.Status = e.code()
		switch {
		case strings.HasPrefix(action, "deliver") || strings.HasPrefix(action, "relayed") || strings.HasPrefix(action, "expanded") || strings.HasPrefix(d.Status, "2."):
			d.Reason = "delivered"
		case strings.HasPrefix(action, "delayed"):
			d.Delayed = true
			d.Reason = e.reason()
			if d.Reason == "" || d.Reason == "hostunknown" {
				d.Reason = "expired"
			}
		default:
			d.Reason = e.reason()
		}
		if d.Reason == "" {
			d.Reason = "onhold"
		}
		d.Hard = hard(d)
		if !slices.Contains(all, d) { // some repeat a recipient
			all = append(all, d)
		}
	}
	return all
}

// complaint reads a feedback report.
func complaint(r report) []Delivery {
	var all []Delivery
	to := r.feedback.Values("Original-Rcpt-To")
	to = append(to, r.feedback.Values("Removal-Recipient")...)
	if len(to) == 0 && r.to != "" {
		to = []string{r.to}
	}
	if len(to) == 0 {
		to = []string{""}
	}
	for _, v := range to[:min(len(to), maxDeliveries)] {
		_, v = typed(v)
		all = append(all, Delivery{Recipient: address(v), Reason: "feedback", Diagnostic: r.feedback.Get("Feedback-Type")})
	}
	return all
}

// address is the bare address in v.
func address(v string) string {
	if a := mailboxIn.FindString(v); a != "" {
		return strings.TrimRight(a, ".;>")
	}
	return strings.Trim(v, " <>\"'")
}

var (
	spaceRuns = regexp.MustCompile(`\s+`)
	daemons   = regexp.MustCompile(`(?i)mailer-?daemon|post[_-]?master|mail[ .-]?delivery|maildelivery|delivery (?:subsystem|system)|undeliver|mail administrator|mail[ -]system|system administrator|系统退信|退信|^<?>?$`)
	returned  = regexp.MustCompile(`(?i)undeliver|undelivered|non[- ]?deliver|not delivered|(?:delivery|deliver) (?:status )?(?:notification|failure|failed|has failed|problem|error|report|delay)|delivery (?:has )?(?:been )?(?:failed|delayed)|failure notice|failed (?:mail|delivery)|fail(?:ed|ure).{0,20}deliver|returned (?:mail|to sender|message)|returning message|mail (?:system )?error|message (?:you sent blocked|delivery|not)|could not (?:be )?(?:deliver|send)|can(?:not|'t) (?:be )?(?:deliver|send)|couldn't be delivered|warning: (?:could not|message)|bounced?\b|` +
		`nicht zugestellt|unzustellbar|zustellung|non remis|non distribu|échec|no (?:se ha )?entregad|non recapit|falha|retorno|ошибка|не доставлен|сообщение не|` +
		`退信|退回|投递失败|投遞失敗|发送失败|發送失敗|无法投递|無法投遞|未送达|未送達|无法送达|無法送達|未能送达|未能投递|传送失败|傳送失敗|傳遞失敗|配信|送信できません|エラーメール|未配達|배달 실패|전송 실패`)
	failure = regexp.MustCompile(`(?i)could(?: not|n't) (?:be )?deliver|(?:not|never) (?:be )?(?:been )?delivered|unable to deliver|undeliverable|did not reach|delivery (?:to|of|has|failed|attempt)|permanent(?:ly)? (?:fail|error|fatal)|(?:following|these) (?:address|recipient)|delivery (?:failure|error)|error (?:occurred|delivering|message)|returned|bounced?|unknown (?:user|recipient)|user (?:unknown|mailbox)|mailbox|no such (?:user|account)|rejected|not a member|may not exist|` +
		`无法投递|無法投遞|投递失败|退回|退信|无法送达|無法送達|不存在|配信でき|送信でき|送信に失敗|届けることができ|не может быть доставлен`)
	smtpReply = regexp.MustCompile(`(?m)(?:^|[^\d.])[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b)?|(?:^|[\s(#])[45]\.\d{1,3}\.\d{1,3}\b`)
	notMember = regexp.MustCompile(`(?i)\bare not (?:a )?member|not (?:a )?(?:member|subscriber)s? of (?:this|the) (?:mailing )?list`)
)

// reads reports whether a mail without a status part reads like a bounce.
func (m *Mail) reads(r report) bool {
	if m.Header.Has("X-Failed-Recipients") || r.declared {
		return true
	}
	points := 0
	from := m.Header.Get("From")
	daemon := daemons.MatchString(from) || from == ""
	stranger := notMember.MatchString(m.Subject) && notMember.MatchString(r.text) // to a mailing list
	if !daemon && !emptyPath(m) && !m.machine() && !stranger {
		return false // whatever a person writes about
	}
	words := failure.MatchString(r.text)
	for _, sign := range []struct {
		seen   bool
		points int
	}{
		{daemon, 2}, {emptyPath(m), 1}, {stranger, 3}, {returned.MatchString(m.Subject), 2},
		{words, 1}, {words && smtpReply.MatchString(r.text), 1}, {bounceWords.MatchString(r.text), 2},
	} {
		if sign.seen {
			points += sign.points
		}
	}
	return points >= 3
}

// bounceWords are sentences that only a mail server writes.
var bounceWords = regexp.MustCompile(`(?i)this message was created automatically by mail delivery software|this is the mail(?:er-daemon| system at)|mail delivery agent|automatically generated delivery status|` +
	`could not be delivered to: ?<|your message (?:could not|was not|wasn't|couldn't) (?:be )?delivered|i wasn't able to deliver your message|送信できませんでした|您的邮件被退回|您发送的邮件.{0,20}(?:失败|退回|无法)|未能将您的邮件|配信できませんでした`)

// emptyPath reports whether the envelope sender was empty.
func emptyPath(m *Mail) bool {
	for _, v := range m.Header.Values("Return-Path") {
		if v = strings.TrimSpace(v); v == "<>" || v == "" {
			return true
		}
		return false
	}
	return false
}

// ownWords are the addresses that a report repeats without meaning a
// recipient: the one it was sent to, and its own.
func (m *Mail) ownWords() map[string]bool {
	own := map[string]bool{}
	for _, list := range [][]Addr{m.From, m.To, m.Cc, m.ReplyTo, m.Sender} {
		for _, a := range list {
			own[strings.ToLower(a.Email)] = true
		}
	}
	return own
}

var (
	// failedHere leads to a recipient in prose.
	failedHere = regexp.MustCompile(`(?i)(?:deliver(?:y|ed|ing)?[^\n@]{0,60}\bto\b|message to|mail to|rcpt to|recipients?|address(?:es)?|user|mailbox|account|收件人|收件者|收信人|邮箱|地址|宛先|送信先|addresses? failed|unknown user|allowed size|received >>>)[^\n@]{0,30}?[:：<\s"'(]\s*["'<(]?([^\s<>"'(),;:：\[\]]+@[^\s<>"'(),;:：\[\]]+)`)
	lineStart  = regexp.MustCompile(`^[\s*•"'<]*([^\s<>"'(),;:：\[\]*]+@[^\s<>"'(),;:：\[\]]+)["'>]*(?:\s*<mailto:[^>]*>)?(?:$|\s*[:：,]|\s+on\s|\s*\(|\s+[-–])`)
)

// prose finds recipients and reasons in a report without a status part.
func (r report) prose(own map[string]bool) []Delivery {
	seen := map[string]bool{}
	var to []string
	add := func(a string) {
		a = strings.TrimRight(a, ".>")
		if k := strings.ToLower(a); !seen[k] && !own[k] && len(to) < maxDeliveries {
			seen[k] = true
			to = append(to, a)
		}
	}
	for _, a := range r.heads {
		if a != "" {
			add(a)
		}
	}
	if len(to) == 0 {
		for _, m := range failedHere.FindAllStringSubmatch(r.text, maxDeliveries) {
			add(m[1])
		}
	}
	if len(to) > 1 { // only those with words of their own, unless none has
		var told []string
		for _, a := range to {
			if strings.TrimSpace(r.near(a)) != a {
				told = append(told, a)
			}
		}
		if len(told) > 0 {
			to = told
		}
	}
	if len(to) == 0 {
		to = []string{r.to}
	}
	var all []Delivery
	for _, a := range to {
		near := r.near(a)
		e := evidence{near: near, whole: r.whole, command: r.command(a, near), alone: len(to) == 1}
		d := Delivery{Recipient: a, Status: e.code(), Reason: e.reason(), Diagnostic: head(strings.TrimSpace(spaceRuns.ReplaceAllString(near, " ")), 500)}
		if d.Diagnostic == "" {
			d.Diagnostic = head(strings.TrimSpace(spaceRuns.ReplaceAllString(r.text, " ")), 500)
		}
		d.Delayed = r.whole.delayed
		if d.Reason == "" {
			d.Reason = "onhold"
			if d.Delayed {
				d.Reason = "expired"
			}
		}
		d.Hard = hard(d)
		all = append(all, d)
	}
	return all
}

var delayed = regexp.MustCompile(`(?i)warning message only|has been delayed|is delayed for|temporary failure report|do not need to re-?send|will be retried|will keep trying|投递延迟|延迟投递`)

// near returns the lines about a recipient: from the one that begins with the
// address, or holds it, to the next blank line or the next recipient.
func (r report) near(to string) string {
	if to == "" {
		return ""
	}
	begin := slices.IndexFunc(r.heads, func(a string) bool { return strings.EqualFold(a, to) })
	if low := strings.ToLower(to); begin < 0 {
		begin = slices.IndexFunc(r.lines, func(s string) bool { return strings.Contains(strings.ToLower(s), low) })
	}
	if begin < 0 {
		return ""
	}
	end := begin + 1
	for blank := 0; end < len(r.lines) && end < begin+16; end++ {
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

var commands = regexp.MustCompile(`(?i)in\s+reply\s+to\s+(?:end\s+of\s+)?(MAIL FROM|RCPT TO|DATA|EHLO|HELO|AUTH|STARTTLS)|(?:after|to|for)\s+(?:pipelined\s+|initial\s+)?(MAIL FROM|RCPT(?: TO)?|end of data|DATA|TEXT|EHLO|HELO)\b|\[(RCPT_TO|MAIL_FROM|DATA)\]|SMTP:(RCPT|MAIL|DATA)|(?:sent )?(?:<<<|>>>)\s*(RCPT TO|MAIL FROM|DATA|EHLO|HELO)|my (name) was rejected|(sender) was rejected|did not like our (?:final )?(RCPT TO|MAIL FROM|DATA|EHLO|HELO)|SMTP command\s+(RCPT TO|MAIL FROM|DATA)`)

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
