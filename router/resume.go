package router

import (
	"context"
	"slices"

	"zongji/internal/zongji"
	"zongji/router/bus"
)

// resumeMax is how many entries a resume reads from the bus before it is a
// snapshot.
const resumeMax = 8192

// Head returns the position of the newest entry this node has seen.
func (r *Router) Head(context.Context) string {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	return r.feed.pos
}

// Range returns what stands after pos, and where it ends. bus.ErrGone means
// that the screen must take a snapshot.
func (r *Router) Range(ctx context.Context, pos string) ([]zongji.Live, string, error) {
	f := r.feed
	f.mu.Lock()
	head := f.pos
	i := slices.IndexFunc(f.ring, func(l zongji.Live) bool { return l.Pos == pos })
	var evs []zongji.Live
	if i >= 0 {
		evs = slices.Clone(f.ring[i+1:])
	}
	f.mu.Unlock()
	switch {
	case pos == "" || f.down.Load():
		return nil, head, bus.ErrGone
	case pos == head, i >= 0:
		return evs, head, nil
	}
	return r.rangeBus(ctx, pos)
}

func (r *Router) rangeBus(ctx context.Context, pos string) ([]zongji.Live, string, error) {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	var all []zongji.Live
	for len(all) < resumeMax {
		evs, head, err := r.bus.Stream.Tail(ctx, pos, tailMax, 0)
		if err != nil {
			return nil, r.Head(ctx), bus.ErrGone
		}
		all, pos = append(all, evs...), head
		if len(evs) < tailMax {
			return all, pos, nil
		}
	}
	return nil, r.Head(ctx), bus.ErrGone
}
