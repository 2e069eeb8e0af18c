package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"zongji/internal/search"
	"zongji/internal/zongji"
)

// row is a conversation with what only the store looks at.
type row struct {
	zongji.Conversation
	changed   zongji.Ms // of the last event
	due       zongji.Ms
	unhandled zongji.Ms // of the first message after HandledSeq
	quiet     bool      // its events are nobody's news
}

func (c *row) columns() []any {
	return []any{&c.ID, &c.Channel, &c.Kind, &c.Contact, &c.Thread, &c.Status, &c.Epoch, &c.Rev, &c.Owner, &c.Queue, &c.Team, &c.Previous,
		&c.LastSeq, &c.HandledSeq, &c.AgentSeen, &c.ContactGot, &c.ContactSaw, &c.Unread, from{&c.Demand}, &c.Units, from{&c.Tags},
		&c.Category, &c.Summary, &c.Lang, &c.Stars, &c.LastUser, &c.Preview, &c.PrevFrom, &c.CreatedAt, &c.LastAt,
		&c.WaitingFrom, &c.QueuedAt, &c.AssignedAt, &c.FirstAt, &c.ClosedAt, &c.DueAt, from{&c.Bot}, &c.changed, &c.due, &c.unhandled,
		&c.Scene, from{&c.Window}, from{&c.Pass}, &c.ContactName, &c.ContactLevel}
}

func scanRow(s scan) (c row, err error) { return c, s(c.columns()...) }

func scanConversation(s scan) (zongji.Conversation, error) {
	c, err := scanRow(s)
	return c.Conversation, err
}

// pressAt returns when c's window begins to press; once it did in this
// waiting, no more.
func (c *row) pressAt() zongji.Ms {
	if c.Demand != nil && c.Demand.Pressed {
		return 0
	}
	return c.Window.PressAt()
}

func (c *row) insert(u run, demo bool) error {
	_, err := u.exec(u.db.q.ConvInsert, c.ID, c.Channel, c.Kind, c.Contact, c.Thread, c.Status, c.Epoch, c.Rev, c.Owner, c.Queue, c.Team, c.Previous,
		c.LastSeq, c.HandledSeq, c.AgentSeen, c.ContactGot, c.ContactSaw, c.Unread, object(c.Demand), c.Units, object(c.Tags),
		c.Category, c.Summary, c.Lang, c.Stars, c.LastUser, c.Preview, c.PrevFrom, c.CreatedAt, c.LastAt,
		c.WaitingFrom, c.QueuedAt, c.AssignedAt, c.FirstAt, c.ClosedAt, c.DueAt, object(c.Bot), c.changed, c.due, c.unhandled, demo, c.Scene, object(c.Window), object(c.Pass), c.pressAt())
	return err
}

// update writes c where its rev still is as it was loaded.
func (c *row) update(u run, rev int64) error {
	n, err := u.exec(u.db.q.ConvUpdate, c.ID, rev, c.Status, c.Epoch, c.Rev, c.Owner, c.Queue, c.Team,
		c.LastSeq, c.HandledSeq, c.AgentSeen, c.ContactGot, c.ContactSaw, c.Unread, object(c.Demand), c.Units,
		object(c.Tags), c.Category, c.Summary, c.Lang, c.Stars, c.LastUser, c.Preview, c.PrevFrom,
		c.LastAt, c.WaitingFrom, c.QueuedAt, c.AssignedAt, c.FirstAt, c.ClosedAt, c.DueAt,
		object(c.Bot), c.changed, c.due, c.unhandled, c.Scene, object(c.Window), object(c.Pass), c.pressAt())
	if err == nil && n == 0 {
		return errMoved
	}
	return err
}

var errNoConversation = zongji.Errorf(zongji.NotFound, "no_conversation", "no such conversation")

// Conversation returns one conversation, or a NotFound error.
func (db *DB) Conversation(ctx context.Context, id int64) (zongji.Conversation, error) {
	return first(db.read(ctx), db.q.ConvByID, []any{id}, errNoConversation, scanConversation)
}

// ThreadNewest returns the newest conversation of a thread, or a NotFound
// error.
func (db *DB) ThreadNewest(ctx context.Context, channel int64, thread string) (zongji.Conversation, error) {
	return first(db.read(ctx), db.q.ConvNewest, []any{channel, thread}, errNoConversation, scanConversation)
}

// ClaimDue takes up to limit conversations that bot and rules must look at:
// they are due again after claim, should the caller die.
func (db *DB) ClaimDue(ctx context.Context, now zongji.Ms, limit int, claim time.Duration) ([]int64, error) {
	type due struct {
		id int64
		at zongji.Ms
	}
	found, err := list(db.read(ctx), db.q.ConvDue, []any{now, limit}, func(s scan) (d due, err error) { return d, s(&d.id, &d.at) })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var mine []int64
	err = db.write(ctx, func(u run) error {
		mine = mine[:0]
		for _, d := range found {
			if n, err := u.exec(db.q.ConvClaim, d.id, now, now.Add(claim)); err != nil {
				return err
			} else if n == 1 {
				mine = append(mine, d.id)
			}
		}
		return nil
	})
	return mine, err
}

