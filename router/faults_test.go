package router_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// openRedis connects to a server of the test's own.
func openRedis(t *testing.T, s *testenv.RedisServer) *bus.Bus {
	t.Helper()
	b, err := bus.OpenRedis(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// flush empties a server as FLUSHALL at its prompt would.
func flush(t *testing.T, s *testenv.RedisServer) {
	t.Helper()
	c, err := net.Dial("unix", strings.TrimPrefix(s.URL, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, 5)
	if _, err := c.Write([]byte("FLUSHALL\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+OK\r\n" {
		t.Fatalf("FLUSHALL: %q %v", answer, err)
	}
}

func TestAFlushedRedisLosesNothing(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		redis := testenv.Redis(t)
		w := newWorld(t, db, setup{capacity: 20})
		n := w.node(openRedis(t, redis), nil)
		anna := n.seat("anna")
		held := n.serve(anna, "held")
		for round := range 3 {
			var waiting []int64
			for i := range 6 {
				waiting = append(waiting, n.write(fmt.Sprintf("v%d-%d", round, i), "人工").Conv.ID)
			}
			w.until("they wait", func() bool {
				return !slices.ContainsFunc(waiting, func(id int64) bool { return w.conv(id).Status != zongji.StatusQueued })
			})
			before := n.OffersOf(anna.User)
			flush(t, redis)
			flushed := time.Now()
			if len(before) > 0 { // accept in the middle of the flush: taken or refused, never both
				if _, err := n.AcceptOffer(t.Context(), anna, before[0].ID); err != nil {
					w.refused(err, "offer_over", "offer_taken", "bus_down")
				}
			}
			if _, err := n.reply(anna, held.ID, "还在"); err != nil {
				t.Errorf("an open conversation goes on: %v", err)
			}
			waiting = append(waiting, n.write(fmt.Sprintf("v%d-after", round), "人工").Conv.ID)
			w.until("everybody is served", func() bool {
				for _, o := range n.OffersOf(anna.User) {
					if _, err := n.AcceptOffer(t.Context(), anna, o.ID); err != nil {
						w.refused(err, "offer_over", "offer_taken")
					}
				}
				return !slices.ContainsFunc(waiting, func(id int64) bool { return w.conv(id).Status != zongji.StatusAssigned })
			})
			d := time.Since(flushed)
			t.Logf("round %d: all routed again after %v", round, d)
			if d > 3*time.Second {
				t.Errorf("%v until everything was routed again, want at most 3 s", d)
			}
			for _, id := range waiting {
				_, err := n.Finish(t.Context(), anna, id, router.Finish{})
				w.must(err)
			}
		}
		if !n.Statuses()[anna.User].Online {
			t.Error("the agent counts as gone after the flush")
		}
		w.conserved()
	})
}

func TestWithoutRedisPeopleGoOn(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		redis := testenv.Redis(t)
		w := newWorld(t, db, setup{})
		n := w.node(openRedis(t, redis), nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		redis.Stop()
		n.write("visitor", "断线了？")
		m, err := n.reply(anna, c.ID, "没有")
		w.must(err)
		late := n.write("other", "人工")
		w.until("the other customer waits", func() bool { return w.conv(late.Conv.ID).Status == zongji.StatusQueued })
		w.until("the customer sees the answer from SQL", func() bool {
			for _, ev := range n.shop.Events() {
				if ev.Msg != nil && ev.Msg.ID == m.ID {
					return true
				}
			}
			return false
		})
		redis.Start(t)
		got, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, late.Conv.ID).ID)
		if err != nil || got.Owner != anna.User {
			t.Errorf("after Redis came back: %v, owner %d", err, got.Owner)
		}
		_, err = n.Finish(t.Context(), anna, c.ID, router.Finish{Category: "x"})
		w.must(err)
		w.conserved()
	})
}

// frail is a bus of one node that can be cut off: the node is dead to the
// others, and gives nothing back.
type frail struct {
	bus.Lease
	dead atomic.Bool
}

func (f *frail) Acquire(ctx context.Context, pool, value string, ttl time.Duration) (bool, error) {
	if f.dead.Load() {
		return false, bus.ErrDown
	}
	return f.Lease.Acquire(ctx, pool, value, ttl)
}

func (f *frail) Release(ctx context.Context, pool, value string) error {
	if f.dead.Load() {
		return bus.ErrDown
	}
	return f.Lease.Release(ctx, pool, value)
}

func TestTheOtherNodeLeadsWhenTheLeaderDies(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		redis := testenv.Redis(t)
		w := newWorld(t, db, setup{})
		b1 := openRedis(t, redis)
		cut := &frail{Lease: b1.Lease}
		b1.Lease = cut
		n1 := w.node(b1, nil)
		w.until("the first node leads", func() bool { return n1.SystemInfo(t.Context()).Leader })
		n2 := w.node(openRedis(t, redis), nil)
		anna := n2.seat("anna")
		c := n2.serve(anna, "visitor")
		waits := n1.write("second", "人工")
		o := n2.offer(anna, waits.Conv.ID)
		cut.dead.Store(true)
		n1.stop()
		died := time.Now()
		later := n2.write("third", "人工")
		w.until("the other node leads", func() bool { return n2.SystemInfo(t.Context()).Leader })
		if d := time.Since(died); d > 5*time.Second {
			t.Errorf("%v without a leader", d)
		}
		got, err := n2.AcceptOffer(t.Context(), anna, o.ID)
		if err != nil || got.Owner != anna.User {
			t.Errorf("an offer of the dead leader that stands: %v, owner %d", err, got.Owner)
		}
		if _, err := n2.AcceptOffer(t.Context(), anna, n2.offer(anna, later.Conv.ID).ID); err != nil {
			t.Errorf("an offer of the new leader: %v", err)
		}
		if _, err := n2.reply(anna, c.ID, "您好"); err != nil {
			t.Error(err)
		}
		w.conserved()
	})
}
