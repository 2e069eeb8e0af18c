package router_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// silent is the presence of a node that may be killed: then it says nothing
// any more, not even goodbye.
type silent struct {
	bus.Presence
	dead atomic.Bool
}

func (s *silent) Leave(ctx context.Context, agent int64, node string) error {
	if s.dead.Load() {
		return bus.ErrDown
	}
	return s.Presence.Leave(ctx, agent, node)
}

// offlines counts how often the node's screens were told that an agent left.
func (n *node) offlines(agent int64) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.live {
		if l.Agent != nil && l.Agent.User == agent && !l.Agent.Online {
			count++
		}
	}
	return count
}

func TestAKilledNodeHurtsNobodyWhoComesBack(t *testing.T) {
	long(t)
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		redis := testenv.Redis(t)
		w := newWorld(t, db, setup{})
		b1 := openRedis(t, redis)
		cut, gone := &frail{Lease: b1.Lease}, &silent{Presence: b1.Presence}
		b1.Lease, b1.Presence = cut, gone
		n1 := w.node(b1, nil)
		w.until("the first node leads", func() bool { return n1.SystemInfo(t.Context()).Leader })
		n2 := w.node(openRedis(t, redis), nil)
		anna, ben := n1.seat("anna"), w.me("ben")
		hers := n1.serve(anna, "hers")
		n1.seat("ben")
		st := n1.write("his", "人工")
		w.until("his customer waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
		his, err := n1.Take(t.Context(), ben, st.Conv.ID)
		w.must(err)

		cut.dead.Store(true)
		gone.dead.Store(true)
		n1.stop()
		time.Sleep(time.Second) // she needs a moment to reconnect
		n2.Present(t.Context(), anna.User)
		before := n2.offlines(anna.User)
		o := n2.offer(anna, his.ID) // his leases ended, then his conversation came back
		if _, err := n2.AcceptOffer(t.Context(), anna, o.ID); err != nil {
			t.Error(err)
		}
		if c := w.conv(hers.ID); c.Owner != anna.User || c.Epoch != hers.Epoch {
			t.Errorf("her own conversation: owner %d epoch %d, want %d %d", c.Owner, c.Epoch, anna.User, hers.Epoch)
		}
		if n := n2.offlines(anna.User) - before; n > 0 {
			t.Errorf("she counted as gone %d times", n)
		}
		if n2.Statuses()[ben.User].Online {
			t.Error("he counts as there")
		}
		w.conserved()
	})
}

func TestASocketThatComesBackSoonChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, func(c *router.Config) { c.AbsentAfter = 2 * time.Second })
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		n.Absent(t.Context(), anna.User)
		time.Sleep(500 * time.Millisecond)
		n.Present(t.Context(), anna.User)
		back := time.Now()
		next := n.write("next", "人工")
		n.offer(anna, next.Conv.ID)
		if d := time.Since(back); d > time.Second {
			t.Errorf("offered %v after she was back, want at once", d)
		}
		if got := w.conv(c.ID); got.Owner != anna.User || got.Epoch != c.Epoch {
			t.Errorf("her conversation: owner %d epoch %d, want %d %d", got.Owner, got.Epoch, anna.User, c.Epoch)
		}
		if n.offlines(anna.User) > 0 {
			t.Error("she counted as gone")
		}
		w.conserved()
	})
}

func TestAnAgentWhoComesBackLateIsAskedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.LostS = 600 }})
		n := w.node(b, nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		n.Absent(t.Context(), anna.User)
		w.until("she counts as gone", func() bool { return !n.Statuses()[anna.User].Online })
		st := n.write("next", "人工")
		w.until("the next customer waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
		n.Present(t.Context(), anna.User)
		back := time.Now()
		n.offer(anna, st.Conv.ID)
		if d := time.Since(back); d > time.Second {
			t.Errorf("offered %v after she was back, want at once", d)
		}
		if got := w.conv(c.ID); got.Owner != anna.User {
			t.Errorf("her conversation went to %d before its time", got.Owner)
		}
	})
}

// A state that an agent sets while he is seen to come or go must hold: his
// state and his presence are told from different sides.
func TestAStateSetWhileComingAndGoingHolds(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, func(c *router.Config) { c.AbsentAfter = 20 * time.Millisecond; c.Check = time.Hour })
		anna := w.me("anna")
		for range 15 {
			n.Present(t.Context(), anna.User)
			for _, state := range []zongji.AgentState{zongji.AgentBreak, zongji.AgentReady} {
				_, err := n.SetState(t.Context(), anna.User, state, "", "anna")
				w.must(err)
			}
			n.Absent(t.Context(), anna.User)
			time.Sleep(25 * time.Millisecond)
		}
		n.Present(t.Context(), anna.User)
		st := n.write("visitor", "人工")
		n.offer(anna, st.Conv.ID)
		if s := n.Statuses()[anna.User]; s.State != zongji.AgentReady || !s.Online {
			t.Errorf("she is %s, there %v; want ready and there", s.State, s.Online)
		}
	})
}
