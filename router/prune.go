package router

import (
	"context"
	"time"

	"zongji/internal/store"
)

const (
	pruneEvery = 24 * time.Hour
	pruneFirst = 10 * time.Minute // after the start, so that a node which starts every day prunes too
	// seenAge is how long an inbound event is known as seen: WeCom tells of
	// three days again when a cursor is lost, the others of minutes.
	seenAge = 10 * 24 * time.Hour
	// sentAge is how long finished outbox rows stay for those who ask how a send
	// went; the message keeps its state.
	sentAge = 30 * 24 * time.Hour
	// fetchOver is when media is given up whose account is disabled or gone: a
	// day after an open one would have.
	fetchOver = fetchEnds + 24*time.Hour
)

// runPrune deletes once a day what nobody needs any more, one node at a time,
// until ctx ends.
func (r *Router) runPrune(ctx context.Context) {
	for wait := pruneFirst; r.sleep(ctx, wait); wait = pruneEvery {
		_, err := r.holding(ctx, "prune", func(ctx context.Context, _ int64) error { return r.Prune(ctx) })
		r.warn(ctx, "old rows not deleted", err)
	}
}

// Prune deletes what nobody needs any more, and gives up media that no account
// fetches.
func (r *Router) Prune(ctx context.Context) error {
	gone, err := r.db.Prune(ctx, store.Ages{Seen: seenAge, Sent: sentAge, Agent: r.cfg.KeepAgent, Audit: r.cfg.KeepAudit})
	if gone > 0 {
		r.log.Info("old rows deleted", "rows", gone)
	}
	for err == nil {
		var old []store.Fetch
		if old, err = r.db.OldFetches(ctx, r.now().Add(-fetchOver), fetchBatch); len(old) == 0 {
			break
		}
		for i := 0; err == nil && i < len(old); i++ {
			err = r.fetched(ctx, old[i], nil, "gone")
		}
	}
	return err
}