// ClaimOne takes one conversation like ClaimDue; false when it is not due or
// another has it.
func (db *DB) ClaimOne(ctx context.Context, conv int64, now zongji.Ms, claim time.Duration) (ok bool, err error) {
	err = db.write(ctx, func(u run) error {
		n, err := u.exec(db.q.ConvClaim, conv, now, now.Add(claim))
		ok = n == 1
		return err
	})
	return ok, err
}

// LiveConversations returns all that wait or are held, to build the engine.
func (db *DB) LiveConversations(ctx context.Context) ([]zongji.Conversation, error) {
	return list(db.read(ctx), db.q.ConvLive, nil, scanConversation)
}

// Overdue returns parked conversations and wrap-ups whose time is over.
func (db *DB) Overdue(ctx context.Context, now zongji.Ms, limit int) ([]zongji.Conversation, error) {
	return list(db.read(ctx), db.q.ConvOverdue, []any{now, limit}, scanConversation)
}

// Pressing returns queued conversations whose reply window closes soon and that
// were not brought forward for it.
func (db *DB) Pressing(ctx context.Context, now zongji.Ms, limit int) ([]int64, error) {
	return list(db.read(ctx), db.q.ConvPressing, []any{now.Add(-zongji.PressFor), now, limit}, scanID)
}

// --- messages

func messageColumns(m *zongji.Message) []any {
	return []any{&m.ID, &m.Conv, &m.Seq, &m.From, &m.Author, &m.AuthorName, &m.Kind, &m.Text, from{&m.Files}, from{&m.Extra}, &m.At, &m.CID, &m.State, &m.Reason}
}

func scanMessage(s scan) (m zongji.Message, err error) { return m, s(messageColumns(&m)...) }

// Messages returns messages of a conversation, ascending: up to limit after
// seq after, or, with before set, the last limit before it. 0 is an open end.
func (db *DB) Messages(ctx context.Context, conv, after, before int64, limit int) ([]zongji.Message, error) {
	if before == 0 {
		return list(db.read(ctx), db.q.MsgAfter, []any{conv, after, limit}, scanMessage)
	}
	ms, err := list(db.read(ctx), db.q.MsgBefore, []any{conv, after, before, limit}, scanMessage)
	slices.Reverse(ms)
	return ms, err
}

// ThreadHistory pages back over the conversations of a thread: what the
// customer could see before message beforeSeq of conversation beforeConv,
// ascending. beforeConv 0 stands for the end of the newest.
func (db *DB) ThreadHistory(ctx context.Context, channel int64, thread string, beforeConv, beforeSeq int64, limit int) ([]zongji.Message, error) {
	c, err := db.threadFrom(ctx, channel, thread, beforeConv)
	if err != nil {
		return nil, err
	}
	if beforeConv == 0 {
		beforeSeq = c.LastSeq + 1
	}
	ms, err := list(db.read(ctx), db.q.MsgThread, []any{channel, thread, c.CreatedAt, c.ID, beforeSeq, limit}, scanMessage)
	slices.Reverse(ms)
	return ms, err
}

func (db *DB) threadFrom(ctx context.Context, channel int64, thread string, conv int64) (zongji.Conversation, error) {
	if conv == 0 {
		return db.ThreadNewest(ctx, channel, thread)
	}
	c, err := db.Conversation(ctx, conv)
	if err == nil && (c.Channel != channel || c.Thread != thread) {
		return c, errNoConversation
	}
	return c, err
}

// insertMessage writes m and its index words; false when its author used its
// client id before. ext is the channel's id, "" for none.
func insertMessage(u run, channel int64, m *zongji.Message, ext string) (isNew bool, err error) {
	n, err := u.exec(u.db.q.MsgInsert, m.ID, m.Conv, m.Seq, m.From, m.Author, m.AuthorName, m.Kind, m.Text,
		object(m.Files), object(m.Extra), m.At, m.CID, m.State, m.Reason, channel, null(ext))
	if err != nil || n == 0 {
		return false, err
	}
	words := strings.Join(search.Words(indexable(m)), " ")
	switch {
	case words == "":
		return true, nil
	case u.words != nil:
		*u.words = append(*u.words, indexed{m.ID, words})
		return true, nil
	}
	_, err = u.exec(u.db.q.MsgIndex, m.ID, words)
	return err == nil, err
}

// maxIndexed is how much of a message is found by its words, in bytes: more
// does not fit into PostgreSQL's index of one row.
const maxIndexed = 64 << 10

// indexable is the text by which m is found: of a mail its subject too.
func indexable(m *zongji.Message) string {
	text := m.Text
	if m.Kind == zongji.KindMail {
		text = mailOf(m).Subject + "\n" + text
	}
	if len(text) > maxIndexed {
		text = strings.ToValidUTF8(text[:maxIndexed], "")
	}
	return text
}

// null stands for "" where a column is unique.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
