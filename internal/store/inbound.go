package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"zongji/internal/zongji"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// SaveInbound stores one message of a customer, once, in one transaction:
// customer, conversation, message, index words, event, and when bot and rules
// must look at it. Kind event leaves only the mark that it was seen. When it
// returns nil the message is safe and may be acknowledged.
func (db *DB) SaveInbound(ctx context.Context, in zongji.Inbound, p zongji.InboundPolicy) (out zongji.Stored, err error) {
	if in.ExtID == "" || in.Thread == "" {
		return out, zongji.Errorf(zongji.Invalid, "bad_inbound", "an inbound needs an id and a thread")
	}
	if p.Now == 0 {
		p.Now = db.now()
	}
	err = db.write(ctx, func(u run) error {
		switch in.Kind {
		case zongji.InEvent:
			out, err = u.seen(in, p)
		case zongji.InMessage, "":
			out, err = u.inbound(in, p)
		default:
			err = zongji.Errorf(zongji.Invalid, "bad_inbound", "an inbound of kind %s is no message", in.Kind)
		}
		return err
	})
	if err != nil {
		return zongji.Stored{}, err
	}
	return out, nil
}

// seen notes an inbound event.
func (u run) seen(in zongji.Inbound, p zongji.InboundPolicy) (out zongji.Stored, err error) {
	n, err := u.exec(u.db.q.SeenInsert, in.Channel, in.ExtID, p.Now)
	if err != nil {
		return out, err
	}
	out.Repeat = n == 0
	out.Conv, err = first(u, u.db.q.ConvNewest, []any{in.Channel, in.Thread}, errNoConversation, scanConversation)
	if zongji.KindOf(err) == zongji.NotFound {
		err = nil // no conversation yet
	}
	return out, err
}

func (u run) inbound(in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	var known *int64
	var c row
	err := u.one(u.db.q.ConvOpen, []any{in.Channel, in.Thread, in.ExtID}, append(c.columns(), &known)...)
	switch {
	case err == nil && known == nil:
		if err := u.refresh(&c, &in); err != nil {
			return zongji.Stored{}, err
		}
		return u.append(c, in, p)
	case err != nil && !missing(err):
		return zongji.Stored{}, err
	}
	if st, err := u.repeat(in); err != nil || st.Repeat {
		return st, err
	}
	return u.open(in, p)
}

// repeat returns what was stored under the same id before; Repeat is false
// when nothing was.
func (u run) repeat(in zongji.Inbound) (out zongji.Stored, err error) {
	out.Msg, err = first(u, u.db.q.MsgByExt, []any{in.Channel, in.ExtID}, errNoConversation, scanMessage)
	if zongji.KindOf(err) == zongji.NotFound {
		return zongji.Stored{}, nil
	}
	if err == nil {
		out.Conv, err = first(u, u.db.q.ConvByID, []any{out.Msg.Conv}, errNoConversation, scanConversation)
	}
	out.Repeat = true
	return out, err
}

// refresh writes what the channel now knows better of the customer.
func (u run) refresh(c *row, in *zongji.Inbound) error {
	if !in.From.Verified && (in.From.Name == "" || in.From.Name == c.ContactName) {
		return nil
	}
	p, err := u.contact(c.Contact)
	if err != nil {
		return err
	}
	if !p.learn(in) {
		return nil
	}
	c.ContactName, c.ContactLevel = p.Name, p.Level
	return u.putContact(&p)
}

