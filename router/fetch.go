package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	fetchEvery   = 2 * time.Second // how often it is looked at without being told
	fetchBatch   = 16
	fetchAtOnce  = 4
	fetchTimeout = 2 * time.Minute // of one message's media
	fetchMax     = 10 * time.Minute
	fetchEnds    = 72 * time.Hour // WeChat keeps media for three days
)

// fetches wakes the fetcher of an account that is open here.
func (r *Router) fetches(channel int64) {
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	if a, ok := r.accounts.open[channel]; ok {
		poke(a.fetch)
	}
}

// fetchAll brings the media of one account's messages until ctx ends. One node
// does it at a time; what a crash cut off is fetched again.
func (r *Router) fetchAll(ctx context.Context, a *account, f channels.Fetcher) {
	for ctx.Err() == nil {
		_, err := r.holding(ctx, fmt.Sprintf("fetch:%d", a.set.ID), func(ctx context.Context, _ int64) error {
			for ctx.Err() == nil && r.fetchBatch(ctx, a, f) {
				r.waitFetch(ctx, a)
			}
			return nil
		})
		r.warn(ctx, "fetch lease not taken", err)
		r.waitFetch(ctx, a)
	}
}

func (r *Router) waitFetch(ctx context.Context, a *account) {
	c, stop := r.cfg.Clock.Timer(fetchEvery)
	defer stop()
	select {
	case <-ctx.Done():
	case <-a.fetch:
	case <-c:
	}
}

// fetchBatch fetches what is due; false when SQL does not answer. What cannot be
// written is not fetched again at once.
func (r *Router) fetchBatch(ctx context.Context, a *account, f channels.Fetcher) bool {
	for ctx.Err() == nil {
		due, err := r.db.Fetches(ctx, a.set.ID, r.now(), fetchBatch)
		if err != nil {
			r.warn(ctx, "media to fetch not read", err)
			return false
		}
		var g errgroup.Group
		g.SetLimit(fetchAtOnce)
		for _, one := range due {
			g.Go(func() error { return r.fetchOne(ctx, one, f) })
		}
		err = g.Wait()
		r.warn(ctx, "fetched media not written", err)
		if err != nil || len(due) < fetchBatch {
			return true
		}
	}
	return false
}

// fetchOne brings the files of one message, or notes why there are none.
func (r *Router) fetchOne(ctx context.Context, one store.Fetch, f channels.Fetcher) error {
	fctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	files, err := f.Fetch(fctx, one.What)
	cancel()
	if err != nil && ctx.Err() != nil {
		return nil // stopped: it is fetched again
	}
	reason := ""
	if err != nil {
		var se *channels.SendError
		if !errors.As(err, &se) {
			se = &channels.SendError{Class: channels.Retry, Reason: err.Error()}
		}
		again := max(se.RetryAt, r.now().Add(min(backoffBase<<min(one.Tries, 20), fetchMax)))
		lasting := se.Class == channels.Retry || se.Class == channels.AccountPaused || se.Class == channels.BadConfig || se.Class == channels.UnknownResult
		if lasting && again.Sub(one.Since) < fetchEnds {
			r.metrics.fetches.WithLabelValues("retry").Inc()
			return r.db.FetchBack(ctx, one.Msg, again)
		}
		if reason = se.Words(); reason == "" {
			reason = "gone"
		}
	}
	return r.fetched(ctx, one, files, reason)
}

// fetched writes the files of a message, or why there are none, and tells the
// screens.
func (r *Router) fetched(ctx context.Context, one store.Fetch, files []zongji.File, reason string) error {
	outcome := "fetched"
	if reason != "" {
		outcome = "failed"
	}
	r.metrics.fetches.WithLabelValues(outcome).Inc()
	ch, err := r.db.FetchDone(ctx, one, files, reason)
	if err == nil && ch != nil {
		r.after(ctx, ch)
	}
	return err
}
