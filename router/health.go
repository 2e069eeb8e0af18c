package router

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	healthEvery = 5 * time.Second // callbacks are counted and lines written at least so often
	lineLimit   = 64              // lines that wait to be written; beyond it the oldest go
	lineMax     = 500             // characters of a line
)

// health collects what an account says of itself, for noteHealth to write
// down: an adapter never waits for the database to complain.
type health struct {
	wake  chan struct{} // limit 1
	calls atomic.Int64  // requests since the last write
	last  atomic.Int64  // of the newest, ms

	mu    sync.Mutex
	now   channels.Health
	fresh bool // now is not written yet
	lines []store.LogLine
}

func (h *health) init() { h.wake = make(chan struct{}, 1) }

// say notes how the account is.
func (h *health) say(now channels.Health) {
	now.Text = short(cleanText(now.Text))
	h.mu.Lock()
	defer h.mu.Unlock()
	if now != h.now {
		h.now, h.fresh = now, true
		poke(h.wake)
	}
}

// problem adds a line for operators.
func (h *health) problem(code, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.lines) == lineLimit {
		h.lines = h.lines[1:]
	}
	h.lines = append(h.lines, store.LogLine{Code: short(cleanText(code)), Text: short(cleanText(text))})
	poke(h.wake)
}

func short(s string) string {
	if r := []rune(s); len(r) > lineMax {
		return string(r[:lineMax])
	}
	return s
}

// take returns what is to be written.
func (h *health) take() (now channels.Health, fresh bool, lines []store.LogLine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, fresh, lines = h.now, h.fresh, h.lines
	h.fresh, h.lines = false, nil
	return now, fresh, lines
}

// again has what take returned written once more; a state only if it is no old
// news.
func (h *health) again(now channels.Health, fresh bool, lines []store.LogLine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fresh = h.fresh || fresh && h.now == now
	h.lines = slices.Concat(lines, h.lines)
	h.lines = h.lines[max(len(h.lines)-lineLimit, 0):]
}

// counted counts the requests to an account's address.
func (a *account) counted(h http.Handler, clock zongji.Clock) http.Handler {
	if !a.kind.Grants { // only where operators ask whether the other side calls at all
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a.health.calls.Add(1)
		a.health.last.Store(clock.Now().UnixMilli())
		h.ServeHTTP(w, req)
	})
}

// noteHealth writes down what an account says of itself until ctx ends.
func (r *Router) noteHealth(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		c, stop := r.cfg.Clock.Timer(healthEvery)
		select {
		case <-ctx.Done():
		case <-a.health.wake:
		case <-c:
		}
		stop()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
		r.warn(ctx, "health of a channel not written", r.writeHealth(last, a))
		cancel()
	}
}

// writeHealth writes what was said since the last time. What cannot be written
// waits for the next time.
func (r *Router) writeHealth(ctx context.Context, a *account) (err error) {
	now, fresh, lines := a.health.take()
	if fresh {
		err = r.db.SetHealth(ctx, a.set.ID, store.ChannelHealth{State: now.State, Code: now.Code, Text: now.Text, Until: now.Until})
		fresh = err != nil
	}
	for err == nil && len(lines) > 0 {
		if err = r.db.LogChannel(ctx, a.set.ID, lines[0].Code, lines[0].Text); err == nil {
			lines = lines[1:]
		}
	}
	if err != nil {
		a.health.again(now, fresh, lines)
		return err
	}
	n := a.health.calls.Swap(0)
	if n > 0 {
		if err = r.db.CountCallbacks(ctx, a.set.ID, zongji.Ms(a.health.last.Load()), n); err != nil {
			a.health.calls.Add(n)
		}
	}
	return err
}
