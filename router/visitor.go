package router

import (
	"context"
	"encoding/json"
	"math"

	"zongji/channels"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

const visitPage = 30 // messages that a widget starts with

// visitors is what a channel with live visitors may ask: nothing that a
// customer must not see passes through it.
type visitors struct{ r *Router }

var _ channels.Desk = visitors{}

// Desk returns the customer's side of the router.
func (r *Router) Desk() channels.Desk { return visitors{r} }

// Visit returns the newest conversation of a thread and its messages after a
// seq; from the beginning, or when more than a page came, the last page.
func (v visitors) Visit(ctx context.Context, channel int64, thread string, after int64) (channels.VisitorView, error) {
	c, err := v.r.db.ThreadNewest(ctx, channel, thread)
	if zongji.KindOf(err) == zongji.NotFound {
		return channels.VisitorView{Messages: []zongji.VisitorMessage{}}, nil
	}
	if err != nil {
		return channels.VisitorView{}, err
	}
	view := channels.VisitorView{Conv: c.ID, Rev: c.Rev, Status: visitorStatus(c.Status), Agent: v.r.agentOf(&c), Seen: c.AgentSeen, Stars: c.Stars}
	view.Messages, view.More, err = v.messages(ctx, &c, after)
	return view, err
}

func (v visitors) messages(ctx context.Context, c *zongji.Conversation, after int64) (out []zongji.VisitorMessage, more bool, err error) {
	out = []zongji.VisitorMessage{}
	if after <= 0 {
		msgs, err := v.r.db.ThreadHistory(ctx, c.Channel, c.Thread, c.ID, math.MaxInt64, visitPage+1)
		if err != nil {
			return nil, false, err
		}
		if more = len(msgs) > visitPage; more {
			msgs = msgs[1:]
		}
		return appendShown(out, msgs), more, nil
	}
	for {
		msgs, err := v.r.db.Messages(ctx, c.ID, after, 0, 200)
		if err != nil {
			return nil, false, err
		}
		out = appendShown(out, msgs)
		if len(msgs) < 200 {
			return out, false, nil
		}
		after = msgs[len(msgs)-1].Seq
	}
}

func appendShown(out []zongji.VisitorMessage, msgs []zongji.Message) []zongji.VisitorMessage {
	for i := range msgs {
		if m, ok := shown(&msgs[i]); ok {
			out = append(out, *m)
		}
	}
	return out
}

// History pages back over the visitor's conversations.
func (v visitors) History(ctx context.Context, channel int64, thread string, conv, before int64, limit int) ([]zongji.VisitorMessage, error) {
	if conv == 0 {
		c, err := v.r.db.ThreadNewest(ctx, channel, thread)
		if zongji.KindOf(err) == zongji.NotFound {
			return []zongji.VisitorMessage{}, nil
		}
		if err != nil {
			return nil, err
		}
		conv = c.ID
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	msgs, err := v.r.db.ThreadHistory(ctx, channel, thread, conv, before, limit)
	if err != nil {
		return nil, err
	}
	return appendShown([]zongji.VisitorMessage{}, msgs), nil
}

// Place returns where a conversation stands in its queue.
func (v visitors) Place(ctx context.Context, conv int64) (place, waitS int, err error) {
	c, err := v.r.db.Conversation(ctx, conv)
	if err != nil || c.Status != zongji.StatusQueued {
		return 0, 0, err
	}
	bctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	place, _, err = v.r.bus.Pool.Place(bctx, v.r.cfg.Pool, conv)
	if err != nil || place == 0 { // not mirrored yet, or the bus is down
		place = max(v.r.waitingIn(c.Queue), 1)
	}
	return place, v.r.expect(c.Queue, place), nil
}

// Typing tells the agents that the visitor writes.
func (v visitors) Typing(ctx context.Context, conv int64, text string, on bool) {
	_ = v.r.bus.Typing.Say(ctx, bus.TypingNote{Conv: conv, From: zongji.FromContact, On: on, Text: cleanText(text)})
}

// Typing tells the customer, and other screens, that an agent writes.
func (r *Router) Typing(ctx context.Context, me zongji.Actor, conv int64, on bool) {
	_ = r.bus.Typing.Say(ctx, bus.TypingNote{Conv: conv, From: zongji.FromAgent, User: me.User, Name: me.Name, On: on})
	r.showTyping(typed{conv, on})
}

// End closes the visitor's conversation at his own wish.
func (v visitors) End(ctx context.Context, channel int64, thread string) error {
	c, err := v.r.db.ThreadNewest(ctx, channel, thread)
	if zongji.KindOf(err) == zongji.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = v.r.change(ctx, c.ID, func(c *zongji.Conversation, tx *tx) error {
		if c.Status != zongji.StatusClosed {
			v.r.close(c, tx, zongji.ByContact, c.Contact, "customer", true)
		}
		return nil
	})
	return err
}

// Staffed reports whether people of the channel's queue answer now, and else
// when they will.
func (v visitors) Staffed(_ context.Context, channel int64) (open bool, next zongji.Ms) {
	b := v.r.book.Load()
	q, err := b.queue(&zongji.Conversation{Channel: channel})
	if err != nil {
		return false, 0
	}
	return b.open(q, v.r.now())
}

// visitorStatus is the state in the customer's words.
func visitorStatus(s zongji.Status) string {
	switch s {
	case zongji.StatusBot:
		return "bot"
	case zongji.StatusQueued, zongji.StatusParked:
		return "waiting"
	case zongji.StatusAssigned:
		return "agent"
	}
	return "ended"
}

// agentOf is the public name of who serves c.
func (r *Router) agentOf(c *zongji.Conversation) string {
	if c.Status != zongji.StatusAssigned {
		return ""
	}
	return r.book.Load().name(c.Owner)
}

// shown returns what the customer sees of a message; false for notes.
func shown(m *zongji.Message) (*zongji.VisitorMessage, bool) {
	if m == nil || m.From == zongji.FromNote {
		return nil, false
	}
	out := &zongji.VisitorMessage{ID: m.ID, Conv: m.Conv, Seq: m.Seq, From: m.From, Kind: m.Kind, Text: m.Text, Files: m.Files, At: m.At}
	switch m.From {
	case zongji.FromContact:
		out.CID = m.CID
	case zongji.FromAgent:
		out.Name = m.AuthorName
	}
	switch m.Kind {
	case zongji.KindCandidates, zongji.KindAnswer:
		var extra zongji.Candidates // the options alone: an answer's score is not the customer's
		if json.Unmarshal(m.Extra, &extra) == nil && len(extra.Options) > 0 {
			out.Extra = extra
		}
	case zongji.KindRate:
		var ask zongji.RateAsk
		if json.Unmarshal(m.Extra, &ask) == nil {
			out.Extra = ask
		}
	}
	return out, true
}

// visitorEvent returns what a customer's screen is told of an event; false
// when it is none of his business.
func (r *Router) visitorEvent(ev *zongji.Event) (zongji.VisitorEvent, bool) {
	c := ev.Row
	if c == nil {
		return zongji.VisitorEvent{}, false
	}
	out := zongji.VisitorEvent{Conv: ev.Conv, Rev: ev.Rev, Contact: c.Contact, Channel: c.Channel, Thread: c.Thread}
	switch ev.Kind {
	case zongji.EvMessage:
		msg, ok := shown(ev.Msg)
		if !ok {
			return out, false
		}
		out.Msg = msg
	case zongji.EvState:
		out.Seen, out.Got = c.AgentSeen, c.ContactSaw
	}
	after := zongji.Conversation{Status: ev.After.Status, Owner: ev.After.Owner}
	if ev.Kind == zongji.EvState || ev.Before != ev.After || ev.Kind == zongji.EvMessage {
		out.Status, out.Agent = visitorStatus(after.Status), r.agentOf(&after)
		return out, true
	}
	return out, false
}

// toVisitor tells the sockets of the customer.
func (r *Router) toVisitor(ev *zongji.Event) {
	if ev.Row == nil {
		return
	}
	sink, ok := r.channel(ev.Row.Channel).(channels.EventSink)
	if !ok {
		return
	}
	if out, ok := r.visitorEvent(ev); ok {
		sink.Deliver(out)
	}
}

// typingToVisitor tells the customer that an agent writes.
func (r *Router) typingToVisitor(n bus.TypingNote) {
	if n.From != zongji.FromAgent {
		return
	}
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	for _, a := range r.accounts.open {
		if sink, ok := a.ch.(channels.EventSink); ok {
			sink.Typing(n.Conv, n.Name, n.On)
		}
	}
}

// resumeVisitors makes the customers' screens ask again for what they miss.
func (r *Router) resumeVisitors() {
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	for _, a := range r.accounts.open {
		if s, ok := a.ch.(channels.Resumer); ok {
			s.Resume()
		}
	}
}
