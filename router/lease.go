package router

import (
	"context"
	"sync"
	"time"
)

// leaseTTL is how long an SQL lease of an account outlives its holder.
const leaseTTL = 10 * time.Second

// holding runs fn while this node holds an SQL lease, which needs no bus. It
// returns at once, with ran false, when another node or another goroutine of
// this one has it; fn's ctx ends when it is lost.
func (r *Router) holding(ctx context.Context, name string, fn func(ctx context.Context, fence int64) error) (ran bool, err error) {
	if _, taken := r.held.LoadOrStore(name, true); taken {
		return false, nil
	}
	defer r.held.Delete(name)
	fence, ok, err := r.db.Lease(ctx, name, r.cfg.Node, leaseTTL)
	if err != nil || !ok {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		for renewed := r.now(); r.sleep(ctx, leaseTTL/4); {
			_, ok, err := r.db.Lease(ctx, name, r.cfg.Node, leaseTTL)
			switch {
			case err == nil && ok:
				renewed = r.now()
			case err == nil, r.now().Sub(renewed) > leaseTTL*2/3:
				return
			}
		}
	})
	err = fn(ctx, fence)
	cancel()
	wg.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer done()
	_ = r.db.ReleaseLease(last, name, r.cfg.Node) // it ends by itself otherwise
	return true, err
}
