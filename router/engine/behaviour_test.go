package engine_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

const start = zongji.Ms(1_000_000)

// desk is an engine with one queue and so many agents who are there, each
// with room for two, in the order of ids by idleness.
type desk struct {
	*engine.Engine
	t   *testing.T
	now zongji.Ms
	evs []engine.Event // of the last step
}

func newDesk(t *testing.T, q zongji.Queue, agents int) *desk {
	t.Helper()
	d := &desk{Engine: engine.New(engine.Config{}), t: t, now: start}
	q.ID = 1
	d.do(zongji.Command{Op: zongji.OpQueue, Queue: &q})
	for id := range int64(agents) {
		d.do(zongji.Command{Op: zongji.OpAgent, Profile: ready(id + 1)})
	}
	return d
}

func ready(id int64) *zongji.AgentProfile {
	return &zongji.AgentProfile{ID: id, Capacity: 2, State: zongji.AgentReady, Online: true, Since: start + zongji.Ms(id)}
}

func (d *desk) do(c zongji.Command) { d.evs = d.Apply(d.now, c) }

func (d *desk) pass(s int) { d.now += zongji.Ms(1000 * s); d.evs = d.Tick(d.now) }

func (d *desk) come(conv int64, demand zongji.Demand) {
	demand.Queue = 1
	d.do(zongji.Command{Op: zongji.OpEnqueue, Conv: conv, Epoch: 1, Units: 1, QueuedAt: d.now, Demand: &demand})
}

// told returns the events of one kind of the last step, shortly.
func (d *desk) told(kind engine.EventKind) (out []string) {
	for _, ev := range d.evs {
		if ev.Kind != kind {
			continue
		}
		switch kind {
		case engine.Offered:
			out = append(out, fmt.Sprintf("%d→%d", ev.Conv, ev.Agent))
		case engine.OfferEnded:
			out = append(out, fmt.Sprintf("%d→%d %s", ev.Conv, ev.Agent, ev.Reason))
		case engine.Fallback:
			out = append(out, fmt.Sprintf("%d: %d %s", ev.Conv, ev.Queue, ev.Reason))
		default:
			out = append(out, fmt.Sprint(ev.Conv+ev.Agent))
		}
	}
	return out
}

func (d *desk) expect(kind engine.EventKind, want ...string) {
	d.t.Helper()
	if got := d.told(kind); !slices.Equal(got, want) {
		d.t.Errorf("%s: %q, want %q", kind, got, want)
	}
}

func TestAutoAcceptIsSaidInTheOffer(t *testing.T) {
	for _, auto := range []bool{true, false} {
		d := newDesk(t, zongji.Queue{AutoAccept: auto}, 1)
		d.come(7, zongji.Demand{})
		d.expect(engine.Offered, "7→1")
		if o := d.Snapshot().Offers[0]; o.Auto != auto {
			t.Errorf("the offer says %v, the queue %v", o.Auto, auto)
		}
	}
}

func TestTwoLapsesMakeAnAgentUnansweredUntilHeIsReadyAgain(t *testing.T) {
	d := newDesk(t, zongji.Queue{OfferS: 10}, 1)
	d.come(1, zongji.Demand{})
	d.pass(10)
	d.expect(engine.OfferEnded, "1→1 lapsed")
	d.expect(engine.Unanswered)
	d.come(2, zongji.Demand{})
	d.expect(engine.Offered, "2→1")
	d.come(3, zongji.Demand{})
	d.expect(engine.Offered, "3→1")
	d.pass(10)
	d.expect(engine.Unanswered, "1")
	d.expect(engine.OfferEnded, "2→1 lapsed", "3→1 withdrawn") // the third was not his fault
	d.pass(100)
	d.expect(engine.Offered)
	d.do(zongji.Command{Op: zongji.OpAgent, Profile: ready(1)}) // he did not say so: still what SQL knows
	if len(d.told(engine.Offered)) == 0 {
		t.Error("ready again, and not asked")
	}
}

func TestAnAnswerInBetweenMakesLapsesCountAnew(t *testing.T) {
	d := newDesk(t, zongji.Queue{OfferS: 10}, 1)
	d.come(1, zongji.Demand{})
	d.pass(10)
	d.come(2, zongji.Demand{})
	d.do(zongji.Command{Op: zongji.OpDecline, Offer: d.Snapshot().Offers[0].ID, Agent: 1})
	d.come(3, zongji.Demand{})
	d.pass(10)
	d.expect(engine.OfferEnded, "3→1 lapsed")
	d.expect(engine.Unanswered)
}

