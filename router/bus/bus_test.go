package bus_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router/bus"
	"zongji/router/bus/bustest"
)

func TestMemory(t *testing.T) {
	bustest.Run(t, func(*testing.T) *bus.Bus { return bus.NewMemory() })
}

func TestRedis(t *testing.T) {
	s := testenv.Redis(t)
	bustest.Run(t, func(t *testing.T) *bus.Bus {
		flush(t, s.URL)
		return open(t, s.URL)
	})
}

func open(t *testing.T, url string) *bus.Bus {
	t.Helper()
	b, err := bus.OpenRedis(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func flush(t *testing.T, url string) {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	defer c.Close()
	if err := c.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestFlushInTheMiddleSaysGoneAndGoesOn(t *testing.T) { testenv.EachBus(t, flushInTheMiddle) }

func flushInTheMiddle(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	if err := b.Pool.Send(ctx, "main", zongji.Command{ID: 1}); err != nil {
		t.Fatal(err)
	}
	got, err := b.Pool.Commands(ctx, "main", "", 1, 0)
	if err != nil || len(got) != 1 {
		t.Fatalf("Commands = %v, %v", got, err)
	}
	head, err := b.Stream.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Lease.Acquire(ctx, "main", "1:a", time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	waits := make(chan error, 1)
	go func() { _, _, err := b.Stream.Tail(ctx, head, 1, 10*time.Second); waits <- err }()
	time.Sleep(20 * time.Millisecond) // lets it block; right also when it does not yet
	if err := b.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Stream.Publish(ctx, zongji.Live{Config: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; !errors.Is(err, bus.ErrGone) {
		t.Errorf("a tail that waited over the flush: %v", err)
	}
	if _, err := b.Pool.Commands(ctx, "main", got[0].Pos, 1, 0); !errors.Is(err, bus.ErrGone) {
		t.Errorf("commands after the flush: %v", err)
	}
	if err := b.Pool.Commit(ctx, "main", bus.Commit{Lease: "1:a"}); !errors.Is(err, bus.ErrFenced) {
		t.Errorf("commit after the flush: %v", err)
	}
}

func TestDownWhileRedisIsAwayAndUpAgainAfter(t *testing.T) {
	s := testenv.Redis(t)
	b, ctx := open(t, s.URL), t.Context()
	s.Stop()
	for name, err := range map[string]error{
		"Ping":    b.Ping(ctx),
		"Send":    b.Pool.Send(ctx, "main", zongji.Command{ID: 1}),
		"Publish": b.Stream.Publish(ctx, zongji.Live{}),
		"Commit":  b.Pool.Commit(ctx, "main", bus.Commit{Lease: "x"}),
		"Beat":    b.Presence.Beat(ctx, 1, "n", time.Second),
		"Say":     b.Typing.Say(ctx, bus.TypingNote{}),
	} {
		if !errors.Is(err, bus.ErrDown) {
			t.Errorf("%s while Redis is away: %v, want ErrDown", name, err)
		}
	}
	s.Start(t)
	for end := time.Now().Add(10 * time.Second); b.Ping(ctx) != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not up again within 10 s")
		}
	}
	if err := b.Pool.Send(ctx, "main", zongji.Command{ID: 1}); err != nil {
		t.Errorf("Send after Redis came back: %v", err)
	}
}

func TestChildKeepsItsDataAndEnds(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		testenv.Missing(t, "redis-server")
	}
	dir, ctx := t.TempDir(), t.Context()
	for _, found := range []bool{false, true} {
		start := time.Now()
		b, err := bus.OpenChild(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("ready in %v", time.Since(start))
		holder, err := b.Lease.Holder(ctx, "main")
		if err != nil || (holder != "") != found {
			t.Errorf("Holder = %q, %v, want one: %v", holder, err, found)
		}
		if _, err := b.Lease.Acquire(ctx, "main", "1:x", time.Hour); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	ps, err := exec.Command("pgrep", "-f", dir).Output()
	if err == nil && len(strings.TrimSpace(string(ps))) > 0 {
		t.Errorf("still running: %s (we are %d)", ps, os.Getpid())
	}
}
