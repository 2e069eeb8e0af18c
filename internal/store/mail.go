package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"zongji/internal/zongji"
)

const (
	maxRef    = 998 // bytes of a Message-ID: a line of a mail (RFC 5322)
	maxRefs   = 50  // of one inbound
	threadEnd = 19  // how many of a thread's last mails are answered by name, beside its first
	threadLen = 50  // how many of a thread's last mails tell who takes part
)

// mailOf reads what a mail says of itself; the zero Mail for other kinds.
func mailOf(m *zongji.Message) (out zongji.Mail) {
	if m.Kind == zongji.KindMail && len(m.Extra) > 0 {
		_ = json.Unmarshal(m.Extra, &out) // checked at the edge
	}
	return out
}

// threaded notes by what later mails find the thread of m.
func (u run) threaded(in *zongji.Inbound, m *zongji.Message, topic string) error {
	for _, ref := range in.Refs[:min(len(in.Refs), maxRefs)] {
		if err := u.ref(in.Channel, ref, in.Thread, m.ID, false, m.At); err != nil {
			return err
		}
	}
	if in.Auto || topic == "" || in.From.Ext == "" {
		return nil
	}
	_, err := u.exec(u.db.q.TopicPut, in.Channel, u.topic(in.From.Ext, topic), in.Thread, m.At)
	return err
}

func (u run) topic(addr, subject string) string {
	return u.db.cfg.Sealer.Blind(strings.ToLower(addr) + "\n" + subject)
}

func (u run) ref(channel int64, ref, thread string, msg int64, ours bool, at zongji.Ms) error {
	if ref = strings.ToValidUTF8(strings.ReplaceAll(ref, "\x00", ""), ""); ref == "" || len(ref) > maxRef {
		return nil
	}
	_, err := u.exec(u.db.q.RefInsert, channel, ref, thread, msg, ours, at)
	return err
}

// MailRef is what a Message-ID means.
type MailRef struct {
	Thread string
	Msg    int64 // of ours: the message that was sent under the id; 0 of others
}

// MailRefs returns of the Message-IDs those that mean a thread of the channel.
func (db *DB) MailRefs(ctx context.Context, channel int64, ids []string) (map[string]MailRef, error) {
	known := make([]string, 0, len(ids))
	for _, id := range ids {
		if id != "" && len(id) <= maxRef && text(id) == nil {
			known = append(known, id)
		}
	}
	out := map[string]MailRef{}
	if len(known) == 0 {
		return out, nil
	}
	_, err := list(db.read(ctx), db.q.RefKnown, []any{channel, object(known)}, func(s scan) (struct{}, error) {
		var id string
		var ref MailRef
		err := s(&id, &ref.Thread, &ref.Msg)
		out[id] = ref
		return struct{}{}, err
	})
	return out, err
}

// MailThread is what is known of a thread of mails.
type MailThread struct {
	ID      string
	Conv    int64     // its newest conversation
	Closed  zongji.Ms // 0 while that is open
	Subject string    // of its first mail, as written
	People  []string  // addresses that wrote or were written to, lower case; the newest writer first
	Refs    []string  // Message-IDs of its mails, oldest first, the first and the last 19
}

// MailThread returns a thread; the zero one when there is none.
func (db *DB) MailThread(ctx context.Context, channel int64, thread string) (t MailThread, err error) {
	if text(thread) != nil {
		return t, nil
	}
	c, err := db.ThreadNewest(ctx, channel, thread)
	if zongji.KindOf(err) == zongji.NotFound {
		return t, nil
	} else if err != nil {
		return t, err
	}
	t.ID, t.Conv = thread, c.ID
	if c.Status == zongji.StatusClosed {
		t.Closed = max(c.ClosedAt, 1)
	}
	r := db.read(ctx)
	first, err := list(r, db.q.ThreadFirst, []any{channel, thread}, func(s scan) (m zongji.Mail, err error) { return m, s(from{&m}) })
	if err != nil {
		return t, err
	}
	if len(first) == 1 {
		t.Subject = first[0].Subject
	}
	if t.People, err = r.people(channel, thread); err != nil {
		return t, err
	}
	ref := func(s scan) (id string, err error) { return id, s(&id) }
	if t.Refs, err = list(r, db.q.RefsLast, []any{channel, thread, threadEnd + 1}, ref); err != nil {
		return t, err
	}
	slices.Reverse(t.Refs)
	if len(t.Refs) > threadEnd {
		head, err := list(r, db.q.RefsFirst, []any{channel, thread}, ref)
		if err != nil {
			return t, err
		}
		if t.Refs = t.Refs[len(t.Refs)-threadEnd:]; len(head) == 1 {
			t.Refs = append(head, t.Refs...)
		}
	}
	return t, nil
}

// people returns who takes part in a thread, the newest writer first.
func (r run) people(channel int64, thread string) (out []string, err error) {
	var others []zongji.MailAddr
	add := func(list ...zongji.MailAddr) {
		for _, a := range list {
			if addr := strings.ToLower(a.Addr); addr != "" && !slices.Contains(out, addr) {
				out = append(out, addr)
			}
		}
	}
	_, err = list(r, r.db.q.ThreadMails, []any{channel, thread, threadLen}, func(s scan) (struct{}, error) {
		var party zongji.Party
		var m zongji.Mail
		err := s(&party, from{&m})
		if party == zongji.FromContact && !m.Machine() {
			add(m.From)
		}
		others = append(others, slices.Concat(m.To, m.Cc, m.Bcc)...)
		return struct{}{}, err
	})
	add(others...)
	return out, err
}

