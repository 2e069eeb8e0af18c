package router

import (
	"time"

	"zongji/internal/zongji"
)

const (
	handlingDefault = 300.0 // seconds a conversation takes when a queue has no figures yet
	handlingWeight  = 0.1   // of the newest conversation in the moving average
	waitRound       = 30    // seconds: a customer is not told more exactly
)

// Estimate returns the expected wait in seconds of somebody who would queue
// now.
func (r *Router) Estimate(queue int64) int {
	return r.expect(queue, r.waitingIn(queue)+1)
}

// expect returns the expected wait at a place of a queue: who is not served
// at once by free capacity waits for the ready agents' conversations to end,
// one after the other. It is rounded up to half a minute.
func (r *Router) expect(queue int64, place int) int {
	if place <= 0 {
		return 0
	}
	b, f := r.book.Load(), r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	handling, ok := f.handling[queue]
	if !ok {
		handling = handlingDefault
	}
	q, free, slots := b.queues[queue], 0, 0 // in conversations of this queue
	units := max(q.Units, 1)
	for id, u := range b.users {
		st := f.status(b, id)
		if st.Online && st.State == zongji.AgentReady && (q.Team == 0 || u.Team == q.Team) {
			free += max(0, u.Capacity-st.Load) / units
			slots += u.Capacity / units
		}
	}
	wait := int(float64(max(0, place-free))*handling/float64(max(slots, 1))) + 1
	return (wait + waitRound - 1) / waitRound * waitRound
}

// waitingIn returns how many wait in a queue, as far as this node knows.
func (r *Router) waitingIn(queue int64) int {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	return r.feed.waiting[queue]
}

// noteHandling keeps a moving average of handling times. f.mu is held.
func (f *feed) noteHandling(queue int64, d time.Duration) {
	s := min(max(d.Seconds(), 10), 3600)
	old, ok := f.handling[queue]
	if !ok {
		old = handlingDefault
	}
	f.handling[queue] = old + handlingWeight*(s-old)
}

// allWaiting returns how many wait in all queues.
func (f *feed) allWaiting() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.waiting {
		n += w
	}
	return n
}
