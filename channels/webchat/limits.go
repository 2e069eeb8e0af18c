package webchat

import (
	"context"
	"sync"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Limits of one visitor and one address: docs/protocol.md §2.
const (
	maxFrame   = 32 << 10 // bytes
	maxQueue   = 256      // unsent frames for one socket, then 4408
	maxUnsent  = 1 << 20  // bytes of unsent frames for one socket, then 4408; one frame may always wait
	maxSockets = 50       // per IP
	maxSub     = 128      // bytes of a customer id in a signed identity
	maxWord    = 200      // bytes of a name, a phone number, a mail address, a tag
	maxURL     = 500      // bytes of the page's address
	maxComment = 500      // characters
	maxTags    = 10
	maxChoice  = 100 // bytes
	tokenLen   = 32  // hex digits of 128 bits

	msgBurst, msgRate     = 10, 1.0
	actBurst, actRate     = 10, 1.0 // stars, ends: each writes to the database
	frameBurst, frameRate = 60, 10.0
	newBurst, newRate     = 20, 20.0 / 60
	fileBurst, fileRate   = 20, 1.0 / 3

	helloWait  = 10 * time.Second // for the first frame
	pingEvery  = 25 * time.Second
	silence    = 60 * time.Second // two pings may be lost on a bad Wi-Fi
	beat       = time.Second      // how often sockets are looked at
	placeEvery = 5 * time.Second
	typeEvery  = 2 * time.Second  // typing notes of a visitor
	storeWait  = 10 * time.Second // for one storage call
	writeWait  = 10 * time.Second // for one frame
	closeWait  = 3 * time.Second  // for the other side's goodbye
	rateRetry  = 5 * time.Second  // how long a flooding client stays away
	historyLen = 30               // messages of a page
)

// bucket holds tokens that refill with time.
type bucket struct {
	left float64
	at   zongji.Ms
}

// take takes a token, or says how long to wait for one.
func (b *bucket) take(now zongji.Ms, burst int, rate float64) (retry time.Duration, ok bool) {
	b.left = min(float64(burst), b.left+now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.left < 1 {
		return time.Duration((1 - b.left) / rate * float64(time.Second)), false
	}
	b.left--
	return 0, true
}

// limiter limits by key: first on this node, then on all of them. Without the
// bus its own buckets alone decide.
type limiter struct {
	clock  zongji.Clock
	shared channels.Shared
	prefix string

	mu      sync.Mutex
	buckets map[string]*bucket
	sockets map[string]int // by IP
}

// rateError is a Busy error that knows when to come back.
type rateError struct {
	error
	retry time.Duration
}

func (e *rateError) Unwrap() error { return e.error }

func tooFast(retry time.Duration) error {
	return &rateError{zongji.Errorf(zongji.Busy, "rate", "too fast: try again in %v", retry.Round(time.Millisecond)), retry}
}

func (l *limiter) take(ctx context.Context, key string, burst int, rate float64) error {
	now := zongji.NowMs(l.clock)
	l.mu.Lock()
	b := l.buckets[key]
	if b == nil {
		b = &bucket{left: float64(burst), at: now}
		l.buckets[key] = b
	}
	retry, ok := b.take(now, burst, rate)
	l.mu.Unlock()
	if !ok {
		return tooFast(retry)
	}
	if ok, retry, err := l.shared.Take(ctx, l.prefix+key, 1, burst, rate); err == nil && !ok {
		return tooFast(retry)
	}
	return nil
}

// enter counts a socket of ip and reports whether it may stay.
func (l *limiter) enter(ip string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sockets[ip]++
	return ip == "" || l.sockets[ip] <= maxSockets
}

func (l *limiter) leave(ip string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sockets[ip]--; l.sockets[ip] <= 0 {
		delete(l.sockets, ip)
	}
}

// sweep forgets buckets that nobody touched for so long that they are full.
func (l *limiter) sweep() {
	const full = 2 * time.Minute // longer than any bucket needs
	now := zongji.NowMs(l.clock)
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, b := range l.buckets {
		if now.Sub(b.at) > full {
			delete(l.buckets, k)
		}
	}
}