// MailRecent returns the newest open thread in which addr wrote under a
// subject, as eml.Subject gives it, since then; "" if there is none.
func (db *DB) MailRecent(ctx context.Context, channel int64, addr, subject string, since zongji.Ms) (thread string, err error) {
	r := db.read(ctx)
	err = r.one(db.q.TopicRecent, []any{channel, r.topic(addr, subject), since}, &thread)
	if missing(err) {
		err = nil
	}
	return thread, err
}

// MailSeen reports whether an inbound of that channel's id is stored.
func (db *DB) MailSeen(ctx context.Context, channel int64, ext string) (bool, error) {
	n := 0
	err := db.read(ctx).one(db.q.MailSeen, []any{channel, ext}, &n)
	return n > 0, err
}

// Learn takes over what an inbound that is no message tells of a customer who
// is known.
func (db *DB) Learn(ctx context.Context, in zongji.Inbound) error {
	return db.write(ctx, func(u run) error {
		p, err := u.known(in.Channel, in.From.Ext)
		if zongji.KindOf(err) == zongji.NotFound {
			return nil
		}
		if err != nil || !p.learn(&in) {
			return err
		}
		return u.putContact(&p)
	})
}

// MailLast returns what a person wrote last in the thread; false when nobody
// did.
func (ch *Change) MailLast() (m zongji.Message, ok bool, err error) {
	found, err := list(ch.u, ch.u.db.q.MailLast, []any{ch.c.Channel, ch.c.Thread, threadLen}, scanMessage)
	for _, m := range found {
		if mail := mailOf(&m); !mail.Machine() && mail.Moved == nil {
			return m, true, nil
		}
	}
	return m, false, err
}

// Withdraw takes back a message that still waits to be sent; false when it does
// not. The conversation is as if it had not been written.
func (ch *Change) Withdraw(m *zongji.Message, by string, actor int64) (bool, error) {
	u, c := ch.u, ch.c
	if n, err := u.exec(u.db.q.OutboxWithdraw, m.ID); err != nil || n == 0 {
		return false, err
	}
	if ok, err := ch.msgState(m.ID, zongji.StateWithdrawn, ""); err != nil || !ok {
		return false, err
	}
	ch.Event(zongji.EvState, by, actor, zongji.MarkData{Msg: m.ID, State: zongji.StateWithdrawn})
	last, err := list(u, u.db.q.MsgBefore, []any{c.ID, 0, c.LastSeq + 1, threadLen}, scanMessage)
	if err != nil {
		return false, err
	}
	if c.FirstAt == m.At {
		c.FirstAt = 0
	}
	answered, shown := false, false
	for _, o := range last { // the newest first
		mail := mailOf(&o)
		said := o.From != zongji.FromNote && o.From != zongji.FromSystem && o.Kind != zongji.KindEvent && o.State != zongji.StateWithdrawn
		if said && !shown {
			c.Preview, c.PrevFrom, shown = preview(&o), o.From, true
		}
		answered = answered || said && o.From != zongji.FromContact
		if said && !answered && !mail.Machine() && mail.Moved == nil {
			c.WaitingFrom = o.At
		}
	}
	return true, nil
}

// Message returns one message, or a NotFound error.
func (db *DB) Message(ctx context.Context, id int64) (zongji.Message, error) {
	return first(db.read(ctx), db.q.MsgByID, []any{id}, zongji.Errorf(zongji.NotFound, "no_message", "no such message"), scanMessage)
}

// Begun is what somebody has begun to write in a conversation. Screens know
// what Body holds.
type Begun struct {
	User int64           `json:"user"` // 0: the bot proposes it
	Body json.RawMessage `json:"body"`
	At   zongji.Ms       `json:"at"`
}

// PutDraft keeps a user's draft; user 0 is the bot.
func (db *DB) PutDraft(ctx context.Context, conv, user int64, body json.RawMessage) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.DraftPut, conv, user, string(body), db.now())
		return err
	})
}

// Draft returns a user's draft, else the bot's; a NotFound error when there is
// none.
func (db *DB) Draft(ctx context.Context, conv, user int64) (Begun, error) {
	return first(db.read(ctx), db.q.DraftGet, []any{conv, user}, zongji.Errorf(zongji.NotFound, "no_draft", "nothing was begun here"),
		func(s scan) (d Begun, err error) { return d, s(&d.User, from{&d.Body}, &d.At) })
}

// DropDraft forgets a user's draft and the bot's.
func (db *DB) DropDraft(ctx context.Context, conv, user int64) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.DraftDrop, conv, user)
		return err
	})
}

// Settings returns the settings of a family: the key itself and those that
// begin with it and a colon.
func (db *DB) Settings(ctx context.Context, family string) (map[string]string, error) {
	out := map[string]string{}
	_, err := list(db.read(ctx), db.q.SettingsLike, []any{family}, func(s scan) (struct{}, error) {
		var key, body string
		err := s(&key, &body)
		out[key] = body
		return struct{}{}, err
	})
	return out, err
}

// MailCounts returns how many automatic mails the thread has had, how many its
// customer in the past hour, and how many he wrote in the past ten minutes.
func (ch *Change) MailCounts(now zongji.Ms) (thread, hour, received int, err error) {
	c := ch.c
	err = ch.u.one(ch.u.db.q.MailCounts, []any{c.Channel, c.Thread, c.Contact, now.Add(-time.Hour), now.Add(-10 * time.Minute)}, &thread, &hour, &received)
	return thread, hour, received, err
}
