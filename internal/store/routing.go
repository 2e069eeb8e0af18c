package store

import (
	"cmp"
	"context"
	"time"

	"zongji/internal/zongji"
)

// PoolEpoch returns the next fencing epoch of a routing pool.
func (db *DB) PoolEpoch(ctx context.Context, pool string) (epoch int64, err error) {
	err = db.write(ctx, func(u run) error { return u.one(db.q.PoolEpoch, []any{pool}, &epoch) })
	return epoch, err
}

// Lease takes or renews a lease. fence grows with each new holder, so that
// what an old one does late can be refused; ok is false while another has it.
func (db *DB) Lease(ctx context.Context, name, holder string, ttl time.Duration) (fence int64, ok bool, err error) {
	now := db.now()
	err = db.write(ctx, func(u run) error {
		err := u.one(db.q.LeaseTake, []any{name, holder, now, now.Add(ttl)}, &fence)
		if ok = err == nil; missing(err) {
			return nil
		}
		return err
	})
	return fence, ok, err
}

// ReleaseLease ends a lease that holder has.
func (db *DB) ReleaseLease(ctx context.Context, name, holder string) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.LeaseEnd, name, holder)
		return err
	})
}

// AgentStates returns what each agent said last of himself, with what he
// holds. Online, Team and Capacity are the caller's to fill.
func (db *DB) AgentStates(ctx context.Context) (map[int64]zongji.AgentStatus, error) {
	out := map[int64]zongji.AgentStatus{}
	states, err := list(db.read(ctx), db.q.AgentStateAll, nil, func(s scan) (a zongji.AgentStatus, err error) {
		return a, s(&a.User, &a.State, &a.Reason, &a.Since)
	})
	if err != nil {
		return nil, err
	}
	for _, a := range states {
		out[a.User] = a
	}
	loads, err := list(db.read(ctx), db.q.AgentLoads, nil, func(s scan) (a zongji.AgentStatus, err error) {
		return a, s(&a.User, &a.Load, &a.Chats)
	})
	for _, l := range loads {
		a, ok := out[l.User]
		if !ok {
			a = zongji.AgentStatus{User: l.User, State: zongji.AgentOffline}
		}
		a.Load, a.Chats = l.Load, l.Chats
		out[l.User] = a
	}
	return out, err
}

// SetAgentState writes what an agent is now, and logs it.
func (db *DB) SetAgentState(ctx context.Context, user int64, st zongji.AgentState, reason, by string) (zongji.AgentStatus, error) {
	a := zongji.AgentStatus{User: user, State: st, Reason: reason, Since: db.now()}
	err := db.write(ctx, func(u run) error {
		if err := u.one(db.q.AgentStatePut, []any{user, st, reason, a.Since}, &a.Since); err != nil {
			return err
		}
		if _, err := u.exec(db.q.AgentEventInsert, db.ids.New(), user, a.Since, "state", st, reason, by); err != nil {
			return err
		}
		return u.one(db.q.ConvLoad, []any{user}, &a.Load, &a.Chats)
	})
	return a, err
}

// LogPresence logs that an agent came or went: kind is online or offline.
func (db *DB) LogPresence(ctx context.Context, user int64, kind string) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.AgentEventInsert, db.ids.New(), user, db.now(), kind, "", "", zongji.BySystem)
		return err
	})
}

// OutboxClaim takes up to limit messages of a channel to be sent now: of each
// conversation only the lowest that is unfinished. They are committed as
// sending before they are returned. One that was being sent before, and whose
// end nobody wrote, comes again with Msg.State sending.
func (db *DB) OutboxClaim(ctx context.Context, channel int64, fence int64, now zongji.Ms, limit int) ([]zongji.Outbound, error) {
	type next struct {
		id, conv, msg int64
		state         zongji.SendState
		tries         int
		pass          *zongji.Pass
	}
	scanNext := func(s scan) (n next, err error) {
		return n, s(&n.id, &n.conv, &n.msg, &n.state, &n.tries, from{&n.pass})
	}
	args := []any{channel, now, fence, limit}
	if found, err := list(db.read(ctx), db.q.OutboxNext, args, scanNext); err != nil || len(found) == 0 {
		return nil, err // the usual case writes nothing
	}
	var out []zongji.Outbound
	err := db.write(ctx, func(u run) error {
		out = nil
		found, err := list(u, db.q.OutboxNext, args, scanNext)
		if err != nil {
			return err
		}
		for _, n := range found {
			if took, err := u.exec(db.q.OutboxTry, n.id, fence, n.tries+1); err != nil {
				return err
			} else if took == 0 {
				continue
			}
			o, err := u.outbound(n.conv, n.msg)
			if err != nil {
				return err
			}
			if msgs, text, err := u.bubble(n.id); err != nil {
				return err
			} else if len(msgs) > 1 {
				o.Msg.Text = text
			}
			o.ID, o.Fence, o.Try, o.Msg.State, o.Conv.Pass = n.id, fence, n.tries+1, n.state, n.pass
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

func (u run) outbound(conv, msg int64) (o zongji.Outbound, err error) {
	if o.Conv, err = first(u, u.db.q.ConvByID, []any{conv}, errNoConversation, scanConversation); err != nil {
		return o, err
	}
	if o.Msg, err = first(u, u.db.q.MsgByID, []any{msg}, errNoConversation, scanMessage); err != nil {
		return o, err
	}
	o.Thread = o.Conv.Thread
	o.To, err = u.recipient(&o.Conv)
	return o, err
}

// recipient is who c's customer is on its channel: the one of his identities
// there that this thread is with, where threads are named so.
func (u run) recipient(c *zongji.Conversation) (to zongji.Identity, err error) {
	p, err := u.contact(c.Contact)
	if err != nil {
		return to, err
	}
	var ext string
	if err := u.one(u.db.q.IdentityOf, []any{p.ID, c.Channel, u.db.cfg.Sealer.Blind(c.Thread)}, &ext); err != nil && !missing(err) {
		return to, err
	}
	to = zongji.Identity{Name: p.Name, Phone: p.Phone, Email: p.Email, Level: p.Level, Verified: p.Verified}
	to.Ext, err = u.db.cfg.Sealer.Open(ext)
	return to, err
}

// OutboxBack puts a message back that OutboxClaim took and that was not sent
// through no fault of its own: the try does not count. It may be claimed again
// at retryAt. Nothing happens when another sender has taken it since.
func (db *DB) OutboxBack(ctx context.Context, id, fence int64, code, reason string, retryAt zongji.Ms) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.OutboxBack, id, code, reason, retryAt, fence)
		return err
	})
}

