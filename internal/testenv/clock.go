package testenv

import (
	"sync"
	"time"
)

// Clock is a zongji.Clock that stands still until a test moves it.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*timer]struct{}
}

type timer struct {
	at time.Time
	c  chan time.Time
}

// NewClock returns a clock that stands at t; the zero time stands for
// 2026-03-02 10:00 in Shanghai, a Monday.
func NewClock(t time.Time) *Clock {
	if t.IsZero() {
		t = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	}
	return &Clock{now: t, timers: map[*timer]struct{}{}}
}

// Now returns where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Timer returns a channel that receives when the clock has been moved by d.
func (c *Clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
	} else {
		c.timers[t] = struct{}{}
	}
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

// Move moves the clock forward and fires the timers that are due.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for t := range c.timers {
		if !t.at.After(c.now) {
			t.c <- c.now
			delete(c.timers, t)
		}
	}
}