func TestBroadcastAsksSomeAtOnceAndTheFirstHasIt(t *testing.T) {
	d := newDesk(t, zongji.Queue{Broadcast: 3}, 4)
	d.come(5, zongji.Demand{})
	d.expect(engine.Offered, "5→1", "5→2", "5→3")
	d.do(zongji.Command{Op: zongji.OpDecline, Offer: 1, Agent: 1})
	d.expect(engine.Offered) // two are still asked
	d.do(zongji.Command{Op: zongji.OpAssigned, Conv: 5, Epoch: 2, Agent: 3, Units: 1})
	d.expect(engine.OfferEnded, "5→3 taken", "5→2 withdrawn")
	if units, chats := d.LoadOf(2); units != 0 || chats != 0 {
		t.Errorf("the loser still carries %d units, %d chats", units, chats)
	}
}

func TestAfterTheLastTryTheFallbackQueueIsNamed(t *testing.T) {
	decline := func(d *desk) {
		d.t.Helper()
		os := d.Snapshot().Offers
		if len(os) != 1 {
			d.t.Fatalf("offers %v", os)
		}
		d.do(zongji.Command{Op: zongji.OpDecline, Offer: os[0].ID, Agent: os[0].Agent})
	}
	d := newDesk(t, zongji.Queue{MaxOffers: 2, Fallback: 9}, 3)
	d.come(1, zongji.Demand{})
	decline(d)
	d.expect(engine.Fallback)
	decline(d)
	d.expect(engine.Fallback, "1: 9 max_offers")
	d.expect(engine.Offered)
	d.pass(4)
	d.expect(engine.Offered)
	d.pass(1)
	d.expect(engine.Offered, "1→3") // nobody moved it: it goes on here

	d = newDesk(t, zongji.Queue{MaxOffers: 1}, 2)
	d.come(1, zongji.Demand{})
	decline(d)
	d.expect(engine.Fallback, "1: 0 max_offers") // an alert
	d.expect(engine.Offered, "1→2")
}

func TestWhatNobodyCouldEverServeIsGivenUpOnce(t *testing.T) {
	weld := zongji.Demand{Skills: []zongji.SkillLevel{{Skill: "welding", Level: 3}}}
	d := newDesk(t, zongji.Queue{RingS: []int{10, 20}, Fallback: 2}, 2)
	d.do(zongji.Command{Op: zongji.OpQueue, Queue: &zongji.Queue{ID: 2, Fallback: 1}})
	d.come(1, weld)
	d.expect(engine.Fallback)
	d.pass(19)
	d.expect(engine.Fallback)
	d.pass(1)
	d.expect(engine.Fallback, "1: 2 nobody")
	moved := weld
	moved.Queue = 2
	d.do(zongji.Command{Op: zongji.OpEnqueue, Conv: 1, Epoch: 2, Units: 1, QueuedAt: start, Demand: &moved})
	d.expect(engine.Fallback, "1: 0 nobody") // not back to where it came from: an alert
	d.pass(1000)
	d.expect(engine.Fallback)
	welder := ready(1)
	welder.Skills, welder.Online = map[string]int{"welding": 3}, false
	d.do(zongji.Command{Op: zongji.OpAgent, Profile: welder})
	welder.Online = true
	d.do(zongji.Command{Op: zongji.OpAgent, Profile: welder})
	d.expect(engine.Offered, "1→1")

	away := newDesk(t, zongji.Queue{RingS: []int{10}}, 0)
	off := ready(1)
	off.Online, off.Skills = false, map[string]int{"welding": 5}
	away.do(zongji.Command{Op: zongji.OpAgent, Profile: off})
	away.come(1, weld)
	away.pass(60)
	away.expect(engine.Fallback) // he will be back
	off2 := *off
	off2.Skills = nil
	away.do(zongji.Command{Op: zongji.OpAgent, Profile: &off2})
	away.expect(engine.Fallback, "1: 0 nobody") // not any more
}

func TestWhoBecameUrgentMayBeGivenUpAgain(t *testing.T) {
	weld := zongji.Demand{Skills: []zongji.SkillLevel{{Skill: "welding", Level: 3}}}
	d := newDesk(t, zongji.Queue{RingS: []int{10}, Fallback: 2}, 0)
	d.do(zongji.Command{Op: zongji.OpQueue, Queue: &zongji.Queue{ID: 2}})
	d.come(1, weld)
	d.pass(10)
	d.expect(engine.Fallback, "1: 2 nobody")
	moved := weld
	moved.Queue = 2
	d.do(zongji.Command{Op: zongji.OpEnqueue, Conv: 1, Epoch: 1, Units: 1, QueuedAt: start, Demand: &moved})
	d.expect(engine.Fallback, "1: 0 nobody")
	urgent := weld
	urgent.Queue, urgent.P1 = 1, true // a rule sends it back
	d.do(zongji.Command{Op: zongji.OpEnqueue, Conv: 1, Epoch: 1, Units: 1, QueuedAt: start, Demand: &urgent})
	d.expect(engine.Fallback, "1: 2 nobody")
}

