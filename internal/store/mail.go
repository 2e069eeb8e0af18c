package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

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
