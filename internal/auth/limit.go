package auth

import (
	"sync"
	"time"

	"zongji/internal/zongji"
)

const (
	failWindow  = 10 * time.Minute
	failsLogin  = 5      // of one login within failWindow
	failsIP     = 20     // of one IP within failWindow
	failEntries = 20_000 // keys remembered; beyond it expired ones are dropped, then all new ones refused
)

// failures counts failed logins by key in a sliding window. It is per node:
// several nodes allow several times as many, which changes nothing against 60
// bits.
type failures struct {
	clock zongji.Clock
	mu    sync.Mutex
	at    map[string][]time.Time
}

// try takes one attempt out of the window of key before the password is
// checked, so that parallel guesses count too. False when none is left.
func (f *failures) try(key string, max int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	if len(f.at) >= failEntries && f.at[key] == nil {
		for k, at := range f.at {
			if now.Sub(at[len(at)-1]) > failWindow {
				delete(f.at, k)
			}
		}
		if len(f.at) >= failEntries {
			return false
		}
	}
	at := f.at[key]
	for len(at) > 0 && now.Sub(at[0]) > failWindow {
		at = at[1:]
	}
	if len(at) >= max {
		f.at[key] = at
		return false
	}
	f.at[key] = append(at, now)
	return true
}

// back gives the last attempt of key back: it was no failure.
func (f *failures) back(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := f.at[key]; len(at) > 1 {
		f.at[key] = at[:len(at)-1]
	} else {
		delete(f.at, key)
	}
}

// forget clears a key after a success.
func (f *failures) forget(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.at, key)
}
