package router

import (
	"cmp"
	"strings"
	"time"

	"zongji/bot"
	"zongji/channels"
	"zongji/channels/email/eml"
	"zongji/internal/zongji"
)

// Automatic mails, by what Mail.Auto says of them.
const (
	autoAck   = "ack"   // it has come
	autoHours = "hours" // it has come, and nobody works now
)

// acknowledge tells the writer of a mail that it has come, where the account
// wants that and nothing speaks against it: a machine wrote it, the thread has
// had its acknowledgement, the writer enough of them for an hour, or he writes
// faster than people do. back is when people are there again, 0 they are.
func (r *Router) acknowledge(c *zongji.Conversation, tx *tx, back zongji.Ms) error {
	b, now := r.book.Load(), r.now()
	set := b.channels[c.Channel]
	if !r.mails(c.Kind) || set.Settings["ack"] != "on" {
		return nil
	}
	last, ok, err := tx.MailLast()
	if err != nil || !ok {
		return err
	}
	was := mailOf(&last)
	if was.Quarantine != "" || was.Auth == "fail" || was.Match == "split" || was.Match == "joined" {
		return nil // nobody, or another than who seems to have written, would get it
	}
	var n eml.Sent
	if n.Acks, n.LastHour, n.Received, err = tx.MailCounts(now); err != nil {
		return err
	}
	if ok, why := eml.MayAck(eml.Class(was.Class), n, eml.Limits{}); !ok {
		r.metrics.dropped.WithLabelValues("ack_" + why).Inc()
		return nil
	}
	auto, lang := autoAck, bot.Lang(c.Lang)
	args := map[string]string{"number": c.Thread, "hours": "", "answer_time": ""}
	q := b.queues[c.Queue]
	if q.AnswerS > 0 {
		args["answer_time"] = b.answerBy(q, now).Format("2006-01-02 15:04")
	}
	text, key := set.Settings["ack_text"], "mail_ack"
	switch {
	case back != 0:
		auto, text, key = autoHours, set.Settings["hours_text"], "mail_hours"
		args["hours"] = b.local(q, back.Time()).Format("2006-01-02 15:04")
	case q.AnswerS > 0:
		key = "mail_ack_by"
	}
	m := zongji.Message{From: zongji.FromSystem, Text: bot.Text(c.Lang, key, args), CID: auto}
	if text = channels.InLang(text, lang); text != "" {
		m.Text = fill(text, args)
	}
	to := cmp.Or(was.From.Addr, last.AuthorName)
	if err := r.compose(c, tx, &m, &Letter{To: []zongji.MailAddr{{Name: was.From.Name, Addr: to}}}, auto); err != nil {
		return err
	}
	r.tell(c, tx, m, 0)
	return nil
}

// answerBy is until when a queue promises an answer to what comes now.
func (b *book) answerBy(q zongji.Queue, now zongji.Ms) time.Time {
	at, d := now.Time(), time.Duration(q.AnswerS)*time.Second
	if cal, ok := b.calendars[q.Calendar]; ok {
		return cal.Add(at, d).In(cal.Zone())
	}
	return at.Add(d)
}

// local is a moment as people of a queue have it.
func (b *book) local(q zongji.Queue, at time.Time) time.Time {
	if cal, ok := b.calendars[q.Calendar]; ok {
		return at.In(cal.Zone())
	}
	return at
}

// fill puts values for {name} into a text of the company's.
func fill(text string, args map[string]string) string {
	for name, v := range args {
		text = strings.ReplaceAll(text, "{"+name+"}", v)
	}
	return text
}
