package router

import (
	"cmp"
	"context"
	"errors"

	"zongji/internal/zongji"
)

var (
	errOfferOver = zongji.Errorf(zongji.Conflict, "offer_over", "the offer has ended")
	errCapacity  = zongji.Errorf(zongji.Conflict, "over_capacity", "you serve as many conversations as you may")
	errBusDown   = zongji.Errorf(zongji.Busy, "bus_down", "offers rest while the live side is down: take the conversation from the waiting list")
)

// AcceptOffer gives the offered conversation to me. Of all who try, one wins;
// the others are told who has it.
func (r *Router) AcceptOffer(ctx context.Context, me zongji.Actor, offer int64) (zongji.Conversation, error) {
	o, err := r.takeOffer(ctx, me, offer)
	if err != nil {
		return zongji.Conversation{}, err
	}
	return r.acceptTaken(ctx, me, o, "offer")
}

// acceptTaken assigns the conversation of an offer that was taken. When that
// is refused the engine is told, so that it asks somebody else at once.
func (r *Router) acceptTaken(ctx context.Context, me zongji.Actor, o zongji.Offer, how string) (zongji.Conversation, error) {
	c, err := r.assign(ctx, me, o.Conv, how, func(c *zongji.Conversation) error {
		if c.Status != zongji.StatusQueued || c.Epoch != o.Epoch {
			return r.taken(c)
		}
		return nil
	}, o.ID)
	if err != nil {
		r.send(ctx, zongji.Command{Op: zongji.OpRefuse, Conv: o.Conv, Agent: me.User, Offer: o.ID, Reason: zongji.CodeOf(err)})
	}
	return c, err
}

// DeclineOffer refuses an offer; the next agent is asked.
func (r *Router) DeclineOffer(ctx context.Context, me zongji.Actor, offer int64, reason string) error {
	o, err := r.takeOffer(ctx, me, offer)
	if err != nil {
		return err
	}
	r.send(ctx, zongji.Command{Op: zongji.OpDecline, Conv: o.Conv, Agent: me.User, Offer: offer, Reason: cleanText(reason)})
	return nil
}

// takeOffer takes an offer out of the bus: whoever gets it may answer it.
func (r *Router) takeOffer(ctx context.Context, me zongji.Actor, offer int64) (zongji.Offer, error) {
	r.feed.mu.Lock()
	o, known := r.feed.offers[offer]
	r.feed.mu.Unlock()
	if known && o.Agent != me.User {
		return o, errOfferOver
	}
	tctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	o, ok, err := r.bus.Offers.Take(tctx, r.cfg.Pool, offer)
	switch {
	case err != nil:
		return o, errors.Join(errBusDown, err)
	case !ok:
		return o, r.offerOver(ctx, me, offer)
	case o.Agent != me.User:
		return o, errOfferOver
	}
	return o, nil
}

// offerOver says why an offer stands no longer: who has the conversation.
func (r *Router) offerOver(ctx context.Context, me zongji.Actor, offer int64) error {
	r.feed.mu.Lock()
	conv := r.feed.ended.has[offer]
	if o, ok := r.feed.offers[offer]; ok {
		conv = o.Conv
	}
	r.feed.mu.Unlock()
	if conv == 0 {
		return errOfferOver
	}
	c, err := r.db.Conversation(ctx, conv)
	if err != nil || c.Owner == me.User {
		return errOfferOver
	}
	return r.taken(&c)
}

// taken is the answer to the loser.
func (r *Router) taken(c *zongji.Conversation) error {
	if c.Status.Holds() {
		return zongji.Errorf(zongji.Conflict, "offer_taken", "%s serves this customer already", r.book.Load().name(c.Owner))
	}
	return errOfferOver
}

// Take pulls a conversation to me: one that waits or rests, or with the right
// to supervise also one that somebody else serves.
func (r *Router) Take(ctx context.Context, me zongji.Actor, conv int64) (zongji.Conversation, error) {
	return r.assign(ctx, me, conv, "pull", func(c *zongji.Conversation) error {
		switch {
		case !me.Scope.Sees(c.View()):
			return errNoConversation
		case c.Status == zongji.StatusClosed:
			return errClosed
		case c.Status.Holds() && c.Owner == me.User:
			return zongji.Errorf(zongji.Conflict, "yours", "you serve this customer already")
		case c.Status.Holds() && !me.Role.May(zongji.PermSupervise):
			return r.notOwner(c)
		}
		return nil
	}, 0)
}

// assign makes me the owner if may agrees and the capacity allows it: a
// compare-and-set in SQL, which decides whatever the engine believed.
func (r *Router) assign(ctx context.Context, me zongji.Actor, conv int64, how string, may func(*zongji.Conversation) error, offer int64) (zongji.Conversation, error) {
	b := r.book.Load()
	user, ok := b.users[me.User]
	if !ok || user.Disabled {
		return zongji.Conversation{}, zongji.Errorf(zongji.Denied, "denied", "only an active user can serve customers")
	}
	var came string
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if err := may(c); err != nil {
			return err
		}
		q := b.queues[c.Queue]
		c.Units = cmp.Or(c.Units, q.Units, 1)
		load, err := tx.AgentLoad(me.User)
		if err != nil {
			return err
		}
		if load+c.Units > user.Capacity {
			return errCapacity
		}
		now := r.now()
		came = how
		switch {
		case c.Status.Holds():
			came = "takeover"
		case c.Status == zongji.StatusParked && c.Owner == me.User:
			came = "resume"
		}
		if c.QueuedAt == 0 {
			c.QueuedAt = now
		}
		c.Status, c.Owner, c.LastUser, c.AssignedAt, c.DueAt = zongji.StatusAssigned, me.User, me.User, now, 0
		c.Team = cmp.Or(c.Team, user.Team) // a queue of no team: the owner's team sees it
		c.HandledSeq = c.LastSeq
		tx.Due(0)
		tx.Event(zongji.EvAssigned, zongji.ByAgent, me.User, zongji.AssignedData{Agent: me.User, How: came, Offer: offer, Wait: int64(now - c.QueuedAt)})
		tx.Route(zongji.Command{Op: zongji.OpAssigned, Conv: c.ID, Agent: me.User, Units: c.Units, Offer: offer})
		r.say(c, tx, servedText(c, user.Public()))
		return nil
	})
	if err != nil {
		return zongji.Conversation{}, err
	}
	r.metrics.assigned.WithLabelValues(came).Inc()
	return ch.Conv, nil
}
