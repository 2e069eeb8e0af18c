package router

import (
	"context"
	"time"

	"zongji/internal/zongji"
)

const (
	markLimit = 65536 // published ids that wait to be marked
	markEvery = 200 * time.Millisecond
	markBatch = 4096
)

// publish tells all screens what was committed. c is the row of events without
// one. It
// never fails the caller: what is not published now, reconcile publishes.
func (r *Router) publish(ctx context.Context, c *zongji.Conversation, evs []zongji.Event) {
	if len(evs) == 0 || r.feed.down.Load() {
		return
	}
	lives := make([]zongji.Live, len(evs))
	for i := range evs {
		if evs[i].Row == nil {
			evs[i].Row = c
		}
		lives[i].Event = &evs[i]
	}
	if err := r.publishLive(ctx, lives...); err != nil {
		r.log.Debug("events left for reconcile", "conv", evs[0].Conv, "err", err)
		return
	}
	r.mark(evs)
}

func (r *Router) publishLive(ctx context.Context, lives ...zongji.Live) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	return r.bus.Stream.Publish(ctx, lives...)
}

// mark remembers that events were published, to say so to SQL in batches.
func (r *Router) mark(evs []zongji.Event) {
	for i := range evs {
		select {
		case r.marks <- evs[i].ID:
		default:
			r.metrics.dropped.WithLabelValues("mark").Inc()
		}
	}
}

// runMarks writes the marks of published events.
func (r *Router) runMarks(ctx context.Context) {
	for r.sleep(ctx, markEvery) {
		r.writeMarks(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	r.writeMarks(last)
}

func (r *Router) writeMarks(ctx context.Context) {
	var ids []int64
	for {
		select {
		case id := <-r.marks:
			ids = append(ids, id)
			if len(ids) < markBatch {
				continue
			}
		default:
		}
		if len(ids) == 0 {
			return
		}
		if err := r.db.MarkPublished(ctx, ids); err != nil {
			r.log.Debug("published events not marked", "err", err)
			return
		}
		ids = ids[:0]
	}
}
