package email

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"zongji/channels"
	"zongji/channels/email/eml"
	"zongji/channels/email/post"
	"zongji/internal/zongji"
)

const (
	maxLetter = 25 << 20 // bytes of the files of one mail: what most servers take, encoded
	copyWait  = 20 * time.Second
	burstPart = 10 // of an hour's mails may be sent at once: one in so many
	bucketKey = "mail:"
)

// Send hands a mail to the provider. Its Message-ID is made of the message's id,
// so that a mail which is sent twice is one to whoever gets both.
func (a *Account) Send(ctx context.Context, out zongji.Outbound) (channels.Sent, error) {
	l, err := a.letter(ctx, &out)
	if err != nil {
		return channels.Sent{}, err
	}
	if err := a.mayNow(ctx); err != nil {
		return channels.Sent{}, err
	}
	server := a.c.smtp
	server.Now = a.Clock.Now
	if a.c.auth != byPassword {
		if server.Password, err = a.c.oauth.access(ctx, a.Keep, a.Clock, ""); err != nil {
			return channels.Sent{}, &channels.SendError{Class: channels.AccountPaused, Code: code("oauth"), Reason: err.Error(), Err: err}
		}
	}
	res, err := post.Send(ctx, server, l, max(out.Try, 1))
	if err != nil {
		return channels.Sent{}, err
	}
	sent := channels.Sent{ExtID: l.ID, State: zongji.StateSent}
	for _, r := range res.Refused {
		a.Problem(cmp.Or(r.Err.Code, code("refused")), fmt.Sprintf("message %d: one of its recipients was refused: %s", out.Msg.ID, r.Err.Reason))
		sent.Note = strings.TrimSpace(sent.Note + " " + r.Address + ": " + r.Err.Reason)
	}
	if a.c.copies {
		a.copy(ctx, res.Raw)
	}
	return sent, nil
}

// mayNow keeps to what the provider lets a mailbox send.
func (a *Account) mayNow(ctx context.Context) error {
	if a.c.rate <= 0 || a.Shared == nil {
		return nil
	}
	burst := max(1, int(a.c.rate)/burstPart)
	ok, retry, err := a.Shared.Take(ctx, bucketKey+fmt.Sprint(a.acct.ID), 1, burst, a.c.rate/3600)
	if err != nil || ok { // without the bus nobody counts: the provider will say
		return nil
	}
	return &channels.SendError{Class: channels.AccountPaused, RetryAt: a.now().Add(retry), Code: code("rate"),
		Reason: fmt.Sprintf("the provider takes %.0f mails an hour of this address", a.c.rate)}
}

// letter is the mail that a message becomes.
func (a *Account) letter(ctx context.Context, out *zongji.Outbound) (l post.Letter, err error) {
	var m zongji.Mail
	if out.Msg.Kind == zongji.KindMail && len(out.Msg.Extra) > 0 {
		if err := json.Unmarshal(out.Msg.Extra, &m); err != nil {
			return l, refused("letter", "the mail's fields cannot be read")
		}
	}
	th, err := a.Threads.Thread(ctx, a.acct.ID, out.Thread)
	if err != nil {
		return l, &channels.SendError{Class: channels.Retry, Code: code("store"), Reason: err.Error(), Err: err}
	}
	l = post.Letter{ID: eml.NewID(out.Msg.ID, out.Thread, a.c.domain), Date: out.Msg.At.Time(), From: a.c.from,
		To: people(m.To), Cc: people(m.Cc), Bcc: people(m.Bcc), Subject: cmp.Or(m.Subject, answer(th.Subject)), Text: a.text(out)}
	if len(l.To) == 0 {
		l.To = a.correspondent(out, &th)
	}
	if len(l.To) == 0 {
		return l, &channels.SendError{Class: channels.Recipient, Code: code("nobody"), Reason: "nobody's address is known in this conversation"}
	}
	if a.c.plus {
		l.ReplyTo = eml.Addr{Name: a.c.from.Name, Email: eml.Token(a.secret, a.c.from.Email, out.Thread)}
	}
	refs := slices.DeleteFunc(slices.Clone(th.Refs), func(id string) bool { return id == l.ID })
	l.References, l.InReplyTo = refs, m.InReplyTo
	if n := len(refs); n > 0 && l.InReplyTo == "" {
		l.InReplyTo = refs[n-1]
	}
	if out.Msg.From != zongji.FromAgent || m.Auto == "ack" || m.Auto == "hours" || m.Auto == "csat" {
		l.Auto, l.Loop, l.Named = post.AutoReplied, a.loop, a.c.named
	}
	l.HTML = paragraphs(l.Text)
	l.Files, err = a.files(ctx, out.Msg.Files)
	return l, err
}