// SendEnd is how a send ended.
type SendEnd struct {
	State   zongji.SendState // pending tries again at RetryAt
	Fence   int64            // of the lease under which it was sent; 0 does not compare
	ExtID   string           // the channel's id of the message
	Ref     string           // Message-ID that from now on means its thread
	Code    string
	Reason  string
	RetryAt zongji.Ms
	// The channel says that the window is closed, that its count is used, or that
	// its own people have the customer.
	Closed, Used, Held bool
}

// OutboxDone writes how a send ended, of all messages that left together, and
// corrects the window by it. The Changed is nil when the row had been finished
// before, and without events when nothing that people see changed.
func (db *DB) OutboxDone(ctx context.Context, id int64, end SendEnd) (out *Changed, err error) {
	err = db.write(ctx, func(u run) error {
		out = nil
		var conv, msg, turn int64
		var cost int
		var pass string
		if err := u.one(db.q.OutboxByID, []any{id}, &conv, &msg, &cost, &turn, &pass); missing(err) {
			return zongji.Errorf(zongji.NotFound, "no_outbox", "no outbox row %d", id)
		} else if err != nil {
			return err
		}
		row := end.State
		if row == zongji.StateDelivered || row == zongji.StateRead {
			row = zongji.StateSent
		}
		if n, err := u.exec(db.q.OutboxEnd, id, row, end.Code, end.Reason, end.RetryAt, end.Fence); err != nil || n == 0 {
			return err
		}
		if end.ExtID != "" {
			if _, err := u.exec(db.q.MsgExt, msg, end.ExtID); err != nil {
				return err
			}
		}
		if end.State == zongji.StatePending {
			out, err = u.change(conv, func(*zongji.Conversation, *Change) error { return nil })
			return err
		}
		msgs, _, err := u.bubble(id)
		if err == nil {
			_, err = u.exec(db.q.OutboxEndRest, id, row, end.Code, end.Reason)
		}
		if err != nil {
			return err
		}
		out, err = u.change(conv, func(c *zongji.Conversation, ch *Change) error {
			if end.Ref != "" {
				if err := u.ref(c.Channel, end.Ref, c.Thread, msg, true, u.db.now()); err != nil {
					return err
				}
			}
			if w := c.Window; w != nil && w.Turn == turn && pass == "" && end.State == zongji.StateFailed {
				c.Window = corrected(*w, &end, cost, u.db.now())
			}
			if w := c.Window; w != nil && (end.Held || w.Held != 0 && row == zongji.StateSent) {
				now := *w
				if now.Held = 0; end.Held {
					now.Held = u.db.now()
				}
				c.Window = &now
			}
			for _, m := range msgs {
				if moved, err := ch.msgState(m, end.State, end.Reason); err != nil {
					return err
				} else if moved {
					ch.Event(zongji.EvState, zongji.BySystem, 0, zongji.MarkData{Msg: m, State: end.State, Reason: end.Reason})
				}
			}
			return nil
		})
		return err
	})
	return out, err
}

// corrected is w after a send of the same turn failed for good.
func corrected(w zongji.Window, end *SendEnd, cost int, now zongji.Ms) *zongji.Window {
	if end.Closed || end.Used {
		w.Close(end.Closed, now)
	} else {
		w.Give(cost, now)
	}
	return &w
}

// Recipient returns whom messages of a conversation go to.
func (db *DB) Recipient(ctx context.Context, c zongji.Conversation) (zongji.Identity, error) {
	return db.read(ctx).recipient(&c)
}

// MessageBy returns the message of a channel with the channel's id, or, when
// that is "", with the message's; NotFound when there is none.
func (db *DB) MessageBy(ctx context.Context, channel int64, ext string, id int64) (zongji.Message, error) {
	if ext != "" {
		return first(db.read(ctx), db.q.MsgByExt, []any{channel, ext}, errNoMessage, scanMessage)
	}
	m, err := first(db.read(ctx), db.q.MsgByID, []any{id}, errNoMessage, scanMessage)
	if err != nil {
		return m, err
	}
	if c, err := db.Conversation(ctx, m.Conv); err != nil || c.Channel != channel {
		return m, cmp.Or(err, errNoMessage)
	}
	return m, nil
}

var errNoMessage = zongji.Errorf(zongji.NotFound, "no_message", "no such message on this channel")
