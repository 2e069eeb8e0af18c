package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"zongji/internal/zongji"
)

// previewLen is how many characters of a message a list row shows.
const previewLen = 80

// Change collects what one change of a conversation writes. It is good within
// the function given to DB.Change only.
type Change struct {
	// Existing is the message that Message found already stored under the same
	// client id; nil when the message was new.
	Existing *zongji.Message

	u       run
	c       *row
	before  zongji.View
	events  []event
	msgs    []*zongji.Message
	cmds    []zongji.Command
	outbox  []outgoing
	due     zongji.Ms
	dueSet  bool
	cfg     int64
	key     string // of the first event
	failure error
}

type event struct {
	zongji.Event
	n int64
}

// Sending says how a message leaves through its channel.
type Sending struct {
	Cost      int          // taken from the window, and given back when the channel did not count it
	NotBefore zongji.Ms    // it waits so long for what may be merged into it
	Pass      *zongji.Pass // it leaves under this
	Head      int64        // outbox row that it is sent with, as one
}

type outgoing struct {
	m *zongji.Message
	Sending
}

// Changed is what a change wrote. Every event has the row as it was after all
// of them.
type Changed struct {
	Conv     zongji.Conversation
	Messages []zongji.Message
	Events   []zongji.Event
	Cmds     []zongji.Command
}

// Change loads a conversation, lets fn alter it and writes everything in one
// transaction. An error of fn undoes all and is returned as it is. fn may be
// called several times and must have no other effect. Change counts Epoch up
// when status or owner changed; Rev counts the events.
func (db *DB) Change(ctx context.Context, conv int64, fn func(c *zongji.Conversation, ch *Change) error) (*Changed, error) {
	return db.change(ctx, conv, fn)
}

