package router

import (
	"context"
	"encoding/json"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/channels/email/eml"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	maxSubject    = 500 // characters
	maxRecipients = 100
	undoDefault   = 10 * time.Second // where the account says nothing
	undoMax       = 2 * time.Minute
	maxSignature  = 2000 // characters
)

// Letter is what an agent's mail says beside its text. What is left out is as
// an answer to what the customer wrote last has it.
type Letter struct {
	Subject     string
	To, Cc, Bcc []zongji.MailAddr
	Forward     int64 // a mail that goes along as a file, to others than its writer
}

// Signature is the family of settings that hold what stands below mails:
// "signature", "signature:team:<id>", "signature:user:<id>".
const Signature = "signature"

// address checks one address of a mail.
func address(a zongji.MailAddr) (zongji.MailAddr, error) {
	a.Name, a.Addr = strings.TrimSpace(cleanText(a.Name)), strings.TrimSpace(cleanText(a.Addr))
	parsed, err := mail.ParseAddress(a.Addr)
	if err != nil || parsed.Address != a.Addr || utf8.RuneCountInString(a.Name) > maxField {
		return a, &zongji.Error{Kind: zongji.Invalid, Code: "bad_address", Text: "this is no mail address: " + a.Addr, Params: map[string]any{"address": a.Addr}}
	}
	return a, nil
}

