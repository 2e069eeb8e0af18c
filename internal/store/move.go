package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"zongji/internal/zongji"
)

// Move is a mail that was moved to where it belongs. It lies there as a copy;
// the original says where that is.
type Move struct {
	ID         int64     `json:"id"`
	At         zongji.Ms `json:"at"`
	By         int64     `json:"by"`
	Why        string    `json:"why"` // split: to a conversation of its own | joined: to another one
	Msg        int64     `json:"msg"`
	Copy       int64     `json:"copy"`
	From       int64     `json:"from"` // conversation
	FromThread string    `json:"-"`
	To         int64     `json:"to"` // conversation
	ToThread   string    `json:"-"`
	Undone     zongji.Ms `json:"undone_at,omitempty"`
}

// MoveMail moves a customer's mail into conversation to, 0 a new one. Mails that
// answer it follow from now on; topic is its subject as MailRecent is asked for
// it. The Changed are of both conversations.
func (db *DB) MoveMail(ctx context.Context, msg, to, by int64, topic string) (mv Move, told []*Changed, err error) {
	err = db.write(ctx, func(u run) error {
		m, err := first(u, db.q.MsgByID, []any{msg}, errNoMessage, scanMessage)
		if err != nil {
			return err
		}
		mail := mailOf(&m)
		switch {
		case m.Kind != zongji.KindMail || m.From != zongji.FromContact:
			return zongji.Errorf(zongji.Invalid, "not_mail", "only a customer's mail is moved")
		case mail.Moved != nil:
			return zongji.Errorf(zongji.Conflict, "moved", "the mail lies elsewhere already")
		}
		src, err := first(u, db.q.ConvByID, []any{m.Conv}, errNoConversation, scanRow)
		if err != nil {
			return err
		}
		dst, err := u.target(&src, &mail, to)
		if err != nil {
			return err
		}
		mv = Move{ID: db.ids.New(), At: db.now(), By: by, Why: "joined", Msg: m.ID, From: src.ID, FromThread: src.Thread, To: dst.ID, ToThread: dst.Thread}
		if to == 0 {
			mv.Why = "split"
		}
		there, err := u.putCopy(&mv, m, mail)
		if err != nil {
			return err
		}
		mail.Moved = &zongji.MailMoved{Move: mv.ID, Conv: dst.ID, Msg: mv.Copy}
		here, err := u.remark(src.ID, m.ID, by, mail, nil)
		if err != nil {
			return err
		}
		if err := u.follow(src.Channel, mail.From.Addr, topic, mv.Msg, mv.Copy, mv.ToThread); err != nil {
			return err
		}
		told = []*Changed{here, there}
		_, err = u.exec(db.q.MoveInsert, mv.ID, mv.At, mv.By, mv.Why, mv.Msg, mv.Copy, mv.From, mv.FromThread, mv.To, mv.ToThread)
		return err
	})
	return mv, told, err
}

// target is where a mail of src goes.
func (u run) target(src *row, mail *zongji.Mail, to int64) (row, error) {
	if to != 0 {
		dst, err := first(u, u.db.q.ConvByID, []any{to}, errNoConversation, scanRow)
		switch {
		case err != nil:
			return dst, err
		case dst.ID == src.ID || dst.Channel != src.Channel:
			return dst, zongji.Errorf(zongji.Invalid, "bad_target", "a mail is joined to another conversation of its channel")
		case dst.Status == zongji.StatusClosed:
			return dst, zongji.Errorf(zongji.Conflict, "closed", "the conversation has ended")
		}
		return dst, nil
	}
	who, err := u.known(src.Channel, strings.ToLower(mail.From.Addr))
	if zongji.KindOf(err) == zongji.NotFound {
		who, err = u.contact(src.Contact)
	}
	if err != nil {
		return row{}, err
	}
	now, id := u.db.now(), u.db.ids.New()
	dst := row{Conversation: zongji.Conversation{ID: id, Channel: src.Channel, Kind: src.Kind, Contact: who.ID, Thread: fmt.Sprintf("T-%d", id),
		Status: zongji.StatusBot, Epoch: 1, Queue: src.Queue, Units: 1, Lang: src.Lang, LastUser: src.LastUser, CreatedAt: now}, changed: now}
	return dst, dst.insert(u, false)
}

// putCopy writes the mail where it belongs, where it waits for an answer.
func (u run) putCopy(mv *Move, m zongji.Message, mail zongji.Mail) (*Changed, error) {
	mail.Match, mail.MatchRef, mail.Topic = mv.Why, mv.FromThread, false
	extra, err := json.Marshal(mail)
	if err != nil {
		return nil, err
	}
	m.Extra, m.CID = extra, ""
	return u.change(mv.To, func(c *zongji.Conversation, ch *Change) error {
		mv.Copy = ch.Message(m).ID
		c.Unread++
		if c.WaitingFrom == 0 {
			c.WaitingFrom = mv.At
		}
		if c.Status.Heard() {
			ch.Due(mv.At)
		}
		return nil
	})
}

