package router

import (
	"context"
	"time"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

const (
	dueBatch     = 200
	cmdAge       = time.Second // a command is sent again when its row is older
	eventAge     = 2 * time.Second
	resendBatch  = 1000
	overdueBatch = 200
)

// runReconcile makes good whatever was lost between a commit and the step
// after it: a crash, a full queue, a bus that was down.
func (r *Router) runReconcile(ctx context.Context) {
	checked := r.now()
	for r.sleep(ctx, r.cfg.Reconcile) {
		r.dueRows(ctx)
		r.overdueRows(ctx)
		r.metrics.waiting.Set(float64(r.feed.allWaiting()))
		if r.leading.Load() != 0 {
			r.resend(ctx)
			r.republish(ctx)
		}
		if err := r.Load(ctx); err != nil {
			r.warn(ctx, "configuration not read", err)
		}
		if now := r.now(); now.Sub(checked) >= r.cfg.Check {
			checked = now
			r.warn(ctx, "live state not compared", r.feed.resync(ctx))
		}
	}
}

func (r *Router) warn(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		r.log.Warn(what, "err", err)
	}
}

// dueRows advances conversations that nobody advanced in time.
func (r *Router) dueRows(ctx context.Context) {
	for ctx.Err() == nil {
		ids, err := r.db.ClaimDue(ctx, r.now(), dueBatch, r.cfg.Claim)
		r.warn(ctx, "due conversations not read", err)
		for _, id := range ids {
			r.warn(ctx, "conversation not advanced", r.advance(ctx, id))
		}
		if len(ids) < dueBatch {
			return
		}
	}
}

// overdueRows ends wrap-ups, wakes parked conversations, closes idle ones.
func (r *Router) overdueRows(ctx context.Context) {
	rows, err := r.db.Overdue(ctx, r.now(), overdueBatch)
	r.warn(ctx, "overdue conversations not read", err)
	for i := range rows {
		r.warn(ctx, "overdue conversation not handled", r.overdue(ctx, rows[i].ID))
	}
}

// resend sends commands whose row says that no leader applied them.
func (r *Router) resend(ctx context.Context) {
	cmds, err := r.db.UnappliedCmds(ctx, r.now().Add(-cmdAge), resendBatch)
	if err != nil || len(cmds) == 0 {
		r.warn(ctx, "commands not read", err)
		return
	}
	r.send(ctx, cmds...)
	r.metrics.resent.Add(float64(len(cmds)))
}

// republish publishes events that were committed but not published.
func (r *Router) republish(ctx context.Context) {
	evs, err := r.db.Unpublished(ctx, r.now().Add(-eventAge), resendBatch)
	if err != nil || len(evs) == 0 {
		r.warn(ctx, "events not read", err)
		return
	}
	lives := make([]zongji.Live, len(evs))
	for i := range evs {
		lives[i].Event = &evs[i]
	}
	if err := r.publishLive(ctx, lives...); err == nil {
		r.mark(evs)
		r.metrics.republished.Add(float64(len(evs)))
	}
}

// check compares engine and SQL now and then. The rows are read beside the
// leader, which waits for nothing.
func (l *leader) check(now zongji.Ms) []engine.Event {
	select {
	case rows := <-l.rows:
		return l.compare(now, rows)
	default:
	}
	every := l.r.cfg.Check
	if len(l.doubts) > 0 {
		every = min(every, l.r.cfg.Reconcile)
	}
	if time.Since(l.checked) < every {
		return nil
	}
	l.checked = time.Now()
	l.effects.do(0, func(ctx context.Context) {
		rows, err := l.r.db.LiveConversations(ctx)
		if err != nil {
			l.r.warn(ctx, "live conversations not read", err)
			return
		}
		select {
		case l.rows <- rows:
		default:
		}
	})
	return nil
}

// compare holds the engine against SQL and repairs what differs. A command
// that is still on its way is no difference: only what differs in the same
// epoch twice in a row, one check apart, counts.
func (l *leader) compare(now zongji.Ms, rows []zongji.Conversation) []engine.Event {
	inSQL := make(map[int64]*zongji.Conversation, len(rows))
	for i := range rows {
		inSQL[rows[i].ID] = &rows[i]
	}
	doubts := map[int64]int64{}
	var evs []engine.Event
	differs := func(conv, epoch int64, fix zongji.Command) {
		if l.doubts[conv] != epoch {
			doubts[conv] = epoch
			return
		}
		l.r.metrics.divergence.Inc()
		l.r.log.Warn("engine and SQL differ: repaired", "conv", conv, "op", fix.Op)
		evs = append(evs, l.eng.Apply(now, fix)...)
	}
	known := map[int64]bool{}
	for _, e := range l.entries() {
		known[e.conv] = true
		c := inSQL[e.conv]
		switch {
		case c == nil:
			differs(e.conv, e.epoch, zongji.Command{Op: zongji.OpRelease, Conv: e.conv, Epoch: e.epoch + 1})
		case e.waits != (c.Status == zongji.StatusQueued) || !e.waits && e.agent != c.Owner:
			differs(e.conv, c.Epoch, command(c))
		}
	}
	for id, c := range inSQL {
		if !known[id] {
			differs(id, c.Epoch, command(c))
		}
	}
	l.doubts = doubts
	return evs
}

// entry is what the engine believes of one conversation.
type entry struct {
	conv, epoch, agent int64
	waits              bool
}

// command is what brings the engine to a row's state.
func command(c *zongji.Conversation) zongji.Command {
	cmd := zongji.Command{Conv: c.ID, Epoch: c.Epoch, Units: c.Units, QueuedAt: c.QueuedAt, Demand: c.Demand}
	switch {
	case c.Status == zongji.StatusQueued:
		cmd.Op = zongji.OpEnqueue
	case c.Status.Holds():
		cmd.Op, cmd.Agent = zongji.OpAssigned, c.Owner
	default:
		cmd.Op = zongji.OpRelease
	}
	return cmd
}
