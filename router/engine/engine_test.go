package engine

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"zongji/internal/zongji"
)

// random returns the i-th of a reproducible row of operations.
func random(r *rand.Rand, epochs map[int64]int64, e *Engine) zongji.Command {
	conv := r.Int64N(60) + 1
	next := func() int64 { epochs[conv]++; return epochs[conv] }
	skills := []string{"a", "b", "c"}
	switch n := r.IntN(10); {
	case n < 4:
		d := &zongji.Demand{Queue: r.Int64N(3) + 1, P1: r.IntN(8) == 0, Points: r.IntN(4), Affinity: r.Int64N(8), AffinityS: 60}
		d.Skills = []zongji.SkillLevel{{Skill: skills[r.IntN(3)], Level: r.IntN(4) + 1}}
		if r.IntN(10) == 0 {
			d.Only = r.Int64N(8) + 1
		}
		return zongji.Command{Op: zongji.OpEnqueue, Conv: conv, Epoch: next(), Units: r.IntN(3) + 1, QueuedAt: e.now - zongji.Ms(r.IntN(9000)), Demand: d}
	case n < 5:
		for _, o := range e.Snapshot().Offers {
			return zongji.Command{Op: zongji.OpDecline, Offer: o.ID, Agent: o.Agent}
		}
		return zongji.Command{Op: zongji.OpTick}
	case n < 7:
		agent := r.Int64N(8) + 1
		for _, o := range e.Snapshot().Offers {
			conv, agent = o.Conv, o.Agent
		}
		units := 1
		if it := e.items[conv]; it != nil {
			units = it.Units
		}
		return zongji.Command{Op: zongji.OpAssigned, Conv: conv, Epoch: next(), Agent: agent, Units: units}
	case n < 8:
		return zongji.Command{Op: zongji.OpRelease, Conv: conv, Epoch: next()}
	case n < 9:
		return zongji.Command{Op: zongji.OpPoints, Conv: conv, Epoch: epochs[conv], Points: r.IntN(5)}
	}
	p := &zongji.AgentProfile{ID: r.Int64N(8) + 1, Capacity: r.IntN(6), State: zongji.AgentReady, Online: r.IntN(5) > 0, Teams: []int64{r.Int64N(3)}, Skills: map[string]int{}}
	for _, s := range skills {
		p.Skills[s] = r.IntN(6)
	}
	if r.IntN(5) == 0 {
		p.State = zongji.AgentBreak
	}
	return zongji.Command{Op: zongji.OpAgent, Profile: p}
}

func setup() *Engine {
	e := New(Config{})
	for q := int64(1); q <= 3; q++ {
		e.Apply(1e6, zongji.Command{Op: zongji.OpQueue, Queue: &zongji.Queue{ID: q, Team: q - 1, OfferS: 20, MaxOffers: 3, Fallback: q%3 + 1, Broadcast: int(q) - 1, RingS: []int{10, 20, 40}, Neighbours: []int64{1}}})
	}
	return e
}

// check recomputes from scratch what must always hold.
func check(t *testing.T, e *Engine) {
	t.Helper()
	load := map[int64]int{}
	for conv, it := range e.items {
		if (it.state == waiting) != (it.lane != nil && it.pos >= 0) || (it.state == offered) != (len(it.offers) > 0) || (it.state == held) != (it.agent != nil) {
			t.Fatalf("conversation %d is in more or less than one place: state %d", conv, it.state)
		}
		for _, o := range it.offers {
			load[o.Agent] += o.Units
		}
		if it.state == held {
			load[it.agent.ID] += it.Units
		}
		if it.state != waiting {
			continue
		}
		for _, a := range e.order {
			if why := e.Fits(it, a); why == "" {
				t.Fatalf("conversation %d waits in %s while agent %d fits", conv, it.lane.name, a.ID)
			}
		}
	}
	for _, a := range e.order {
		if a.load != load[a.ID] {
			t.Fatalf("agent %d: load %d, counted %d", a.ID, a.load, load[a.ID])
		}
		if a.load > a.Capacity && len(a.offers) > 0 {
			t.Fatalf("agent %d is offered more than he can carry", a.ID)
		}
	}
}

func TestRandomOperationsKeepWhatMustHold(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 3000
	}
	r, epochs := rand.New(rand.NewPCG(1, 2)), map[int64]int64{}
	e, twin := setup(), setup()
	mirror := map[int64]Place{}
	now := zongji.Ms(1e6)
	for i := range n {
		now += zongji.Ms(r.IntN(3000))
		c := random(r, epochs, e)
		evs := e.Apply(now, c)
		if other := twin.Apply(now, c); !reflect.DeepEqual(evs, other) {
			t.Fatalf("step %d: the same inputs gave other events:\n%v\n%v", i, evs, other)
		}
		for _, ev := range evs {
			switch ev.Kind {
			case Waiting:
				mirror[ev.Conv] = Place{ev.Conv, e.items[ev.Conv].Epoch, ev.Queue, ev.Lane, ev.Key}
			case Left:
				delete(mirror, ev.Conv)
			}
		}
		check(t, e)
		s := e.Snapshot()
		if len(s.Waiting) != len(mirror) {
			t.Fatalf("step %d (%s): %d wait, the mirror has %d", i, c.Op, len(s.Waiting), len(mirror))
		}
		for _, p := range s.Waiting {
			if m := mirror[p.Conv]; m.Lane != p.Lane || m.Key != p.Key {
				t.Fatalf("step %d: mirror %v, engine %v", i, m, p)
			}
		}
	}
}
