package router

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"zongji/internal/zongji"
	"zongji/router/bus"
	"zongji/router/engine"
)

const (
	commandBatch   = 1024
	campaignEvery  = 4 // a follower looks at the lease so many times per lease
	releaseTimeout = time.Second
)

// campaign leads the pool whenever nobody else does. A term that ended
// because the bus forgot it is followed by the next at once.
func (r *Router) campaign(ctx context.Context) {
	for ctx.Err() == nil {
		if value, ok := r.acquire(ctx); ok {
			l := &leader{r: r, lease: value, lastAlive: map[int64]zongji.Ms{}, online: map[int64]bool{},
				told: map[int64]zongji.AgentProfile{}, rows: make(chan []zongji.Conversation, 1)}
			if errors.Is(l.run(ctx), bus.ErrFenced) {
				continue
			}
		}
		if !r.sleep(ctx, r.cfg.LeaseTTL/campaignEvery) {
			return
		}
	}
}

// acquire takes the lease if it is free. The epoch in its value comes from
// SQL, so that it grows even when the bus forgets everything.
func (r *Router) acquire(ctx context.Context) (string, bool) {
	cctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	if holder, err := r.bus.Lease.Holder(cctx, r.cfg.Pool); err != nil || holder != "" {
		return "", false
	}
	epoch, err := r.db.PoolEpoch(cctx, r.cfg.Pool)
	if err != nil {
		r.log.Warn("no epoch for the pool", "err", err)
		return "", false
	}
	value := fmt.Sprintf("%d:%s", epoch, rand.Text())
	ok, err := r.bus.Lease.Acquire(cctx, r.cfg.Pool, value, r.cfg.LeaseTTL)
	return value, ok && err == nil
}

// leader runs the engine of the pool for as long as it holds the lease.
type leader struct {
	r         *Router
	lease     string
	renewed   time.Time // on this process's own monotonic clock
	looked    time.Time // presence
	eng       *engine.Engine
	book      *book
	cursor    string
	stale     bool           // the engine must be built again
	forget    bool           // and the command stream read from its beginning
	online    map[int64]bool // as the engine knows
	told      map[int64]zongji.AgentProfile
	lastAlive map[int64]zongji.Ms // agents seen with a socket
	effects   *effects
	applied   []int64 // route_cmd rows of the step
	checked   time.Time
	doubts    map[int64]int64            // conversations that differed from SQL at the last check, by epoch
	rows      chan []zongji.Conversation // limit 1: what SQL says, for the check
}

// run is one term: it ends when ctx does, or returns why it had to.
func (l *leader) run(ctx context.Context) error {
	r := l.r
	_, epoch := splitLease(l.lease)
	ctx, cancel := context.WithCancel(ctx)
	l.effects = newEffects(r)
	var wg sync.WaitGroup
	wg.Go(func() { l.effects.run(ctx) })
	l.renewed, l.checked, l.stale = time.Now(), time.Now(), true
	r.leading.Store(epoch)
	r.metrics.leader.Set(1)
	r.log.Info("leading the pool", "pool", r.cfg.Pool, "epoch", epoch)
	why := l.lead(ctx)
	r.leading.Store(0)
	r.metrics.leader.Set(0)
	cancel()
	wg.Wait()
	if why != nil {
		r.log.Warn("not leading any more", "epoch", epoch, "err", why)
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer done()
	_ = r.bus.Lease.Release(last, r.cfg.Pool, l.lease)
	return why
}

// lead steps until ctx ends (nil), the lease is lost or the bus is down.
func (l *leader) lead(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := l.renew(ctx); err != nil {
			return err
		}
		err := l.step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, bus.ErrGone): // the commands were lost with the stream, and perhaps the lease too
			l.stale, l.forget, l.renewed = true, true, l.renewed.Add(-l.r.cfg.LeaseEvery)
		case err != nil:
			return err
		}
	}
	return nil
}

// renew keeps the lease. A leader that could not renew for two thirds of it
// stops, by its own clock.
func (l *leader) renew(ctx context.Context) error {
	since := time.Since(l.renewed)
	if since < l.r.cfg.LeaseEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.r.cfg.LeaseTTL/3)
	defer cancel()
	began := time.Now()
	if holder, err := l.r.bus.Lease.Holder(ctx, l.r.cfg.Pool); err == nil && holder != l.lease {
		return bus.ErrFenced // another leads, or the bus was emptied and the mirror with it: a new term begins
	}
	ok, err := l.r.bus.Lease.Acquire(ctx, l.r.cfg.Pool, l.lease, l.r.cfg.LeaseTTL)
	switch {
	case err == nil && ok:
		l.renewed = began
		return nil
	case err == nil:
		return bus.ErrFenced
	case time.Since(l.renewed) > l.r.cfg.LeaseTTL*2/3:
		return fmt.Errorf("lease not renewed: %w", err)
	}
	return nil
}

