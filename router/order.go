package router

import (
	"slices"
	"time"

	"zongji/internal/zongji"
)

const (
	orderWait = 100 * time.Millisecond // longest wait for a predecessor: one that was lost is published by reconcile
	orderSize = 65536                  // conversations whose last told rev is remembered
)

// order puts the events of each conversation in the order of their revs.
// Whoever commits publishes, so two events that were committed one right
// after the other may come by the other way round. It belongs to feed.run.
type order struct {
	told  recent[int64]           // conversation → rev of the last event told
	held  map[int64][]zongji.Live // events that wait for their predecessor, by rev
	safe  string                  // position before the first held entry; "" when nothing is held
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
	last, known := o.told.has[e.Conv]
	if known && e.Rev > last+1 || !known && e.Rev > 1 { // of an unknown one, nobody knows what was told before this node began
		if o.safe == "" {
			o.safe, o.until = before, now.Add(orderWait)
		}
		i, _ := slices.BinarySearchFunc(o.held[e.Conv], e.Rev, func(h zongji.Live, rev int64) int { return int(h.Event.Rev - rev) })
		o.held[e.Conv] = slices.Insert(o.held[e.Conv], i, l)
		return nil
	}
	out = append(out, o.at(l))
	if e.Rev > last {
		o.told.put(e.Conv, e.Rev)
		out = append(out, o.release(e.Conv, e.Rev)...)
	}
	return out
}

// release returns the held events that follow rev without a gap.
func (o *order) release(conv, rev int64) (out []zongji.Live) {
	held := o.held[conv]
	for len(held) > 0 && held[0].Event.Rev <= rev+1 {
		rev = max(rev, held[0].Event.Rev)
		out = append(out, o.at(held[0]))
		held = held[1:]
	}
	o.told.put(conv, rev)
	if len(held) > 0 {
		o.held[conv] = held
	} else if delete(o.held, conv); len(o.held) == 0 {
		o.safe = ""
	}
	return out
}

// overdue gives up waiting: screens heal the gap by asking.
func (o *order) overdue(now zongji.Ms) (out []zongji.Live) {
	if o.safe == "" || now < o.until {
		return nil
	}
	for conv, held := range o.held {
		for _, l := range held {
			out = append(out, o.at(l))
		}
		o.told.put(conv, held[len(held)-1].Event.Rev)
	}
	clear(o.held)
	o.safe = ""
	return out
}

// wait is how long the feed may sleep.
func (o *order) wait() time.Duration {
	if o.safe != "" {
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
