package router

import (
	"slices"
	"time"

	"zongji/internal/zongji"
)

const (
	orderWait = 100 * time.Millisecond // for a predecessor; then it is read from SQL
	orderSize = 65536                  // conversations whose last told rev is remembered
	orderBack = 10 * time.Second       // of a conversation that is not remembered, so much before is read: what nobody published, reconcile has published by then
)

// order puts the events of each conversation in the order of their revs.
// Whoever commits publishes, so of two events that were committed one right
// after the other the second may come first, and the first late or never.
// It belongs to feed.run.
type order struct {
	told  recent[int64]           // conversation → rev of the last event told
	held  map[int64][]zongji.Live // events that wait for their predecessor, by rev
	safe  string                  // position before the first held entry; "" when it has none
	until zongji.Ms
}

func newOrder() order {
	return order{told: newRecent[int64](orderSize), held: map[int64][]zongji.Live{}}
}

// next returns what may be told now that l has come. before is the position
// of the entry before it. While an event is held, what is told carries the
// position before it, so that a screen that resumes from there misses nothing.
func (o *order) next(l zongji.Live, before string, now zongji.Ms) (out []zongji.Live) {
	e := l.Event
	if e == nil {
		return []zongji.Live{o.at(l)}
	}
	last := o.told.has[e.Conv] // 0: nobody knows what was told before this node began
	if e.Rev > last+1 {
		if len(o.held) == 0 {
			o.safe, o.until = before, now.Add(orderWait)
		}
		i, _ := slices.BinarySearchFunc(o.held[e.Conv], e.Rev, func(h zongji.Live, rev int64) int { return int(h.Event.Rev - rev) })
		o.held[e.Conv] = slices.Insert(o.held[e.Conv], i, l)
		return nil
	}
	out = append(out, o.at(l))
	if e.Rev > last {
		out = append(out, o.release(e.Conv, e.Rev)...)
	}
	return out
}

// release returns the held events up to rev, and those that follow it
// without a gap.
func (o *order) release(conv, rev int64) (out []zongji.Live) {
	held := o.held[conv]
	for len(held) > 0 && held[0].Event.Rev <= rev+1 {
		rev = max(rev, held[0].Event.Rev)
		out = append(out, o.at(held[0]))
		held = held[1:]
	}
	o.told.put(conv, max(rev, o.told.has[conv]))
	if len(held) > 0 {
		o.held[conv] = held
	} else if delete(o.held, conv); len(o.held) == 0 {
		o.safe = ""
	}
	return out
}

// gap is what a conversation's held events wait for: the revs between after
// and before, not older than since.
type gap struct {
	conv, after, before int64
	since               zongji.Ms
}

// overdue returns the gaps once they were waited for long enough, and again
// a second later if they are not released.
func (o *order) overdue(now zongji.Ms) (gaps []gap) {
	if len(o.held) == 0 || now < o.until {
		return nil
	}
	o.until = now.Add(sqlTail)
	for conv, held := range o.held {
		g := gap{conv: conv, before: held[len(held)-1].Event.Rev}
		if last, known := o.told.has[conv]; known {
			g.after = last
		} else {
			g.since = held[0].Event.At.Add(-orderBack)
		}
		gaps = append(gaps, g)
	}
	return gaps
}

// wait is how long the feed may sleep.
func (o *order) wait() time.Duration {
	if len(o.held) > 0 {
		return orderWait / 4
	}
	return tailWait
}

func (o *order) at(l zongji.Live) zongji.Live {
	if o.safe != "" && l.Pos != "" {
		l.Pos = o.safe
	}
	return l
}