// remark writes what a mail says of itself anew, tells screens, and does more
// to its conversation.
func (u run) remark(conv, msg, by int64, mail zongji.Mail, more func(*zongji.Conversation, *Change)) (*Changed, error) {
	extra, err := json.Marshal(mail)
	if err != nil {
		return nil, err
	}
	if _, err := u.exec(u.db.q.MsgExtra, msg, string(extra)); err != nil {
		return nil, err
	}
	m, err := first(u, u.db.q.MsgByID, []any{msg}, errNoMessage, scanMessage)
	if err != nil {
		return nil, err
	}
	return u.change(conv, func(c *zongji.Conversation, ch *Change) error {
		ch.Event(zongji.EvState, zongji.ByAgent, by, zongji.MarkData{Msg: m.ID, State: m.State})
		ch.events[0].Msg = &m
		if more != nil {
			more(c, ch)
		}
		return nil
	})
}

// follow makes the Message-IDs that came with message old, and its subject,
// mean a thread.
func (u run) follow(channel int64, addr, topic string, old, now int64, thread string) error {
	_, err := u.exec(u.db.q.RefsMove, old, thread, now)
	if err == nil && topic != "" && addr != "" {
		_, err = u.exec(u.db.q.TopicPut, channel, u.topic(addr, topic), thread, u.db.now())
	}
	return err
}

// Move returns a move, or a NotFound error.
func (db *DB) Move(ctx context.Context, id int64) (Move, error) { return db.read(ctx).move(id) }

func (u run) move(id int64) (Move, error) {
	return first(u, u.db.q.MoveByID, []any{id}, zongji.Errorf(zongji.NotFound, "no_move", "no such move"), func(s scan) (m Move, err error) {
		return m, s(&m.ID, &m.At, &m.By, &m.Why, &m.Msg, &m.Copy, &m.From, &m.FromThread, &m.To, &m.ToThread, &m.Undone)
	})
}

// UndoMove puts a mail back where it was. A conversation that was made for it
// alone ends.
func (db *DB) UndoMove(ctx context.Context, id, by int64, topic string) (mv Move, told []*Changed, err error) {
	err = db.write(ctx, func(u run) error {
		if mv, err = u.move(id); err != nil {
			return err
		}
		if n, err := u.exec(db.q.MoveUndone, id, db.now()); err != nil {
			return err
		} else if n == 0 {
			return zongji.Errorf(zongji.Conflict, "undone", "it was undone before")
		}
		mv.Undone = db.now()
		m, err := first(u, db.q.MsgByID, []any{mv.Msg}, errNoMessage, scanMessage)
		if err != nil {
			return err
		}
		copied, err := first(u, db.q.MsgByID, []any{mv.Copy}, errNoMessage, scanMessage)
		if err != nil {
			return err
		}
		mail, there := mailOf(&m), mailOf(&copied)
		if there.Moved != nil {
			return zongji.Errorf(zongji.Conflict, "moved", "the mail was moved on: undo that first")
		}
		src, err := first(u, db.q.ConvByID, []any{mv.From}, errNoConversation, scanConversation)
		if err != nil {
			return err
		}
		mail.Moved, there.Moved = nil, &zongji.MailMoved{Move: mv.ID, Conv: mv.From, Msg: mv.Msg}
		here, err := u.remark(mv.From, mv.Msg, by, mail, nil)
		if err != nil {
			return err
		}
		back, err := u.remark(mv.To, mv.Copy, by, there, func(c *zongji.Conversation, ch *Change) {
			if mv.Why == "split" && c.LastSeq == copied.Seq && c.FirstAt == 0 && c.Status != zongji.StatusClosed {
				c.Status, c.ClosedAt, c.DueAt, c.WaitingFrom, c.Unread, c.HandledSeq = zongji.StatusClosed, mv.Undone, 0, 0, 0, c.LastSeq
				ch.Due(0)
				ch.Event(zongji.EvClosed, zongji.ByAgent, by, zongji.ClosedData{How: "moved"})
				ch.Route(zongji.Command{Op: zongji.OpRelease, Conv: c.ID})
			}
		})
		if err != nil {
			return err
		}
		told = []*Changed{here, back}
		return u.follow(src.Channel, mail.From.Addr, topic, mv.Copy, mv.Msg, mv.FromThread)
	})
	return mv, told, err
}
