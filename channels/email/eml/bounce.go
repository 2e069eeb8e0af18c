package eml

import (
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

var (
	spaceRuns = lazy(`\s+`)
	daemons   = lazy(`(?i)mailer-?daemon|post[_-]?master|mail[ .-]?delivery|maildelivery|delivery (?:subsystem|system)|undeliver|mail administrator|mail[ -]system|system administrator|系统退信|退信|^<>$`)
	returned  = lazy(`(?i)undeliver|undelivered|non[- ]?deliver|not delivered|(?:delivery|deliver) (?:status )?(?:notification|failure|failed|has failed|problem|error|report|delay)|delivery (?:has )?(?:been )?(?:failed|delayed)|failure notice|failed (?:mail|delivery)|fail(?:ed|ure).{0,20}deliver|returned (?:mail|to sender|message)|returning message|mail (?:system )?error|message (?:you sent blocked|delivery|not)|could not (?:be )?(?:deliver|send)|can(?:not|'t) (?:be )?(?:deliver|send)|couldn't be delivered|warning: (?:could not|message)|bounced?\b|` +
		`nicht zugestellt|unzustellbar|zustellung|non remis|non distribu|échec|no (?:se ha )?entregad|non recapit|falha|retorno|ошибка|не доставлен|сообщение не|` +
		`退信|退回|投递失败|投遞失敗|发送失败|發送失敗|无法投递|無法投遞|未送达|未送達|无法送达|無法送達|未能送达|未能投递|传送失败|傳送失敗|傳遞失敗|配信|送信できません|エラーメール|未配達|배달 실패|전송 실패`)
	failure = lazy(`(?i)could(?: not|n't) (?:be )?deliver|(?:not|never) (?:be )?(?:been )?delivered|unable to deliver|undeliverable|did not reach|delivery (?:to|of|has|failed|attempt)|permanent(?:ly)? (?:fail|error|fatal)|(?:following|these) (?:address|recipient)|delivery (?:failure|error)|error (?:occurred|delivering|message)|returned|bounced?|unknown (?:user|recipient)|user (?:unknown|mailbox)|mailbox|no such (?:user|account)|rejected|not a member|may not exist|` +
		`无法投递|無法投遞|投递失败|退回|退信|无法送达|無法送達|不存在|配信でき|送信でき|送信に失敗|届けることができ|не может быть доставлен`)
	smtpReply = lazy(`(?m)(?:^|[^\d.])[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b)?|(?:^|[\s(#])[45]\.\d{1,3}\.\d{1,3}\b`)
	notMember = lazy(`(?i)\bare not (?:a )?member|\bmembers? only\b|not (?:a )?(?:member|subscriber)s? of (?:this|the) (?:mailing )?list`)
)

// reads reports whether a mail without a status part reads like a bounce.
func (m *Mail) reads(r report) bool {
	if m.Header.Has("X-Failed-Recipients") || r.declared {
		return true
	}
	points := 0
	from := m.Header.Get("From")
	daemon := daemons.MatchString(from) || from == "" && m.Header.Has("Received")
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
var bounceWords = lazy(`(?i)this message was created automatically by mail delivery software|this is the mail(?:er-daemon| system at)|mail delivery agent|automatically generated delivery status|` +
	`could not be delivered to: ?<|your message (?:could not|was not|wasn't|couldn't) (?:be )?delivered|i wasn't able to deliver your message|送信できませんでした|您的邮件被退回|您发送的邮件.{0,20}(?:失败|退回|无法)|未能将您的邮件|配信できませんでした`)

// emptyPath reports whether the envelope sender was empty.
func emptyPath(m *Mail) bool {
	path := m.Header.Values("Return-Path")
	return len(path) > 0 && strings.Trim(path[0], "<> ") == ""
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
	failedHere = lazy(`(?i)(?:deliver(?:y|ed|ing)?[^\n@]{0,60}\bto\b|message to|mail to|rcpt to|recipients?|address(?:es)?|user|mailbox|account|收件人|收件者|收信人|邮箱|地址|宛先|送信先|发给|发往|发至|发送给|投递到|寄给|發給|寄給|addresses? failed|unknown user|allowed size|attempts|received >>>)[^\n@]{0,30}?[:：<\s"'(]\s*["'<(]?([^\s<>"'(),;:：\[\]]+@[^\s<>"'(),;:：\[\]]+)`)
	lineStart  = lazy(`^[\s*•"'<]*([^\s<>"'(),;:：\[\]*]+@[^\s<>"'(),;:：\[\]]+)["'>]*(?:\s*<mailto:[^>]*>)?(?:$|\s*[:：,]|\s+on\s|\s*\(|\s+[-–])`)
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
		switch {
		case d.Delayed && (d.Reason == "" || isVague[d.Reason]):
			d.Reason = "expired"
		case d.Reason == "":
			d.Reason = "onhold"
		}
		d.Hard = hard(d)
		all = append(all, d)
	}
	return all
}

var delayed = lazy(`(?i)warning (?:message )?only|still being (?:re-?)?tried|not yet been delivered|delivery attempts will continue|has been delayed|is delayed for|temporary failure report|do not need to re-?send|will be retried|will keep trying|投递延迟|延迟投递`)