// checkLetter cleans what an agent says of his mail.
func checkLetter(l *Letter) error {
	l.Subject = strings.Join(strings.Fields(cleanText(l.Subject)), " ")
	switch n := len(l.To) + len(l.Cc) + len(l.Bcc); {
	case utf8.RuneCountInString(l.Subject) > maxSubject:
		return zongji.Errorf(zongji.Invalid, "too_long", "a subject has at most %d characters", maxSubject)
	case n > maxRecipients:
		return zongji.Errorf(zongji.Invalid, "too_many_recipients", "a mail has at most %d recipients", maxRecipients)
	case l.Forward != 0 && len(l.To) == 0:
		return zongji.Errorf(zongji.Invalid, "no_recipient", "say to whom it is forwarded")
	}
	for _, list := range [][]zongji.MailAddr{l.To, l.Cc, l.Bcc} {
		for i := range list {
			var err error
			if list[i], err = address(list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// forwarded returns the mail that goes along, as a file.
func (r *Router) forwarded(ctx context.Context, me zongji.Actor, l *Letter) (zongji.File, error) {
	m, err := r.db.Message(ctx, l.Forward)
	if err == nil {
		_, err = r.visible(ctx, me, m.Conv)
	}
	if err != nil {
		return zongji.File{}, err
	}
	was := mailOf(&m)
	if was.Raw == nil {
		return zongji.File{}, zongji.Errorf(zongji.Invalid, "no_raw", "of this mail there is no original that could be forwarded")
	}
	if l.Subject == "" {
		l.Subject = "Fwd: " + was.Subject
	}
	return *was.Raw, nil
}

// compose makes m, which is written to c's customer, a mail.
func (r *Router) compose(c *zongji.Conversation, tx *tx, m *zongji.Message, l *Letter, auto string) error {
	b := r.book.Load()
	set := b.channels[c.Channel]
	out := zongji.Mail{From: zongji.MailAddr{Name: set.Settings["from_name"], Addr: set.Settings["from"]}, Auto: auto}
	if l == nil {
		l = &Letter{}
	}
	out.Subject, out.To, out.Cc, out.Bcc, out.Forwarded = l.Subject, l.To, l.Cc, l.Bcc, l.Forward != 0
	last, ok, err := tx.MailLast()
	if err != nil {
		return err
	}
	if ok {
		was := mailOf(&last)
		if out.Subject == "" {
			out.Subject = answerTo(was.Subject)
		}
		if len(out.To) == 0 {
			out.To = was.ReplyTo
		}
		if len(out.To) == 0 && was.From.Addr != "" {
			out.To = []zongji.MailAddr{was.From}
		}
		if !out.Forwarded {
			out.InReplyTo = was.MessageID
		}
	}
	if m.From == zongji.FromAgent {
		out.Signature = b.signature(m.Author, c.Team, m.AuthorName)
	}
	m.Kind = zongji.KindMail
	m.Extra, err = json.Marshal(out)
	return err
}

// answerTo is the subject of an answer.
func answerTo(subject string) string {
	if s := strings.TrimSpace(subject); eml.Subject(s) != strings.ToLower(s) {
		return s // it is one already
	}
	return strings.TrimSpace("Re: " + subject)
}

// signature is what stands below a mail of an agent: his own, else his team's,
// else the company's.
func (b *book) signature(agent, team int64, name string) string {
	keys := []string{Signature + ":user:" + strconv.FormatInt(agent, 10), Signature + ":team:" + strconv.FormatInt(b.users[agent].Team, 10),
		Signature + ":team:" + strconv.FormatInt(team, 10), Signature}
	for _, key := range keys {
		var text string
		if json.Unmarshal([]byte(b.signatures[key]), &text) == nil && strings.TrimSpace(text) != "" {
			teamName := b.teams[b.users[agent].Team]
			return strings.TrimSpace(strings.NewReplacer("{agent}", name, "{team}", teamName, "{company}", b.company).Replace(text))
		}
	}
	return ""
}

// SetSignature writes a signature; key is one of the family's.
func (r *Router) SetSignature(ctx context.Context, key, text string) error {
	text = strings.TrimSpace(cleanText(text))
	if utf8.RuneCountInString(text) > maxSignature {
		return zongji.Errorf(zongji.Invalid, "too_long", "a signature has at most %d characters", maxSignature)
	}
	body, err := json.Marshal(text)
	if err == nil {
		err = r.db.PutSetting(ctx, key, string(body))
	}
	if err == nil {
		err = r.Announce(ctx, "settings")
	}
	return err
}

// signed puts the signature below a mail that is about to leave, so that each
// try of it is the same.
func signed(out *zongji.Outbound) {
	if m := mailOf(&out.Msg); m.Signature != "" {
		out.Msg.Text += "\n\n-- \n" + m.Signature
	}
}

// undo is how long an agent's mail waits in case he takes it back.
func undo(set *zongji.ChannelAccount) time.Duration {
	n, err := strconv.Atoi(set.Settings["undo_s"])
	if err != nil || n < 0 {
		return undoDefault
	}
	return min(time.Duration(n)*time.Second, undoMax)
}

// Withdraw takes back the caller's own message while it still waits to be sent;
// it is returned with what it said.
func (r *Router) Withdraw(ctx context.Context, me zongji.Actor, msg int64) (zongji.Message, error) {
	m, err := r.db.Message(ctx, msg)
	if err != nil {
		return m, err
	}
	_, err = r.change(ctx, m.Conv, func(c *zongji.Conversation, tx *tx) error {
		if !me.Scope.Sees(c.View()) {
			return errNoConversation
		}
		if m.From != zongji.FromAgent || m.Author != me.User {
			return zongji.Errorf(zongji.Denied, "not_yours", "only who wrote a message takes it back")
		}
		ok, err := tx.Withdraw(&m, zongji.ByAgent, me.User)
		if err == nil && !ok {
			err = zongji.Errorf(zongji.Conflict, "too_late", "the message is on its way")
		}
		return err
	})
	if err != nil {
		return zongji.Message{}, err
	}
	m.State = zongji.StateWithdrawn
	return m, nil
}

// Split moves a customer's mail into a conversation of its own.
func (r *Router) Split(ctx context.Context, me zongji.Actor, msg int64) (Moved, error) {
	return r.move(ctx, me, msg, 0)
}

// Join moves a customer's mail into another conversation of its channel.
func (r *Router) Join(ctx context.Context, me zongji.Actor, msg, conv int64) (Moved, error) {
	if _, err := r.visible(ctx, me, conv); err != nil {
		return Moved{}, err
	}
	return r.move(ctx, me, msg, conv)
}

func (r *Router) move(ctx context.Context, me zongji.Actor, msg, to int64) (Moved, error) {
	m, err := r.db.Message(ctx, msg)
	if err == nil {
		_, err = r.visible(ctx, me, m.Conv)
	}
	if err != nil {
		return Moved{}, err
	}
	mv, told, err := r.db.MoveMail(ctx, msg, to, me.User, eml.Subject(mailOf(&m).Subject))
	return r.moved(ctx, mv, told, err)
}

// UndoMove puts a mail back where it was.
func (r *Router) UndoMove(ctx context.Context, me zongji.Actor, id int64) (Moved, error) {
	mv, err := r.db.Move(ctx, id)
	if err != nil {
		return Moved{}, err
	}
	m, err := r.db.Message(ctx, mv.Msg)
	for _, conv := range []int64{mv.From, mv.To} {
		if err == nil {
			_, err = r.visible(ctx, me, conv)
		}
	}
	if err != nil {
		return Moved{}, err
	}
	mv, told, err := r.db.UndoMove(ctx, id, me.User, eml.Subject(mailOf(&m).Subject))
	return r.moved(ctx, mv, told, err)
}

// SetDraft keeps what the caller has begun to write in a conversation; nil
// forgets it, and what the bot proposed.
func (r *Router) SetDraft(ctx context.Context, me zongji.Actor, conv int64, body json.RawMessage) error {
	if _, err := r.visible(ctx, me, conv); err != nil {
		return err
	}
	if body == nil {
		return r.db.DropDraft(ctx, conv, me.User)
	}
	return r.db.PutDraft(ctx, conv, me.User, body)
}

// units is what the conversations of an account take of an agent; 0 as its
// queue says.
func units(set *zongji.ChannelAccount) int {
	n, _ := strconv.Atoi(set.Settings["units"]) // "": as the queue says
	return min(max(n, 0), 100)
}

// Moved is a move with the conversations that it changed.
type Moved struct {
	Move store.Move            `json:"move"`
	Rows []zongji.Conversation `json:"rows"`
}

// moved tells of a move.
func (r *Router) moved(ctx context.Context, mv store.Move, told []*store.Changed, err error) (Moved, error) {
	if err != nil {
		return Moved{}, err
	}
	out := Moved{Move: mv}
	for _, ch := range told {
		r.after(ctx, ch)
		out.Rows = append(out.Rows, ch.Conv)
		if ch.Conv.Status.Heard() && ch.Conv.HandledSeq < ch.Conv.LastSeq {
			r.due.set(ch.Conv.ID, r.now())
		}
	}
	return out, nil
}
