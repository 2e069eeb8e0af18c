package testenv

import (
	"path/filepath"
	"testing"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// EachStore runs fn on an empty SQLite file and on an empty PostgreSQL schema.
func EachStore(t *testing.T, fn func(*testing.T, *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, nil)) })
	t.Run("postgres", func(t *testing.T) { fn(t, OpenStore(t, Postgres(t), nil)) })
}

// SQLite opens an empty SQLite file; a nil clock is the real one.
func SQLite(t testing.TB, clock zongji.Clock) *store.DB {
	t.Helper()
	return OpenStore(t, filepath.Join(t.TempDir(), "zongji.db"), clock)
}

// OpenStore opens dsn and closes it after the test.
func OpenStore(t testing.TB, dsn string, clock zongji.Clock) *store.DB {
	t.Helper()
	if clock == nil {
		clock = zongji.Wall{}
	}
	db, err := store.Open(t.Context(), store.Config{DSN: dsn, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// EachBus runs fn on a bus in memory and on a redis-server of its own.
func EachBus(t *testing.T, fn func(*testing.T, *bus.Bus)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		b := bus.NewMemory()
		t.Cleanup(func() { b.Close() })
		fn(t, b)
	})
	t.Run("redis", func(t *testing.T) {
		b, err := bus.OpenRedis(t.Context(), Redis(t).URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		fn(t, b)
	})
}
