package bus_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router/bus"
	"zongji/router/engine"
)

func TestTheMirrorIsWhatTheEngineKnows(t *testing.T) { testenv.EachBus(t, mirrorsEngine) }

// mirrorsEngine commits random operations, several steps at a time, and holds
// the mirror against the engine after each commit.
func mirrorsEngine(t *testing.T, b *bus.Bus) {
	const pool, lease = "main", "1:mirror"
	ctx, r := t.Context(), rand.New(rand.NewPCG(3, 3))
	if ok, err := b.Lease.Acquire(ctx, pool, lease, time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	e, now := engine.New(engine.Config{}), zongji.Ms(1_000_000)
	for q := range int64(3) {
		e.Apply(now, zongji.Command{Op: zongji.OpQueue, Queue: &zongji.Queue{ID: q + 1, OfferS: 5, Broadcast: int(q), RingS: []int{10, 20}, MaxOffers: 2}})
	}
	epochs := map[int64]int64{}
	command := func() zongji.Command {
		conv := r.Int64N(200) + 1
		epochs[conv]++
		c := zongji.Command{Conv: conv, Epoch: epochs[conv], Agent: r.Int64N(20) + 1, Units: 1}
		switch n := r.IntN(10); {
		case n < 5:
			c.Op, c.QueuedAt = zongji.OpEnqueue, now
			c.Demand = &zongji.Demand{Queue: r.Int64N(3) + 1, P1: r.IntN(9) == 0, Points: r.IntN(3), Skills: []zongji.SkillLevel{{Skill: fmt.Sprint(r.IntN(4)), Level: 2}}}
		case n < 6:
			c.Op = zongji.OpAssigned
		case n < 8:
			c.Op = zongji.OpRelease
		case n < 9:
			c.Op, c.Points = zongji.OpPoints, r.IntN(4)
		default:
			c.Op, c.Profile = zongji.OpAgent, &zongji.AgentProfile{ID: c.Agent, Capacity: r.IntN(4), State: zongji.AgentReady, Online: r.IntN(3) > 0,
				Skills: map[string]int{fmt.Sprint(r.IntN(4)): 3, fmt.Sprint(r.IntN(4)): 2}}
		}
		return c
	}
	steps := 400
	if testing.Short() {
		steps = 100
	}
	for i := range steps {
		var evs []engine.Event
		for range r.IntN(30) {
			now += zongji.Ms(r.IntN(400))
			evs = append(evs, e.Apply(now, command())...)
		}
		if err := b.Pool.Commit(ctx, pool, bus.Step(lease, "", evs)); err != nil {
			t.Fatal(err)
		}
		got, err := b.Pool.State(ctx, pool)
		if err != nil {
			t.Fatal(err)
		}
		s := e.Snapshot()
		want := bus.State{Offers: s.Offers}
		depths := map[int64]int{}
		for _, p := range s.Waiting {
			want.Waiting = append(want.Waiting, bus.Waiting{Conv: p.Conv, Queue: p.Queue, Lane: p.Lane, Key: p.Key})
			depths[p.Queue]++
		}
		if len(got.Waiting)+len(want.Waiting) > 0 && !reflect.DeepEqual(got.Waiting, want.Waiting) || len(got.Offers)+len(want.Offers) > 0 && !reflect.DeepEqual(got.Offers, want.Offers) {
			t.Fatalf("commit %d:\n got %+v\nwant %+v", i, got, want)
		}
		if got, err := b.Pool.Depths(ctx, pool); err != nil || !reflect.DeepEqual(got, depths) {
			t.Fatalf("commit %d: depths %v, %v, want %v", i, got, err, depths)
		}
		if len(s.Waiting) > 0 {
			conv := s.Waiting[r.IntN(len(s.Waiting))].Conv
			place, all := e.Place(conv)
			if p, n, err := b.Pool.Place(ctx, pool, conv); err != nil || p != place || n != all {
				t.Fatalf("commit %d: conversation %d at %d of %d, %v, want %d of %d", i, conv, p, n, err, place, all)
			}
		}
	}
}