// step applies what came, lets time pass, and commits what follows.
func (l *leader) step(ctx context.Context) error {
	if l.stale {
		if err := l.rebuild(ctx); err != nil {
			return err
		}
	}
	entries, err := l.r.bus.Pool.Commands(ctx, l.r.cfg.Pool, l.cursor, commandBatch, l.patience())
	if err != nil {
		return err
	}
	now := l.r.now()
	evs := l.follow(now)
	if time.Since(l.looked) >= min(presenceEvery, l.r.cfg.AbsentAfter/2) {
		evs = append(evs, l.look(ctx, now)...)
	}
	evs = append(evs, l.check(now)...)
	l.applied = l.applied[:0]
	for _, e := range entries {
		evs = append(evs, l.apply(now, e.Cmd)...)
		l.cursor = e.Pos
	}
	evs = append(evs, l.eng.Tick(now)...)
	if len(entries) == 0 && len(evs) == 0 {
		return nil
	}
	return l.commit(ctx, evs)
}

// patience is how long the leader may wait for a command.
func (l *leader) patience() time.Duration {
	d := min(l.r.cfg.Step, l.r.cfg.LeaseEvery)
	if next := l.eng.Next(); next != 0 {
		d = min(d, max(next.Sub(l.r.now()), time.Millisecond))
	}
	return d
}

// apply hands one command to the engine.
func (l *leader) apply(now zongji.Ms, cmd zongji.Command) []engine.Event {
	if cmd.ID != 0 {
		l.applied = append(l.applied, cmd.ID)
	}
	if cmd.Op == zongji.OpAgent && cmd.Profile != nil {
		return l.hear(now, *cmd.Profile)
	}
	return l.eng.Apply(now, cmd)
}

// commit writes a step to the bus and then does what follows from it.
func (l *leader) commit(ctx context.Context, evs []engine.Event) error {
	c := l.gather(evs)
	if err := l.r.bus.Pool.Commit(ctx, l.r.cfg.Pool, c); err != nil {
		return err
	}
	l.effects.applied(l.applied)
	l.effects.add(evs)
	return nil
}

// gather turns engine events into one step of the mirror.
func (l *leader) gather(evs []engine.Event) bus.Commit {
	for i := range evs {
		switch ev := &evs[i]; ev.Kind {
		case engine.Offered:
			l.r.metrics.offers.WithLabelValues("made").Inc()
		case engine.OfferEnded:
			l.r.metrics.offers.WithLabelValues(ev.Reason).Inc()
		}
	}
	return bus.Step(l.lease, l.cursor, evs)
}

// rebuild makes the engine from SQL and replaces the mirror. Commands that
// stand in the stream are applied again afterwards; what SQL knew already is
// dropped by its epoch.
func (l *leader) rebuild(ctx context.Context) error {
	r := l.r
	st, err := r.bus.Pool.State(ctx, r.cfg.Pool)
	if err != nil {
		return err
	}
	if l.cursor = st.Cursor; l.forget {
		l.cursor = ""
	}
	convs, err := r.db.LiveConversations(ctx)
	if err != nil {
		return err
	}
	states, err := r.db.AgentStates(ctx)
	if err != nil {
		return err
	}
	alive, err := r.bus.Presence.Alive(ctx)
	if err != nil {
		return err
	}
	now := r.now()
	l.book = r.book.Load()
	agents := l.agents(now, states, alive)
	l.eng = engine.New(engine.Config{NewID: r.db.IDs().New})
	evs := l.eng.Restore(now, l.queues(), agents, convs, st.Offers)
	l.applied = l.applied[:0]
	c, snap := l.gather(evs), l.eng.Snapshot()
	c.Put, c.Offers = nil, snap.Offers
	c.Events = append(c.Events, l.statuses(now)...)
	for _, w := range snap.Waiting {
		c.Put = append(c.Put, bus.Waiting{Conv: w.Conv, Queue: w.Queue, Lane: w.Lane, Key: w.Key})
	}
	if err := r.bus.Pool.Reset(ctx, r.cfg.Pool, c); err != nil {
		return err
	}
	l.stale, l.forget = false, false
	l.effects.add(evs)
	r.built.Store(int64(now))
	r.metrics.rebuilds.Inc()
	r.log.Info("engine built from SQL", "conversations", len(convs), "agents", len(agents), "offers_kept", len(st.Offers))
	return nil
}

func (l *leader) queues() []zongji.Queue {
	var qs []zongji.Queue
	for _, q := range l.book.queues {
		qs = append(qs, q)
	}
	return qs
}
