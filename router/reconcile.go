package router

import (
	"context"
	"time"

	"zongji/internal/zongji"
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
			r.pressRows(ctx)
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

// pressRows brings forward whose reply window closes.
func (r *Router) pressRows(ctx context.Context) {
	ids, err := r.db.Pressing(ctx, r.now(), overdueBatch)
	r.warn(ctx, "closing windows not read", err)
	for _, id := range ids {
		r.warn(ctx, "conversation not brought forward", r.press(ctx, id))
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
