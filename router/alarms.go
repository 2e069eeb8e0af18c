package router

import (
	"container/heap"
	"context"
	"sync"

	"zongji/internal/zongji"
)

// alarmLimit is how many conversations may wait for their burst to end in
// memory; beyond it reconcile finds them in SQL within 2 s.
const alarmLimit = 100_000

// alarms is a heap of moments at which conversations want attention. The
// truth is due_ms in SQL; this only makes it quick.
type alarms struct {
	clock zongji.Clock
	wake  chan struct{} // limit 1: the earliest moment changed

	mu   sync.Mutex
	heap alarmHeap
}

type alarm struct {
	at   zongji.Ms
	conv int64
}

func newAlarms(clock zongji.Clock) *alarms {
	return &alarms{clock: clock, wake: make(chan struct{}, 1)}
}

// set asks for attention to conv at a moment.
func (a *alarms) set(conv int64, at zongji.Ms) {
	a.mu.Lock()
	if len(a.heap) < alarmLimit {
		heap.Push(&a.heap, alarm{at, conv})
	}
	first := len(a.heap) > 0 && a.heap[0].conv == conv
	a.mu.Unlock()
	if first {
		poke(a.wake)
	}
}

// run calls ring for each alarm that is due, until ctx ends.
func (a *alarms) run(ctx context.Context, ring func(conv int64)) {
	for {
		now := zongji.NowMs(a.clock)
		a.mu.Lock()
		var due []int64
		for len(a.heap) > 0 && a.heap[0].at <= now {
			due = append(due, heap.Pop(&a.heap).(alarm).conv)
		}
		next := zongji.Ms(0)
		if len(a.heap) > 0 {
			next = a.heap[0].at
		}
		a.mu.Unlock()
		for _, conv := range due {
			ring(conv)
		}
		if !a.wait(ctx, next) {
			return
		}
	}
}

func (a *alarms) wait(ctx context.Context, next zongji.Ms) bool {
	if next == 0 {
		select {
		case <-ctx.Done():
			return false
		case <-a.wake:
			return true
		}
	}
	c, stop := a.clock.Timer(next.Sub(zongji.NowMs(a.clock)))
	defer stop()
	select {
	case <-ctx.Done():
		return false
	case <-a.wake:
	case <-c:
	}
	return true
}

type alarmHeap []alarm

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h alarmHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *alarmHeap) Push(x any)        { *h = append(*h, x.(alarm)) }
func (h *alarmHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// poke fills a channel of limit 1 without waiting.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