func TestRepeatsAndOldEpochsChangeNothing(t *testing.T) {
	d := newDesk(t, zongji.Queue{}, 1)
	demand := &zongji.Demand{Queue: 1, Points: 2}
	enqueue := func(conv, epoch int64) zongji.Command {
		return zongji.Command{ID: conv*10 + epoch, Op: zongji.OpEnqueue, Conv: conv, Epoch: epoch, Units: 1, QueuedAt: start, Demand: demand}
	}
	for conv := int64(1); conv <= 4; conv++ {
		d.do(enqueue(conv, 5))
	}
	d.do(zongji.Command{ID: 101, Op: zongji.OpAssigned, Conv: 1, Epoch: 6, Agent: 1, Units: 1, Offer: 1})
	d.do(zongji.Command{ID: 102, Op: zongji.OpRelease, Conv: 4, Epoch: 7})
	before := d.Snapshot()
	repeat := zongji.Command{ID: 102, Op: zongji.OpRelease, Conv: 2, Epoch: 99}
	for name, c := range map[string]zongji.Command{
		"a command's id again":                           repeat,
		"waiting again as it waits":                      {Op: zongji.OpEnqueue, Conv: 3, Epoch: 5, Units: 1, QueuedAt: start, Demand: demand},
		"waiting, of an epoch before the assignment":     {Op: zongji.OpEnqueue, Conv: 1, Epoch: 5, Units: 1, QueuedAt: start, Demand: demand},
		"waiting, in the epoch of the assignment":        {Op: zongji.OpEnqueue, Conv: 1, Epoch: 6, Units: 1, QueuedAt: start, Demand: demand},
		"waiting, of an epoch before the release":        {Op: zongji.OpEnqueue, Conv: 4, Epoch: 6, Units: 1, QueuedAt: start, Demand: demand},
		"assigned, of an epoch before the release":       {Op: zongji.OpAssigned, Conv: 4, Epoch: 7, Agent: 1, Units: 1},
		"assigned again":                                 {Op: zongji.OpAssigned, Conv: 1, Epoch: 6, Agent: 1, Units: 1},
		"assigned, of an old epoch":                      {Op: zongji.OpAssigned, Conv: 3, Epoch: 4, Agent: 1, Units: 1},
		"released, of an old epoch":                      {Op: zongji.OpRelease, Conv: 3, Epoch: 4},
		"released again":                                 {Op: zongji.OpRelease, Conv: 4, Epoch: 7},
		"points of an old epoch":                         {Op: zongji.OpPoints, Conv: 3, Epoch: 4, Points: 9},
		"an offer that ended is declined":                {Op: zongji.OpDecline, Offer: 1, Agent: 1},
		"somebody else's offer is declined":              {Op: zongji.OpDecline, Offer: 2, Agent: 77},
		"points of a conversation that nobody knows":     {Op: zongji.OpPoints, Conv: 1000, Epoch: 1, Points: 9},
		"the same settings of the queue, the same agent": {Op: zongji.OpAgent, Profile: ready(1)},
	} {
		d.do(c)
		if got := d.Snapshot(); !reflect.DeepEqual(got, before) || len(d.evs) > 0 {
			t.Errorf("%s:\n got %+v %+v\nwant %+v", name, got, d.evs, before)
		}
	}
}

func TestRestoreOfWhatSQLSaysIsTheSameEngine(t *testing.T) {
	for seed := range uint64(40) {
		r := &chance{Rand: rand.New(rand.NewPCG(seed, 4)), epochs: map[int64]int64{}}
		e, s := engine.New(engine.Config{}), newSlow()
		now := start
		do := func(c zongji.Command) { e.Apply(now, c); s.apply(now, c) }
		for id := range int64(someAgents) {
			do(zongji.Command{Op: zongji.OpAgent, Profile: r.profile(id+1, now)})
		}
		for id := range int64(3) {
			q := r.queue(id + 1)
			q.OfferS = 10_000
			do(zongji.Command{Op: zongji.OpQueue, Queue: q})
		}
		for range 300 {
			now += zongji.Ms(r.IntN(900))
			c := r.command(s)
			if c.Op == zongji.OpDecline || c.Op == zongji.OpRefuse || c.Op == zongji.OpQueue {
				continue // who refused is not in SQL
			}
			if c.Demand != nil {
				c.Demand.Only = 0 // nor that he was not there
			}
			do(c)
		}
		want := e.Snapshot()
		var queues []zongji.Queue
		var agents []zongji.AgentProfile
		var convs []zongji.Conversation
		for _, q := range s.queues {
			queues = append(queues, q)
		}
		for _, a := range s.agents {
			agents = append(agents, a.AgentProfile)
		}
		for _, c := range s.convs {
			row := zongji.Conversation{ID: c.id, Epoch: c.epoch, Units: c.units, QueuedAt: c.at, Queue: c.demand.Queue, Demand: &c.demand, Status: zongji.StatusQueued}
			if c.agent != 0 {
				row.Status, row.Owner = zongji.StatusAssigned, c.agent
			}
			convs = append(convs, row)
		}
		e.Restore(now, queues, agents, convs, want.Offers)
		if got := e.Snapshot(); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\n got %+v\nwant %+v", seed, got, want)
		}
	}
}
