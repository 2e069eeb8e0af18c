package channeltest

import (
	"context"
	"sync"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Keep is an account's memory for tests. Several channels that share one are
// nodes of one installation. The zero value is empty.
type Keep struct {
	mu     sync.Mutex
	values map[string]string
	fences map[string]int64
	held   map[string]bool
	fence  int64
	down   error
}

var _ channels.Keep = (*Keep)(nil)

// Down makes every call fail with err; nil: they work again.
func (k *Keep) Down(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = err
}

// Get returns what was put.
func (k *Keep) Get(_ context.Context, key string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.values[key], k.down
}

// Put keeps a value; a lower fence than the last one's is a Conflict error.
func (k *Keep) Put(_ context.Context, key, value string, fence int64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil {
		return k.down
	}
	if fence != 0 && fence < k.fences[key] {
		return zongji.Errorf(zongji.Conflict, "fenced", "another node has written since")
	}
	if k.values == nil {
		k.values, k.fences = map[string]string{}, map[string]int64{}
	}
	k.values[key] = value
	k.fences[key] = max(k.fences[key], fence)
	return nil
}

// Holding runs fn unless somebody else is in.
func (k *Keep) Holding(ctx context.Context, name string, fn func(context.Context, int64) error) (bool, error) {
	fence, ok, err := k.enter(name)
	if err != nil || !ok {
		return false, err
	}
	defer k.leave(name)
	return true, fn(ctx, fence)
}

func (k *Keep) enter(name string) (fence int64, ok bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil || k.held[name] {
		return 0, false, k.down
	}
	if k.held == nil {
		k.held = map[string]bool{}
	}
	k.held[name] = true
	k.fence++
	return k.fence, true, nil
}

func (k *Keep) leave(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.held, name)
}