func (db *DB) change(ctx context.Context, conv int64, fn func(c *zongji.Conversation, ch *Change) error) (out *Changed, err error) {
	err = db.write(ctx, func(u run) error {
		out, err = u.change(conv, fn)
		return err
	})
	if errors.Is(err, errMoved) {
		err = zongji.Errorf(zongji.Busy, "store_busy", "conversation %d changes too fast: try again", conv)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (u run) change(conv int64, fn func(c *zongji.Conversation, ch *Change) error) (*Changed, error) {
	c, err := first(u, u.db.q.ConvToChange, []any{conv}, errNoConversation, scanRow)
	if err != nil {
		return nil, err
	}
	was := c
	ch := &Change{u: u, c: &c, before: c.View()}
	if err := fn(&c.Conversation, ch); err != nil {
		return nil, err
	}
	if ch.failure != nil {
		return nil, ch.failure
	}
	if err := ch.settle(&was); err != nil {
		return nil, err
	}
	return ch.write(was.Rev)
}

// settle computes what follows from what fn did.
func (ch *Change) settle(was *row) error {
	c := ch.c
	c.ID, c.Channel, c.Thread, c.Contact = was.ID, was.Channel, was.Thread, was.Contact
	c.Epoch = was.Epoch
	if c.Status != was.Status || c.Owner != was.Owner {
		c.Epoch++
	}
	switch {
	case c.AgentSeen == was.AgentSeen:
	case c.AgentSeen >= c.LastSeq:
		c.Unread = 0
	default:
		if err := ch.u.one(ch.u.db.q.ConvUnread, []any{c.ID, c.AgentSeen}, &c.Unread); err != nil {
			return err
		}
	}
	if ch.dueSet {
		c.due = ch.due
	}
	switch {
	case c.HandledSeq >= c.LastSeq:
		c.unhandled = 0
	case c.HandledSeq != was.HandledSeq:
		c.unhandled = ch.u.db.now()
	}
	return nil
}

// write writes the row, then what belongs to it; the messages are written.
func (ch *Change) write(rev int64) (*Changed, error) {
	u, c := ch.u, ch.c
	if err := c.update(u, rev); err != nil {
		return nil, err
	}
	out := &Changed{Conv: c.Conversation}
	for _, m := range ch.msgs {
		out.Messages = append(out.Messages, *m)
	}
	for i := range ch.events {
		e := &ch.events[i]
		e.Before, e.After, e.Cfg = ch.before, c.View(), ch.cfg
		key := ""
		if i == 0 {
			key = ch.key
		}
		if err := insertEvent(u, c, &e.Event, e.n, key); err != nil {
			return nil, err
		}
		e.Row = &out.Conv
		out.Events = append(out.Events, e.Event)
	}
	for _, cmd := range ch.cmds {
		cmd.ID, cmd.Conv, cmd.Epoch = u.db.ids.New(), c.ID, c.Epoch
		if _, err := u.exec(u.db.q.CmdInsert, cmd.ID, u.db.now(), c.ID, object(cmd)); err != nil {
			return nil, err
		}
		out.Cmds = append(out.Cmds, cmd)
	}
	for _, m := range ch.outbox {
		turn := int64(0)
		if c.Window != nil {
			turn = c.Window.Turn
		}
		if _, err := u.exec(u.db.q.OutboxInsert, u.db.ids.New(), c.Channel, c.ID, m.m.ID, m.m.Seq, u.db.now(), m.NotBefore, m.Cost, turn, object(m.Pass), m.Head); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Message writes a message with its event and returns it with ID, Conv, Seq
// and At. When its client id was used before by the same author the stored
// message is returned and Existing set.
func (ch *Change) Message(m zongji.Message) *zongji.Message {
	ch.Existing = nil
	c := ch.c
	m.ID, m.Conv, m.Seq = ch.u.db.ids.New(), c.ID, c.LastSeq+1
	if m.At == 0 {
		m.At = ch.u.db.now()
	}
	if m.State == "" {
		m.State = zongji.StateStored
	}
	if m.Kind == "" {
		m.Kind = zongji.KindText
	}
	isNew, err := insertMessage(ch.u, c.Channel, &m, "")
	if err == nil && !isNew {
		if ch.Existing, err = ch.ByCID(m.From, m.Author, m.CID); ch.Existing != nil {
			return ch.Existing
		}
	}
	if err != nil {
		ch.failure = err
		return &m
	}
	c.LastSeq, c.LastAt = m.Seq, max(c.LastAt, m.At)
	if m.From != zongji.FromNote && m.From != zongji.FromSystem {
		c.Preview, c.PrevFrom = preview(&m), m.From
	}
	by, actor := author(&m, c)
	msg := &m
	ch.msgs = append(ch.msgs, msg)
	e := newEvent(ch.u, c, zongji.EvMessage, by, actor, nil)
	e.Msg = msg
	ch.events = append(ch.events, event{Event: e})
	return msg
}

func author(m *zongji.Message, c *row) (by string, actor int64) {
	switch m.From {
	case zongji.FromContact:
		return zongji.ByContact, c.Contact
	case zongji.FromBot:
		return zongji.ByBot, 0
	case zongji.FromAgent, zongji.FromNote:
		return zongji.ByAgent, m.Author
	}
	return zongji.BySystem, 0
}

// preview returns the start of a message's text, or what stands for one.
func preview(m *zongji.Message) string {
	s := m.Text
	if s == "" && m.Kind == zongji.KindMail {
		s = mailOf(m).Subject
	}
	switch {
	case s != "" || m.Kind == zongji.KindText:
	case len(m.Files) > 0 && strings.HasPrefix(m.Files[0].Type, "image/"):
		return zongji.PreviewImage
	default:
		return "[" + string(m.Kind) + "]"
	}
	n := 0
	for i, r := range s {
		if n == previewLen {
			return s[:i]
		}
		n++
		if r == utf8.RuneError {
			return s[:i] // cleaned at the edge; the insert will say so
		}
	}
	return s
}

// ByCID returns the message stored under a client id, nil when there is none.
func (ch *Change) ByCID(from zongji.Party, author int64, cid string) (*zongji.Message, error) {
	found, err := list(ch.u, ch.u.db.q.MsgByCID, []any{ch.c.ID, from, author, cid}, scanMessage)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Event adds an event. data is one of the Data types, or nil.
func (ch *Change) Event(kind zongji.EventKind, by string, actor int64, data any) {
	ch.events = append(ch.events, event{Event: newEvent(ch.u, ch.c, kind, by, actor, data), n: number(data)})
}

// Route adds a routing command; ID, Conv and Epoch are filled.
func (ch *Change) Route(cmd zongji.Command) { ch.cmds = append(ch.cmds, cmd) }

// Outbox sends a message of this change through a channel without sockets.
func (ch *Change) Outbox(m *zongji.Message, s Sending) {
	if m != ch.Existing {
		ch.outbox = append(ch.outbox, outgoing{m, s})
	}
}

// Head returns the outbox row of the agent's last text while it still waits,
// with the whole text that it will be sent with; id 0 when there is none.
func (ch *Change) Head(author int64) (id int64, text string, cost int, err error) {
	u := ch.u
	if err := u.one(u.db.q.OutboxHead, []any{ch.c.ID, u.db.now(), author}, &id, &cost); missing(err) {
		return 0, "", 0, nil
	} else if err != nil {
		return 0, "", 0, err
	}
	_, text, err = u.bubble(id)
	return id, text, cost, err
}

// bubble returns the messages that an outbox row sends, and their text.
func (u run) bubble(outbox int64) (msgs []int64, text string, err error) {
	var texts []string
	_, err = list(u, u.db.q.OutboxBubble, []any{outbox}, func(s scan) (struct{}, error) {
		var id int64
		var t string
		err := s(&id, &t)
		msgs, texts = append(msgs, id), append(texts, t)
		return struct{}{}, err
	})
	return msgs, strings.Join(texts, "\n"), err
}

// Once notes an inbound that is no message; false when it was noted before.
func (ch *Change) Once(extID string) (first bool, err error) {
	n, err := ch.u.exec(ch.u.db.q.SeenInsert, ch.c.Channel, extID, ch.u.db.now())
	return n == 1, err
}

// Grant takes over what an inbound that is no message does to the window.
func (ch *Change) Grant(in zongji.Inbound, p zongji.InboundPolicy) { ch.c.grant(&in, p) }

// Due sets when bot and rules look at it again; 0 nothing is due.
func (ch *Change) Due(at zongji.Ms) { ch.due, ch.dueSet = at, true }

// Cfg notes the version of the rules on the events.
func (ch *Change) Cfg(version int64) { ch.cfg = version }

// AgentLoad returns the units that an agent holds. The agent is locked until
// the change is over, so that two changes cannot both find room.
func (ch *Change) AgentLoad(agent int64) (units int, err error) {
	var id, chats int64
	if err := ch.u.one(ch.u.db.q.AgentLock, []any{agent}, &id); missing(err) {
		return 0, zongji.Errorf(zongji.NotFound, "no_user", "no user %d", agent)
	} else if err != nil {
		return 0, err
	}
	if err := ch.u.one(ch.u.db.q.ConvLoad, []any{agent}, &units, &chats); err != nil {
		return 0, fmt.Errorf("load of %d: %w", agent, err)
	}
	return units, nil
}

// Mark moves the read and delivery positions of a conversation forward, and
// the state of one message. When nothing moved the Changed has no events.
func (db *DB) Mark(ctx context.Context, conv int64, m zongji.MarkData, by string, actor int64) (*Changed, error) {
	return db.change(ctx, conv, func(c *zongji.Conversation, ch *Change) error {
		var moved zongji.MarkData
		forward := func(at *int64, to int64, note *int64) {
			if to = min(to, c.LastSeq); to > *at {
				*at, *note = to, to
			}
		}
		forward(&c.AgentSeen, m.AgentSeen, &moved.AgentSeen)
		forward(&c.ContactGot, max(m.ContactGot, m.ContactSaw), &moved.ContactGot)
		forward(&c.ContactSaw, m.ContactSaw, &moved.ContactSaw)
		if m.Msg != 0 {
			if ok, err := ch.msgState(m.Msg, m.State, m.Reason); err != nil {
				return err
			} else if ok {
				moved.Msg, moved.State, moved.Reason = m.Msg, m.State, m.Reason
			}
		}
		if moved != (zongji.MarkData{}) {
			ch.Event(zongji.EvState, by, actor, moved)
		}
		return nil
	})
}

// order says which states of a message follow which. A channel may say that
// what it took has failed, and that what seemed to fail has arrived.
var order = map[zongji.SendState]int{
	zongji.StateFetching: 1, zongji.StateStored: 1, zongji.StatePending: 1, zongji.StateSending: 2, zongji.StateUnknown: 3,
	zongji.StateWithdrawn: 4, zongji.StateSent: 4, zongji.StateFailed: 5, zongji.StateDelivered: 6, zongji.StateRead: 7, zongji.StateRecalled: 8,
}

// msgState moves a message's state forward; false when it was there already.
func (ch *Change) msgState(id int64, to zongji.SendState, reason string) (bool, error) {
	m, err := first(ch.u, ch.u.db.q.MsgByID, []any{id}, errNoConversation, scanMessage)
	if err != nil {
		return false, err
	}
	if m.Conv != ch.c.ID || order[to] == 0 {
		return false, zongji.Errorf(zongji.Invalid, "bad_state", "message %d is not of this conversation, or %q is no state", id, to)
	}
	if order[to] <= order[m.State] {
		return false, nil
	}
	_, err = ch.u.exec(ch.u.db.q.MsgState, id, to, reason)
	return err == nil, err
}