// open finds the customer, and reopens the thread's last conversation or
// makes a new one.
func (u run) open(in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	who, err := u.identify(&in, p.Now)
	if err != nil {
		return zongji.Stored{}, err
	}
	old, err := first(u, u.db.q.ConvNewest, []any{in.Channel, in.Thread}, errNoConversation, scanRow)
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		return zongji.Stored{}, err
	}
	if old.ID != 0 && !in.Fresh && p.Now.Sub(old.ClosedAt) < p.Reopen {
		old.ContactName, old.ContactLevel = who.Name, who.Level
		return u.append(old, in, p)
	}
	c := row{Conversation: zongji.Conversation{ID: u.db.ids.New(), Channel: in.Channel, Kind: in.ChanKind, Contact: who.ID, Thread: in.Thread,
		Status: zongji.StatusBot, Epoch: 1, Queue: p.Queue, Previous: old.ID, LastUser: old.LastUser, Units: 1, Lang: in.Lang,
		CreatedAt: p.Now, ContactName: who.Name, ContactLevel: who.Level}}
	if c.Lang == "" {
		c.Lang = who.Lang
	}
	if err := c.insert(u, false); err != nil {
		return zongji.Stored{}, err
	}
	st, err := u.append(c, in, p)
	st.Opened = true
	return st, err
}

// append adds the message to c: the hot path, four statements after the one
// that found c. What the customer wrote reopens what was over.
func (u run) append(c row, in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	before, epoch := c.View(), c.Epoch
	reopened, handled := c.reopen(), int64(0)
	if reopened { // people have seen what came before
		handled, c.HandledSeq = c.LastSeq, max(c.HandledSeq, c.LastSeq)
	}
	if c.Status.Heard() {
		if c.unhandled == 0 {
			c.unhandled = p.Now
		}
		c.due = min(p.Now.Add(p.Quiet), c.unhandled.Add(p.Max))
	}
	m := zongji.Message{ID: u.db.ids.New(), Conv: c.ID, From: zongji.FromContact, AuthorName: c.ContactName, Kind: zongji.KindText,
		Text: in.Text, Files: in.Files, At: p.Now, CID: in.CID, State: zongji.StateStored}
	if len(in.Files) > 0 {
		m.Kind = zongji.KindFile
		if len(in.Files) == 1 && strings.HasPrefix(in.Files[0].Type, "image/") {
			m.Kind = zongji.KindImage
		}
	}
	if in.Choice != "" {
		m.Extra = json.RawMessage(object(map[string]string{"choice": in.Choice}))
	}
	c.Preview, c.PrevFrom, c.LastAt, c.changed = preview(m.Text, m.Files), m.From, p.Now, p.Now
	revs := int64(1)
	if reopened {
		revs = 2
	}
	err := u.one(u.db.q.ConvInbound, []any{c.ID, epoch, revs, c.Preview, p.Now, c.due, c.unhandled, c.Status, c.Epoch, c.Owner, c.DueAt, c.ClosedAt, c.QueuedAt, c.AssignedAt, handled},
		&c.LastSeq, &c.Rev, &c.Unread, &c.WaitingFrom)
	if missing(err) {
		return zongji.Stored{}, errMoved
	} else if err != nil {
		return zongji.Stored{}, err
	}
	m.Seq = c.LastSeq
	if _, err := insertMessage(u, c.Channel, &m, in.ExtID); err != nil {
		return zongji.Stored{}, err
	}
	out := zongji.Stored{Conv: c.Conversation, Msg: m}
	last := c.Rev
	c.Rev -= revs
	if reopened {
		e := newEvent(u, &c, zongji.EvReopened, zongji.ByContact, c.Contact, nil)
		e.Before, e.Row, e.At = before, &out.Conv, p.Now
		if err := insertEvent(u, &c, &e, 0, ""); err != nil {
			return zongji.Stored{}, err
		}
		out.Reopened, before = &e, e.After
	}
	e := newEvent(u, &c, zongji.EvMessage, zongji.ByContact, c.Contact, nil)
	e.Before, e.Row, e.Msg, e.Rev, e.At = before, &out.Conv, &out.Msg, last, p.Now
	out.Event = &e
	return out, insertEvent(u, &c, &e, 0, "")
}

// reopen puts c back into service when it was over.
func (c *row) reopen() bool {
	switch c.Status {
	case zongji.StatusWrapup:
		c.Status, c.DueAt = zongji.StatusAssigned, 0
	case zongji.StatusClosed:
		c.Status, c.Owner, c.DueAt, c.ClosedAt, c.QueuedAt, c.AssignedAt = zongji.StatusBot, 0, 0, 0, 0, 0
	default:
		return false
	}
	c.Epoch++
	return true
}
