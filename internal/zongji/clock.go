package zongji

import "time"

// Ms is a moment as milliseconds since 1970 (UTC), as stored in SQL and sent
// in JSON. 0 means "not set".
type Ms int64

// MsOf returns t as milliseconds; the zero time is 0.
func MsOf(t time.Time) Ms {
	if t.IsZero() {
		return 0
	}
	return Ms(t.UnixMilli())
}

// Time returns m as a time in UTC; 0 is the zero time.
func (m Ms) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Add returns m moved by d.
func (m Ms) Add(d time.Duration) Ms { return m + Ms(d.Milliseconds()) }

// Sub returns m − o as a duration.
func (m Ms) Sub(o Ms) time.Duration { return time.Duration(m-o) * time.Millisecond }

// Clock is the time as logic sees it. It is injected wherever logic reads the
// time or sleeps, so that tests decide what time it is.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that receives once after d, and a function that
	// frees the timer. stop may be called at any time, also twice.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// NowMs returns the clock's time in milliseconds.
func NowMs(c Clock) Ms { return MsOf(c.Now()) }

// Wall is the real clock.
type Wall struct{}

// Now returns time.Now.
func (Wall) Now() time.Time { return time.Now() }

// Timer wraps time.NewTimer.
func (Wall) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
