package router

import (
	"context"
	"fmt"
	"strings"

	"zongji/bot"
	"zongji/internal/zongji"
)

// Target is where a conversation is passed on to: exactly one is set.
type Target struct {
	Agent int64
	Queue int64
}

// Transfer passes a conversation on: back to a queue, or to one agent, who is
// asked alone and must accept; when he does not, his queue is asked. It keeps
// its age, and the one who gave it away is not asked again for a while. note
// is kept for the next agent, where the customer never sees it.
func (r *Router) Transfer(ctx context.Context, me zongji.Actor, conv int64, to Target, note string) (zongji.Conversation, error) {
	b := r.book.Load()
	note = strings.TrimSpace(cleanText(note))
	if note != "" {
		if err := checkText(note, 0); err != nil {
			return zongji.Conversation{}, err
		}
	}
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if err := mayServe(me, c); err != nil {
			return err
		}
		if err := r.checkTarget(b, me, to); err != nil {
			return err
		}
		if !c.Status.Holds() && c.Status != zongji.StatusQueued {
			return zongji.Errorf(zongji.Conflict, "not_served", "only a conversation that is served or waits can be passed on")
		}
		q, err := b.queue(c)
		if target, ok := b.queues[to.Queue]; ok {
			q, err = target, nil
		}
		if err != nil {
			return err
		}
		owner := c.Owner
		r.requeue(c, q)
		c.Demand.Only = to.Agent
		if owner != 0 && owner != to.Agent {
			c.Demand.Exclude = []int64{owner}
		}
		if note != "" {
			tx.Message(zongji.Message{From: zongji.FromNote, Author: me.User, AuthorName: me.Name, Kind: zongji.KindText, Text: note, State: zongji.StateStored})
		}
		r.wait(c, tx, zongji.EvRequeued, "transfer", note, nil)
		if len(c.Demand.Exclude) > 0 {
			c.DueAt = r.now().Add(r.cfg.Exclude)
		}
		r.say(c, tx, bot.Text(c.Lang, "transferred"))
		return nil
	})
	if err != nil {
		return zongji.Conversation{}, err
	}
	return ch.Conv, nil
}

func (r *Router) checkTarget(b *book, me zongji.Actor, to Target) error {
	u, isUser := b.users[to.Agent]
	q, isQueue := b.queues[to.Queue]
	switch {
	case (to.Agent == 0) == (to.Queue == 0):
		return zongji.Errorf(zongji.Invalid, "bad_target", "pass on to an agent or to a queue")
	case to.Agent != 0 && (!isUser || u.Disabled || u.Capacity <= 0):
		return zongji.Errorf(zongji.Invalid, "bad_target", "that user serves no customers")
	case to.Agent == me.User && to.Agent != 0:
		return zongji.Errorf(zongji.Invalid, "bad_target", "you cannot pass a conversation on to yourself")
	case to.Queue != 0 && (!isQueue || q.Disabled):
		return zongji.Errorf(zongji.Invalid, "bad_target", "no such queue")
	}
	return nil
}

// requeue gives c a fresh demand in q, with what the rules asked beyond the
// queue when it stays there.
func (r *Router) requeue(c *zongji.Conversation, q zongji.Queue) {
	d := zongji.Demand{}
	if c.Demand != nil {
		d = *c.Demand
	}
	if d.Queue != q.ID {
		d = zongji.Demand{Skills: q.Skills, P1: d.P1, Points: d.Points, Lang: d.Lang}
	}
	d.Queue, d.Only, d.Exclude, d.Affinity, d.AffinityS = q.ID, 0, nil, 0, 0
	c.Demand, c.Queue, c.Team = &d, q.ID, q.Team
	if c.Status.Holds() {
		c.HandledSeq = c.LastSeq // a person has read it
	}
	if c.QueuedAt == 0 {
		c.QueuedAt = r.now()
	}
}

// lost gives a vanished agent's conversation back to its queue at its
// original age.
func (r *Router) lost(ctx context.Context, conv, agent int64) error {
	return r.rerouted(ctx, conv, "lost_agent", func(c *zongji.Conversation) bool {
		return c.Status == zongji.StatusAssigned && c.Owner == agent
	}, func(c *zongji.Conversation, tx *tx) { r.say(c, tx, bot.Text(c.Lang, "lost_agent")) })
}

// rerouted queues a conversation again if it is still as expected.
func (r *Router) rerouted(ctx context.Context, conv int64, reason string, still func(*zongji.Conversation) bool, also func(*zongji.Conversation, *tx)) error {
	b := r.book.Load()
	_, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if !still(c) {
			return nil
		}
		q, err := b.queue(c)
		if err != nil {
			return err
		}
		r.requeue(c, q)
		r.wait(c, tx, zongji.EvRequeued, reason, "", nil)
		also(c, tx)
		return nil
	})
	return err
}

// fallback moves a waiting conversation to the queue that the engine names
// when nobody of its own could be found. Where none is named, or it is gone,
// the conversation keeps its place and the supervisors are told.
func (r *Router) fallback(ctx context.Context, conv, queue int64, reason string) error {
	b := r.book.Load()
	q, ok := b.queues[queue]
	if !ok || q.Disabled {
		return r.unroutable(ctx, conv, reason)
	}
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if c.Status != zongji.StatusQueued || c.Queue == queue {
			return nil
		}
		r.requeue(c, q)
		r.wait(c, tx, zongji.EvUnroutable, reason, "", nil)
		return nil
	})
	if err == nil && len(ch.Events) > 0 {
		r.metrics.unroutable.WithLabelValues(reason).Inc()
		r.log.Warn("a conversation went to the fallback queue", "conv", conv, "queue", queue, "reason", reason)
	}
	return err
}

// unroutable tells, once per wait and reason, that a conversation waits which
// nobody takes.
func (r *Router) unroutable(ctx context.Context, conv int64, reason string) error {
	c, err := r.db.Conversation(ctx, conv)
	if err != nil || c.Status != zongji.StatusQueued {
		return err
	}
	data := zongji.RoutedData{Reason: reason, Queue: c.Queue}
	if c.Demand != nil {
		data.Demand, data.Points = *c.Demand, c.Demand.Points
	}
	ch, err := r.db.AddEvent(ctx, conv, zongji.EvUnroutable, zongji.BySystem, 0, data, fmt.Sprintf("unroutable:%d:%d:%s", conv, c.Epoch, reason))
	if err != nil || len(ch.Events) == 0 {
		return err
	}
	r.metrics.unroutable.WithLabelValues(reason).Inc()
	r.log.Error("a conversation waits that nobody takes: look at its queue's people and fallback", "conv", conv, "queue", c.Queue, "reason", reason)
	r.publish(ctx, &ch.Conv, ch.Events)
	return nil
}