// correspondent is to whom an answer goes: who wrote last.
func (a *Account) correspondent(out *zongji.Outbound, th *channels.Thread) []eml.Addr {
	for _, to := range append([]string{out.To.Email, out.To.Ext}, th.People...) {
		own := slices.ContainsFunc(a.c.own, func(o string) bool { return strings.EqualFold(o, to) })
		if strings.Contains(to, "@") && !own {
			return []eml.Addr{{Name: out.To.Name, Email: to}}
		}
	}
	return nil
}

// text is what stands in the mail. Buttons are lines that one may answer with.
func (a *Account) text(out *zongji.Outbound) string {
	var options []zongji.Option
	switch out.Msg.Kind {
	case zongji.KindCandidates:
		var c zongji.Candidates
		_ = json.Unmarshal(out.Msg.Extra, &c) // the router wrote it
		options = c.Options
	case zongji.KindAnswer:
		var c zongji.Answer
		_ = json.Unmarshal(out.Msg.Extra, &c)
		options = c.Options
	}
	text := out.Msg.Text
	for i, o := range options {
		if i == 0 {
			text += "\n"
		}
		text += "\n- " + o.Text
	}
	return text
}

// files reads what is attached.
func (a *Account) files(ctx context.Context, list []zongji.File) (out []post.File, err error) {
	total := int64(0)
	for _, f := range list {
		if total += f.Size; total > maxLetter {
			return nil, refused("too_large", fmt.Sprintf("the files of a mail may have %d MiB together", maxLetter>>20))
		}
		r, err := a.Blobs.Open(ctx, f)
		if zongji.KindOf(err) == zongji.NotFound {
			return nil, refused("file_gone", f.Name)
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(io.LimitReader(r, maxLetter+1))
			r.Close()
		}
		if err != nil {
			return nil, &channels.SendError{Class: channels.Retry, Code: code("store"), Reason: err.Error(), Err: err}
		}
		out = append(out, post.File{Name: f.Name, Type: f.Type, Data: data})
	}
	return out, nil
}

// refused is a message that cannot be sent as it is.
func refused(what, why string) *channels.SendError {
	return &channels.SendError{Class: channels.Content, Code: code(what), Reason: code(what) + " " + why}
}

// copy puts what was sent into the folder of sent mails. The mail is out, so a
// failure is only told.
func (a *Account) copy(ctx context.Context, raw []byte) {
	ctx, cancel := context.WithTimeout(ctx, copyWait)
	defer cancel()
	if err := a.appendCopy(ctx, raw); err != nil {
		a.Problem(code("sent_copy"), err.Error())
	}
}

func (a *Account) appendCopy(ctx context.Context, raw []byte) error {
	k, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer k.close()
	box := a.c.sentBox
	if box == "" {
		if box, err = k.sentBox(ctx); err != nil {
			return err
		}
	}
	if box == "" {
		return fmt.Errorf("no folder of sent mails is found: name it in sent_box")
	}
	return k.append(ctx, box, raw)
}

func people(list []zongji.MailAddr) (out []eml.Addr) {
	for _, p := range list {
		out = append(out, eml.Addr{Name: p.Name, Email: p.Addr})
	}
	return out
}

// answer is the subject of an answer.
func answer(subject string) string {
	s := strings.ToLower(strings.TrimSpace(subject))
	for _, p := range []string{"re:", "re：", "回复:", "回复：", "答复:", "答复："} {
		if strings.HasPrefix(s, p) {
			return subject
		}
	}
	return strings.TrimSpace("Re: " + subject)
}

// paragraphs is a text as HTML: lines as they were, nothing of it markup.
func paragraphs(text string) string {
	return `<div>` + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n") + "</div>"
}
