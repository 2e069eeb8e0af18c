package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// newEvent makes the next event of c and advances its rev.
func newEvent(u run, c *row, kind zongji.EventKind, by string, actor int64, data any) zongji.Event {
	c.Rev++
	c.changed = max(c.changed, u.db.now())
	e := zongji.Event{ID: u.db.ids.New(), Conv: c.ID, Rev: c.Rev, At: u.db.now(), Kind: kind, By: by, Actor: actor, Before: c.View(), After: c.View()}
	if s := object(data); s != "" {
		e.Data = json.RawMessage(s)
	}
	return e
}

// insertEvent writes e. key, when set, is unique.
func insertEvent(u run, c *row, e *zongji.Event, n int64, key string) error {
	views := []zongji.View{e.Before, e.After}
	if e.Before == e.After {
		views = views[:1]
	}
	var msg int64
	if e.Msg != nil {
		msg = e.Msg.ID
	}
	_, err := u.exec(u.db.q.EventInsert, e.ID, e.Conv, e.Rev, e.At, e.Kind, e.By, e.Actor, c.Channel, e.After.Queue, e.After.Team,
		object(views), string(e.Data), n, msg, e.Cfg, null(key), c.quiet)
	return err
}

// number is the one figure of an event that reports add up.
func number(data any) int64 {
	switch d := data.(type) {
	case zongji.AssignedData:
		return d.Wait
	case *zongji.AssignedData:
		return d.Wait
	case zongji.RatedData:
		return int64(d.Stars)
	case *zongji.RatedData:
		return int64(d.Stars)
	case zongji.BotData:
		if d.Act == "answer" {
			return 1
		}
	case *zongji.BotData:
		if d.Act == "answer" {
			return 1
		}
	}
	return 0
}

// stored is an event as it lies in SQL, without Row and Msg.
type stored struct {
	zongji.Event
	msg int64
}

func scanEvent(s scan) (e stored, err error) {
	var views []zongji.View
	if err := s(&e.ID, &e.Conv, &e.Rev, &e.At, &e.Kind, &e.By, &e.Actor, from{&views}, from{&e.Data}, &e.msg, &e.Cfg); err != nil {
		return e, err
	}
	if len(views) > 0 {
		e.Before, e.After = views[0], views[len(views)-1]
	}
	return e, nil
}

// Events returns the last limit events of the kinds, ascending; no kinds
// stands for all.
func (db *DB) Events(ctx context.Context, conv int64, kinds []zongji.EventKind, limit int) ([]zongji.Event, error) {
	set := ""
	if len(kinds) > 0 {
		set = ","
		for _, k := range kinds {
			set += string(k) + ","
		}
	}
	found, err := list(db.read(ctx), db.q.EventsOf, []any{conv, set, limit}, scanEvent)
	if err != nil {
		return nil, err
	}
	slices.Reverse(found)
	return db.fill(ctx, found, false)
}

// Unpublished returns events that no stream has had since olderThan, the
// oldest first, with Row and Msg.
func (db *DB) Unpublished(ctx context.Context, olderThan zongji.Ms, limit int) ([]zongji.Event, error) {
	found, err := list(db.read(ctx), db.q.EventsUnpublished, []any{olderThan, limit}, scanEvent)
	if err != nil {
		return nil, err
	}
	return db.fill(ctx, found, true)
}

// EventsAfter returns events after a moment and id with Row and Msg, for a
// node whose bus is down.
func (db *DB) EventsAfter(ctx context.Context, at zongji.Ms, afterID int64, limit int) ([]zongji.Event, error) {
	found, err := list(db.read(ctx), db.q.EventsAfter, []any{at, afterID, limit}, scanEvent)
	if err != nil {
		return nil, err
	}
	return db.fill(ctx, found, true)
}

// EventsBetween returns a conversation's events between two revs, both
// excluded, that are not older than since, with Row and Msg.
func (db *DB) EventsBetween(ctx context.Context, conv, after, before int64, since zongji.Ms) ([]zongji.Event, error) {
	found, err := list(db.read(ctx), db.q.EventsBetween, []any{conv, after, before, since}, scanEvent)
	if err != nil {
		return nil, err
	}
	return db.fill(ctx, found, true)
}

// fill adds the messages, and the rows as they are now.
func (db *DB) fill(ctx context.Context, found []stored, rows bool) ([]zongji.Event, error) {
	convs := map[int64]*zongji.Conversation{}
	out := make([]zongji.Event, 0, len(found))
	for _, e := range found {
		if e.msg != 0 {
			m, err := first(db.read(ctx), db.q.MsgByID, []any{e.msg}, errNoConversation, scanMessage)
			if err == nil {
				e.Msg = &m
			} else if zongji.KindOf(err) != zongji.NotFound {
				return nil, err
			}
		}
		if rows && convs[e.Conv] == nil {
			c, err := db.Conversation(ctx, e.Conv)
			if zongji.KindOf(err) == zongji.NotFound {
				continue // removed meanwhile
			} else if err != nil {
				return nil, err
			}
			convs[e.Conv] = &c
		}
		e.Row = convs[e.Conv]
		out = append(out, e.Event)
	}
	return out, nil
}

// MarkPublished notes that the stream has had these events.
func (db *DB) MarkPublished(ctx context.Context, ids []int64) error {
	return db.writeIDs(ctx, db.q.EventsPublished, ids)
}

func (db *DB) writeIDs(ctx context.Context, s *stmt, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return db.write(ctx, func(u run) error {
		_, err := u.exec(s, object(ids))
		return err
	})
}

// UnappliedCmds returns routing commands written before olderThan that the
// engine has not applied.
func (db *DB) UnappliedCmds(ctx context.Context, olderThan zongji.Ms, limit int) ([]zongji.Command, error) {
	return list(db.read(ctx), db.q.CmdsUnapplied, []any{olderThan, limit}, func(s scan) (c zongji.Command, err error) {
		var id int64
		err = s(&id, from{&c})
		c.ID = id
		return c, err
	})
}

// CmdsApplied removes commands that the engine has applied.
func (db *DB) CmdsApplied(ctx context.Context, ids []int64) error {
	return db.writeIDs(ctx, db.q.CmdsApplied, ids)
}

// AddEvent adds an event that changes nothing else. A key that was used
// before adds nothing: the Changed then has no events.
func (db *DB) AddEvent(ctx context.Context, conv int64, kind zongji.EventKind, by string, actor int64, data any, key string) (*Changed, error) {
	return db.change(ctx, conv, func(_ *zongji.Conversation, ch *Change) error {
		if key != "" {
			var n int
			if err := ch.u.one(db.q.EventKey, []any{key}, &n); err != nil || n > 0 {
				return err
			}
		}
		ch.Event(kind, by, actor, data)
		ch.key = key
		return nil
	})
}

// set writes ids for the scope's LIKE: ",1,2,".
func set(ids []int64) string {
	var b strings.Builder
	b.WriteByte(',')
	for _, id := range ids {
		b.WriteString(itoa(id))
		b.WriteByte(',')
	}
	return b.String()
}
