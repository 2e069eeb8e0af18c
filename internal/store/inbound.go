package store

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"zongji/internal/zongji"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// SaveInbound stores one message of a customer, once, in one transaction:
// customer, conversation, window, message, index words, event, and when bot and
// rules must look at it. A shown event is a message of its own kind; of others
// only the mark that they were seen stays, and what they tell of the customer.
// When it returns nil the message is safe and may be acknowledged.
func (db *DB) SaveInbound(ctx context.Context, in zongji.Inbound, p zongji.InboundPolicy) (out zongji.Stored, err error) {
	if in.ExtID == "" || in.Thread == "" {
		return out, zongji.Errorf(zongji.Invalid, "bad_inbound", "an inbound needs an id and a thread")
	}
	if p.Now == 0 {
		p.Now = db.now()
	}
	var told []zongji.Event
	err = db.write(ctx, func(u run) error {
		told = nil
		u.told = &told
		switch in.Kind {
		case zongji.InEvent:
			if in.Shown {
				out, err = u.inbound(in, p)
			} else {
				out, err = u.seen(in, p)
			}
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
	out.Merged = told
	return out, nil
}

// seen notes an inbound event: what it tells of a customer who is known, and
// what it does to the window of his conversation.
func (u run) seen(in zongji.Inbound, p zongji.InboundPolicy) (out zongji.Stored, err error) {
	n, err := u.exec(u.db.q.SeenInsert, in.Channel, in.ExtID, p.Now)
	if err != nil {
		return out, err
	}
	out.Repeat = n == 0
	learned := false
	if !out.Repeat {
		if learned, err = u.profile(&in); err != nil {
			return out, err
		}
	}
	c, err := first(u, u.db.q.ConvNewest, []any{in.Channel, in.Thread}, errNoConversation, scanRow)
	if zongji.KindOf(err) == zongji.NotFound {
		return out, nil // no conversation yet
	}
	if out.Conv = c.Conversation; err != nil || out.Repeat || !c.grant(&in, p) && !(learned && c.Status.Open()) {
		return out, err
	}
	ch, err := u.change(c.ID, func(c *zongji.Conversation, ch *Change) error {
		ch.c.grant(&in, p)
		ch.Event(zongji.EvWindow, zongji.ByContact, c.Contact, nil)
		return nil
	})
	if err == nil {
		out.Conv, out.Event = ch.Conv, &ch.Events[0]
	}
	return out, err
}

// grant takes over what an inbound does to the window of its conversation, and
// where the customer came from; false when that is nothing.
func (c *row) grant(in *zongji.Inbound, p zongji.InboundPolicy) (changed bool) {
	if in.Scene != "" && in.Scene != c.Scene {
		c.Scene, changed = in.Scene, true
	}
	if in.Pass != nil {
		c.Pass, changed = in.Pass, true
	}
	if !p.Grants && in.Grant == nil {
		return changed
	}
	if c.Window == nil {
		c.Window, changed = &zongji.Window{Reserve: p.Reserve}, true
	} else if in.Grant == nil && !in.Ends && in.Held == nil && c.Window.Reserve == p.Reserve {
		return changed
	}
	w := *c.Window
	if in.Held != nil {
		if w.Held = 0; *in.Held {
			w.Held = p.Now
		}
	}
	if w.Reserve = p.Reserve; in.Grant != nil {
		at := p.Now
		if in.At > 0 && in.At < at {
			at = in.At
		}
		w.Grant(*in.Grant, at)
	}
	w.Ended = w.Ended || in.Ends
	c.Window = &w
	return true
}

func (u run) inbound(in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	var known *int64
	var c row
	err := u.one(u.db.q.ConvOpen, []any{in.Channel, in.Thread, in.ExtID}, append(c.columns(), &known)...)
	switch {
	case err == nil && known == nil:
		if merged, err := u.refresh(&c, &in); err != nil {
			return zongji.Stored{}, err
		} else if merged {
			return u.inbound(in, p) // it is somebody else's now
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

// refresh writes what the channel now knows better of the customer. merged
// says that he turned out to be another contact.
func (u run) refresh(c *row, in *zongji.Inbound) (merged bool, err error) {
	if !in.From.Verified && in.From.Union == "" && (in.From.Name == "" || in.From.Name == c.ContactName) {
		return false, nil
	}
	if in.Msg == zongji.KindMail { // several people write in a thread of mails
		p, err := u.known(in.Channel, in.From.Ext)
		if zongji.KindOf(err) == zongji.NotFound || err == nil && p.ID != c.Contact {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	p, err := u.contact(c.Contact)
	if err != nil {
		return false, err
	}
	if in.From.Union != "" || in.From.Verified && !p.Verified { // else he was recognised before
		before := len(*u.told)
		who, lacking, err := u.recognise(in)
		if err == nil {
			err = u.link(&who, lacking)
		}
		if err != nil {
			return false, err
		}
		if merged = len(*u.told) > before; who.ID == p.ID || merged {
			p = who
		}
	}
	if p.learn(in) {
		err = u.putContact(&p)
	}
	c.ContactName, c.ContactLevel = p.Name, p.Level
	return merged, err
}

// open finds the customer, and reopens the thread's last conversation or
// makes a new one. A deed after the end is noted there and reopens nothing; one
// that ends what may be written opens nothing. What a machine wrote is kept
// where it is over.
func (u run) open(in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	who, err := u.identify(&in, p.Now)
	if err != nil {
		return zongji.Stored{}, err
	}
	old, err := first(u, u.db.q.ConvNewest, []any{in.Channel, in.Thread}, errNoConversation, scanRow)
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		return zongji.Stored{}, err
	}
	if old.ID != 0 && (in.Ends || in.Auto || !in.Fresh && p.Now.Sub(old.ClosedAt) < p.Reopen) {
		if old.Contact == who.ID {
			old.ContactName, old.ContactLevel = who.Name, who.Level
		}
		return u.append(old, in, p)
	}
	c := row{Conversation: zongji.Conversation{ID: u.db.ids.New(), Channel: in.Channel, Kind: in.ChanKind, Contact: who.ID, Thread: in.Thread,
		Status: zongji.StatusBot, Epoch: 1, Queue: p.Queue, Previous: old.ID, LastUser: old.LastUser, Units: 1, Lang: in.Lang,
		CreatedAt: p.Now, ContactName: who.Name, ContactLevel: who.Level, Scene: old.Scene, Window: old.Window}}
	if c.Lang == "" {
		c.Lang = who.Lang
	}
	if in.Auto {
		c.Status, c.ClosedAt, c.Team = zongji.StatusClosed, p.Now, p.Team
	}
	if err := c.insert(u, false); err != nil {
		return zongji.Stored{}, err
	}
	st, err := u.append(c, in, p)
	st.Opened = true
	return st, err
}

// append adds the message to c: the hot path, four statements after the one
// that found c. What the customer wrote reopens what was over; what he only did
// is answered by the bot alone; what a machine wrote is only kept.
func (u run) append(c row, in zongji.Inbound, p zongji.InboundPolicy) (zongji.Stored, error) {
	before, epoch, was := c.View(), c.Epoch, c.Rev
	wrote := in.Kind != zongji.InEvent && !in.Auto
	reopened, handled := wrote && c.reopen(), int64(0)
	if reopened { // people have seen what came before
		handled, c.HandledSeq = c.LastSeq, max(c.HandledSeq, c.LastSeq)
	}
	if c.Status == zongji.StatusBot && !in.Auto || wrote && c.Status.Heard() {
		if c.unhandled == 0 {
			c.unhandled = p.Now
		}
		c.due = min(p.Now.Add(p.Quiet), c.unhandled.Add(p.Max))
	}
	if !c.grant(&in, p) && c.Window == nil {
		was = 0 // nothing was computed from what others may change
	}
	m := message(&in, p.Now)
	m.ID, m.Conv, m.AuthorName = u.db.ids.New(), c.ID, c.ContactName
	if m.Kind == zongji.KindMail {
		m.AuthorName = cmp.Or(in.From.Name, in.From.Ext)
	}
	if c.LastAt, c.changed = p.Now, p.Now; wrote || c.Preview == "" {
		c.Preview, c.PrevFrom = preview(&m), m.From
	}
	revs := int64(1)
	if reopened {
		revs = 2
	}
	err := u.one(u.db.q.ConvInbound, []any{c.ID, epoch, revs, c.Preview, p.Now, c.due, c.unhandled, c.Status, c.Epoch, c.Owner, c.DueAt, c.ClosedAt, c.QueuedAt, c.AssignedAt, handled,
		wrote, c.PrevFrom, c.Scene, object(c.Window), object(c.Pass), c.pressAt(), was}, &c.LastSeq, &c.Rev, &c.Unread, &c.WaitingFrom)
	if missing(err) {
		return zongji.Stored{}, errMoved
	} else if err != nil {
		return zongji.Stored{}, err
	}
	m.Seq = c.LastSeq
	if _, err := insertMessage(u, c.Channel, &m, in.ExtID); err != nil {
		return zongji.Stored{}, err
	}
	if m.Kind == zongji.KindMail {
		if err := u.threaded(&in, &m, p.Topic); err != nil {
			return zongji.Stored{}, err
		}
	}
	if in.Fetch != "" {
		if _, err := u.exec(u.db.q.FetchInsert, m.ID, c.Channel, c.ID, in.Fetch, p.Now); err != nil {
			return zongji.Stored{}, err
		}
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

// message makes what is stored of an inbound.
func message(in *zongji.Inbound, now zongji.Ms) zongji.Message {
	m := zongji.Message{From: zongji.FromContact, Kind: in.Msg, Text: in.Text, Files: in.Files, Extra: in.Extra, At: now, CID: in.CID, State: zongji.StateStored}
	switch {
	case in.Kind == zongji.InEvent:
		m.Kind = zongji.KindEvent
		m.Extra = json.RawMessage(object(zongji.Happening{Event: in.Event, Value: in.Value}))
	case m.Kind != "":
	case len(in.Files) == 1 && strings.HasPrefix(in.Files[0].Type, "image/"):
		m.Kind = zongji.KindImage
	case len(in.Files) > 0:
		m.Kind = zongji.KindFile
	default:
		m.Kind = zongji.KindText
	}
	if in.Choice != "" && len(m.Extra) == 0 {
		m.Extra = json.RawMessage(object(map[string]string{"choice": in.Choice}))
	}
	if in.Fetch != "" {
		m.State = zongji.StateFetching
	}
	return m
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
