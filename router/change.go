package router

import (
	"context"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// tx is the change of one conversation as the store runs it.
type tx = store.Change

// change alters one conversation in one transaction, tells all screens, and
// sends its routing commands on. What the bus does not take, reconcile sends.
func (r *Router) change(ctx context.Context, conv int64, fn func(*zongji.Conversation, *tx) error) (*store.Changed, error) {
	ch, err := r.db.Change(ctx, conv, fn)
	if err != nil {
		return nil, err
	}
	r.after(ctx, ch)
	return ch, nil
}

// after does what follows a commit.
func (r *Router) after(ctx context.Context, ch *store.Changed) {
	for i := range ch.Events {
		ev := &ch.Events[i]
		if ev.Kind == zongji.EvAssigned {
			r.metrics.wait.Observe(ch.Conv.AssignedAt.Sub(ch.Conv.QueuedAt).Seconds())
		}
	}
	r.publish(ctx, &ch.Conv, ch.Events)
	r.send(ctx, ch.Cmds...)
	if len(ch.Messages) > 0 {
		r.wrote(ch.Conv.Channel)
	}
}

// send hands commands to the leader.
func (r *Router) send(ctx context.Context, cmds ...zongji.Command) {
	if len(cmds) == 0 || r.feed.down.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	if err := r.bus.Pool.Send(ctx, r.cfg.Pool, cmds...); err != nil {
		r.log.Debug("commands left for reconcile", "conv", cmds[0].Conv, "err", err)
	}
}

// visible returns a conversation that me may see.
func (r *Router) visible(ctx context.Context, me zongji.Actor, conv int64) (zongji.Conversation, error) {
	c, err := r.db.Conversation(ctx, conv)
	if err == nil && !me.Scope.Sees(c.View()) {
		err = errNoConversation
	}
	return c, err
}

var (
	errNoConversation = zongji.Errorf(zongji.NotFound, "no_conversation", "no such conversation, or not yours to see")
	errNotOwner       = zongji.Errorf(zongji.Conflict, "not_owner", "the conversation belongs to somebody else now")
	errClosed         = zongji.Errorf(zongji.Conflict, "closed", "the conversation has ended")
)

// mayServe reports whether me may act for the owner of c: he is the owner, or
// a supervisor who sees it.
func mayServe(me zongji.Actor, c *zongji.Conversation) error {
	switch {
	case !me.Scope.Sees(c.View()):
		return errNoConversation
	case c.Status == zongji.StatusClosed:
		return errClosed
	case c.Owner == me.User, me.Role.May(zongji.PermSupervise):
		return nil
	}
	return errNotOwner
}

// say adds what the product itself tells the customer, where the window has
// room for it beside what is people's.
func (r *Router) say(c *zongji.Conversation, tx *tx, text string) {
	if text == "" {
		return
	}
	r.tell(c, tx, zongji.Message{From: zongji.FromSystem, Kind: zongji.KindText, Text: text}, keeps(c))
}

// firstState is the state a new outgoing message starts in: a socket channel
// has it once it is stored, others must send it first.
func (r *Router) firstState(c *zongji.Conversation) zongji.SendState {
	if r.pushes(c) {
		return zongji.StateSent
	}
	return zongji.StatePending
}

// seconds is a queue setting as a duration, def where it is not set.
func seconds(s int, def time.Duration) time.Duration {
	if s <= 0 {
		return def
	}
	return time.Duration(s) * time.Second
}
