package channels

import (
	"context"
	"sync"
)

// Memory is a Keep for one connection test: it forgets with the process and
// nobody else writes. The zero value is empty.
type Memory struct {
	mu   sync.Mutex
	kept map[string]string
}

var _ Keep = (*Memory)(nil)

// Get returns what was put.
func (m *Memory) Get(_ context.Context, key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[key], nil
}

// Put keeps value.
func (m *Memory) Put(_ context.Context, key, value string, _ int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]string{}
	}
	m.kept[key] = value
	return nil
}

// Holding runs fn: nobody else is there.
func (m *Memory) Holding(ctx context.Context, _ string, fn func(context.Context, int64) error) (bool, error) {
	return true, fn(ctx, 1)
}
