package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

// slow is a second engine, written from the semantics of routing in
// docs/architecture.md without lanes, timers or heaps: after each step it
// looks at all conversations and all agents. It shares nothing with the first.
type slow struct {
	now    zongji.Ms
	queues map[int64]zongji.Queue
	agents map[int64]*slowAgent
	convs  map[int64]*slowConv
	offers []zongji.Offer // standing, in the order they were made
	serial int64          // of the newest offer
	seen   map[int64]bool
	gone   map[int64]int64 // released conversation → epoch
	fell   []string        // fallbacks named in this step
}

type slowAgent struct {
	zongji.AgentProfile
	lapses int
	idle   zongji.Ms // since his last conversation ended
}

type slowConv struct {
	id, epoch, agent int64 // agent: who holds it
	demand           zongji.Demand
	units, tries     int
	at               zongji.Ms
	only             int64
	refused          map[int64]zongji.Ms // agent → not asked again until
	moving           zongji.Ms
	given            []int64
}

func newSlow() *slow {
	return &slow{queues: map[int64]zongji.Queue{}, agents: map[int64]*slowAgent{}, convs: map[int64]*slowConv{}, seen: map[int64]bool{}, gone: map[int64]int64{}}
}

func (s *slow) apply(now zongji.Ms, c zongji.Command) {
	s.now, s.fell = now, nil
	s.lapse()
	s.surrender()
	if c.ID == 0 || !s.seen[c.ID] {
		s.seen[c.ID] = true
		s.do(c)
	}
	s.surrender()
	for s.offerOne() {
	}
}

func (s *slow) do(c zongji.Command) {
	conv := s.convs[c.Conv]
	last, gone := s.gone[c.Conv]
	newer := (!gone || c.Epoch > last) && (conv == nil || c.Epoch >= conv.epoch)
	switch c.Op {
	case zongji.OpEnqueue:
		if !newer || conv != nil && c.Epoch == conv.epoch && (conv.agent != 0 || c.QueuedAt == conv.at && c.Units == conv.units && reflect.DeepEqual(*c.Demand, conv.demand)) {
			return
		}
		s.take(conv)
		fresh := &slowConv{id: c.Conv, epoch: c.Epoch, demand: *c.Demand, units: c.Units, at: c.QueuedAt, only: c.Demand.Only, refused: map[int64]zongji.Ms{}}
		if conv != nil && conv.demand.P1 == c.Demand.P1 {
			fresh.given = conv.given
		}
		s.convs[c.Conv] = fresh
		s.forgetAbsent()
	case zongji.OpAssigned:
		if !newer || conv != nil && c.Epoch == conv.epoch && conv.agent == c.Agent && conv.units == c.Units {
			return
		}
		demand := zongji.Demand{}
		if conv != nil {
			demand = conv.demand
			for _, o := range s.offers {
				if o.Conv == c.Conv && o.Agent == c.Agent {
					s.agents[c.Agent].lapses = 0
				}
			}
		}
		s.take(conv)
		s.convs[c.Conv] = &slowConv{id: c.Conv, epoch: c.Epoch, agent: c.Agent, demand: demand, units: c.Units, at: c.QueuedAt}
		s.unload(s.agents[c.Agent])
	case zongji.OpRelease:
		if newer {
			s.take(conv)
			delete(s.convs, c.Conv)
			s.gone[c.Conv] = c.Epoch
		}
	case zongji.OpPoints:
		if conv != nil && c.Epoch >= conv.epoch {
			conv.demand.Points = c.Points
		}
	case zongji.OpDecline, zongji.OpRefuse:
		for _, o := range s.offers {
			if o.ID == c.Offer && o.Agent == c.Agent {
				s.agents[o.Agent].lapses = 0
				s.drop(o)
				s.refuse(o)
				return
			}
		}
	case zongji.OpAgent:
		a, known := s.agents[c.Profile.ID]
		if !known {
			a = &slowAgent{idle: c.Profile.Since}
			s.agents[c.Profile.ID] = a
		}
		if c.Profile.State == zongji.AgentReady && a.State != zongji.AgentReady {
			a.lapses = 0
		}
		a.AgentProfile = *c.Profile
		s.standBack(a)
		s.unload(a)
	case zongji.OpQueue:
		s.queues[c.Queue.ID] = *c.Queue
	}
}

// take takes a conversation out of whoever's hands it is in.
func (s *slow) take(c *slowConv) {
	if c == nil {
		return
	}
	s.offers = slices.DeleteFunc(s.offers, func(o zongji.Offer) bool { return o.Conv == c.id })
	if c.agent != 0 {
		s.agents[c.agent].idle = s.now
	}
}

func (s *slow) drop(o zongji.Offer) {
	s.offers = slices.DeleteFunc(s.offers, func(x zongji.Offer) bool { return x.ID == o.ID })
}

// standBack takes all offers from an agent who is not there.
func (s *slow) standBack(a *slowAgent) {
	if !there(a) {
		s.offers = slices.DeleteFunc(s.offers, func(o zongji.Offer) bool { return o.Agent == a.ID })
		s.forgetAbsent()
	}
}

// forgetAbsent opens to all what waits for one agent who is not there.
func (s *slow) forgetAbsent() {
	for _, c := range s.convs {
		if c.only != 0 && (s.agents[c.only] == nil || !there(s.agents[c.only])) {
			c.only = 0
		}
	}
}

// unload takes the newest offers from an agent who holds too much.
func (s *slow) unload(a *slowAgent) {
	for i := len(s.offers) - 1; i >= 0; i-- {
		if o := s.offers[i]; o.Agent == a.ID && s.load(a) > a.Capacity {
			s.drop(o)
		}
	}
}

func (s *slow) refuse(o zongji.Offer) {
	c := s.convs[o.Conv]
	c.only = 0
	c.tries++
	c.refused[o.Agent] = s.now + 30_000
	q := s.queues[c.demand.Queue]
	if s.offered(c) || q.MaxOffers == 0 || c.tries < q.MaxOffers {
		return
	}
	c.tries = 0
	to := q.Fallback
	if to == q.ID {
		to = 0
	}
	if to != 0 {
		c.moving = s.now + 5000
	}
	s.fell = append(s.fell, fmt.Sprint(c.id, to, "max_offers"))
}

// lapse ends the offers whose time is over, the earliest first.
func (s *slow) lapse() {
	over := slices.DeleteFunc(slices.Clone(s.offers), func(o zongji.Offer) bool { return o.Until > s.now })
	slices.SortFunc(over, func(x, y zongji.Offer) int { return cmp.Or(cmp.Compare(x.Until, y.Until), cmp.Compare(x.ID, y.ID)) })
	for _, o := range over {
		if !slices.Contains(s.offers, o) {
			continue // taken back because he did not answer another
		}
		a := s.agents[o.Agent]
		s.drop(o)
		if a.lapses++; a.lapses >= 2 && a.State == zongji.AgentReady {
			a.State = zongji.AgentUnanswered
			s.standBack(a)
		}
		s.refuse(o)
	}
}

// surrender names what nobody could ever serve.
func (s *slow) surrender() {
	for id, c := range s.convs {
		q := s.queues[c.demand.Queue]
		if !s.waits(c) || s.ring(c) < len(q.RingS) || c.only != 0 || c.moving > s.now || slices.Contains(c.given, q.ID) {
			continue
		}
		could := false
		for _, a := range s.agents {
			could = could || a.Capacity >= c.units && s.may(c, a)
		}
		if could {
			continue
		}
		c.given = append(c.given, q.ID)
		to := q.Fallback
		if slices.Contains(c.given, to) {
			to = 0
		}
		s.fell = append(s.fell, fmt.Sprint(id, to, "nobody"))
	}
}

func there(a *slowAgent) bool { return a.Online && a.State == zongji.AgentReady }

func (s *slow) offered(c *slowConv) bool {
	return slices.ContainsFunc(s.offers, func(o zongji.Offer) bool { return o.Conv == c.id })
}

func (s *slow) waits(c *slowConv) bool { return c.agent == 0 && !s.offered(c) }

func (s *slow) ring(c *slowConv) int {
	n := 0
	for n < len(s.queues[c.demand.Queue].RingS) && int64(s.now-c.at) >= 1000*int64(s.queues[c.demand.Queue].RingS[n]) {
		n++
	}
	return n
}

func (s *slow) load(a *slowAgent) int { return s.loads()[a.ID] }

// loads returns the units that each agent holds and is asked to take.
func (s *slow) loads() map[int64]int {
	out := make(map[int64]int, len(s.agents))
	for _, c := range s.convs {
		if c.agent != 0 {
			out[c.agent] += c.units
		}
	}
	for _, o := range s.offers {
		out[o.Agent] += o.Units
	}
	return out
}

// levels returns the least level asked for in each skill.
func levels(lists ...[]zongji.SkillLevel) map[string]int {
	out := map[string]int{}
	for _, list := range lists {
		for _, k := range list {
			out[k.Skill] = max(out[k.Skill], k.Level)
		}
	}
	return out
}

// may reports whether the agent may serve the conversation at its age.
func (s *slow) may(c *slowConv, a *slowAgent) bool {
	q, ring := s.queues[c.demand.Queue], s.ring(c)
	if slices.Contains(c.demand.Exclude, a.ID) {
		return false
	}
	if c.demand.Lang != "" && !slices.Contains(a.Langs, c.demand.Lang) {
		return false
	}
	if ring >= 3 {
		return true
	}
	in := q.Team == 0 || slices.Contains(a.Teams, q.Team)
	if ring >= 2 {
		for _, team := range q.Neighbours {
			in = in || slices.Contains(a.Teams, team)
		}
	}
	if !in {
		return false
	}
	want := levels(c.demand.Skills, q.Skills)
	if ring < 2 && len(q.RingS) >= 2 {
		want = levels(c.demand.Skills, q.Skills, c.demand.Preferred)
	}
	for skill, level := range want {
		if ring >= 1 && level > 1 {
			level--
		}
		if a.Skills[skill] < level {
			return false
		}
	}
	return true
}

// room returns how many units more each agent can be asked to take now.
func (s *slow) room() map[*slowAgent]int {
	out, loads := map[*slowAgent]int{}, s.loads()
	for _, a := range s.agents {
		asked := 0
		for _, o := range s.offers {
			if o.Agent == a.ID {
				asked++
			}
		}
		if left := a.Capacity - loads[a.ID]; there(a) && asked < 2 && left > 0 {
			out[a] = left
		}
	}
	return out
}

// fits reports whether the agent, who has some room, can be asked now.
func (s *slow) fits(c *slowConv, a *slowAgent, room int) bool {
	if c.refused[a.ID] > s.now || c.moving > s.now || c.units > room {
		return false
	}
	if c.only != 0 {
		return c.only == a.ID && !slices.Contains(c.demand.Exclude, a.ID)
	}
	return s.may(c, a)
}

func (s *slow) key(c *slowConv) int64 { return int64(c.at) - 60_000*int64(c.demand.Points) }

// inOrder returns what waits in the order of service.
func (s *slow) inOrder() []*slowConv {
	var out []*slowConv
	for _, c := range s.convs {
		if s.waits(c) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y *slowConv) int {
		if x.demand.P1 != y.demand.P1 {
			if x.demand.P1 {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(s.key(x), s.key(y)), cmp.Compare(x.id, y.id))
	})
	return out
}

// offerOne offers the first of all that somebody can be asked for.
func (s *slow) offerOne() bool {
	room := s.room()
	if len(room) == 0 {
		return false
	}
	for _, c := range s.inOrder() {
		var fit []*slowAgent
		for a, units := range room {
			if s.fits(c, a, units) {
				fit = append(fit, a)
			}
		}
		if len(fit) == 0 {
			continue
		}
		slices.SortFunc(fit, func(x, y *slowAgent) int { return s.rank(c, x, y) })
		q := s.queues[c.demand.Queue]
		for _, a := range fit[:min(len(fit), max(1, q.Broadcast))] {
			s.serial++
			s.offers = append(s.offers, zongji.Offer{ID: s.serial, Conv: c.id, Epoch: c.epoch, Agent: a.ID, Queue: q.ID, Units: c.units,
				At: s.now, Until: s.now + zongji.Ms(1000*q.OfferS), Auto: q.AutoAccept})
		}
		return true
	}
	return false
}

// rank orders agents for a conversation, the best first.
func (s *slow) rank(c *slowConv, x, y *slowAgent) int {
	fond := func(a *slowAgent) int {
		if a.ID == c.demand.Affinity && s.now-c.at < zongji.Ms(1000*c.demand.AffinityS) {
			return 0
		}
		return 1
	}
	skill := func(a *slowAgent) (n int) {
		for k := range levels(c.demand.Skills, s.queues[c.demand.Queue].Skills, c.demand.Preferred) {
			n += a.Skills[k]
		}
		return n
	}
	share := func(a *slowAgent) float64 { return float64(s.load(a)) / float64(a.Capacity) }
	return cmp.Or(cmp.Compare(fond(x), fond(y)), cmp.Compare(skill(y), skill(x)), cmp.Compare(share(x), share(y)),
		cmp.Compare(x.idle, y.idle), cmp.Compare(x.ID, y.ID))
}

// snapshot is what the engine's must be, without names of lanes.
func (s *slow) snapshot() (out engine.Snapshot) {
	for _, id := range slices.Sorted(maps.Keys(s.convs)) {
		c := s.convs[id]
		class := "N"
		if c.demand.P1 {
			class = "P1"
		}
		switch {
		case c.agent != 0:
			out.Held = append(out.Held, engine.Held{Conv: id, Epoch: c.epoch, Agent: c.agent, Units: c.units})
		case s.waits(c):
			out.Waiting = append(out.Waiting, engine.Place{Conv: id, Epoch: c.epoch, Queue: c.demand.Queue, Lane: class, Key: s.key(c)})
		}
	}
	out.Offers = append(out.Offers, s.offers...)
	return out
}

// chance makes reproducible commands.
type chance struct {
	*rand.Rand
	epochs map[int64]int64
	id     int64
	last   []zongji.Command
}

const (
	someAgents = 6
	someConvs  = 22
)

func (r *chance) queue(id int64) *zongji.Queue {
	q := zongji.Queue{ID: id, Team: r.Int64N(3), OfferS: 5 + r.IntN(20), MaxOffers: r.IntN(4), Fallback: r.Int64N(4), Broadcast: r.IntN(4),
		RingS: []int{10, 25, 60}[:r.IntN(4)], Neighbours: []int64{1 + r.Int64N(2)}, AutoAccept: r.IntN(2) == 0}
	if r.IntN(3) == 0 {
		q.Skills = []zongji.SkillLevel{{Skill: "c", Level: 1 + r.IntN(2)}}
	}
	return &q
}

func (r *chance) profile(id int64, now zongji.Ms) *zongji.AgentProfile {
	p := zongji.AgentProfile{ID: id, Capacity: r.IntN(6), State: zongji.AgentReady, Online: r.IntN(8) > 0, Teams: []int64{1 + r.Int64N(2)},
		Skills: map[string]int{"a": r.IntN(6), "b": r.IntN(6), "c": r.IntN(4)}, Since: now}
	if r.IntN(6) == 0 {
		p.State = zongji.AgentBreak
	}
	if r.IntN(2) == 0 {
		p.Langs = []string{"en"}
	}
	return &p
}

func (r *chance) demand() *zongji.Demand {
	d := &zongji.Demand{Queue: 1 + r.Int64N(3), P1: r.IntN(8) == 0, Points: r.IntN(4), Affinity: r.Int64N(someAgents + 1), AffinityS: r.IntN(40)}
	d.Skills = []zongji.SkillLevel{{Skill: string(rune('a' + r.IntN(3))), Level: 1 + r.IntN(4)}}
	if r.IntN(3) == 0 {
		d.Preferred = []zongji.SkillLevel{{Skill: string(rune('a' + r.IntN(3))), Level: 1 + r.IntN(4)}}
	}
	switch r.IntN(12) {
	case 0:
		d.Only = 1 + r.Int64N(someAgents)
	case 1, 2:
		d.Lang = "en"
	case 3, 4:
		d.Exclude = []int64{1 + r.Int64N(someAgents)}
	}
	return d
}

// command is the next command, sometimes one of before, or an old epoch.
func (r *chance) command(s *slow) zongji.Command {
	if len(r.last) > 0 && r.IntN(25) == 0 {
		return r.last[r.IntN(len(r.last))]
	}
	r.id++
	conv := 1 + r.Int64N(someConvs)
	r.epochs[conv]++
	c := zongji.Command{ID: r.id, Conv: conv, Epoch: r.epochs[conv], Agent: 1 + r.Int64N(someAgents), Units: 1 + r.IntN(3)}
	if r.IntN(30) == 0 {
		c.Epoch -= int64(r.IntN(4))
	}
	pick := zongji.Offer{}
	if len(s.offers) > 0 {
		pick = s.offers[r.IntN(len(s.offers))]
	}
	switch n := r.IntN(100); {
	case n < 38:
		c.Op, c.Demand, c.QueuedAt = zongji.OpEnqueue, r.demand(), s.now-zongji.Ms(r.IntN(12_000))
	case n < 52 && pick.ID != 0:
		r.epochs[pick.Conv]++
		c.Op, c.Conv, c.Epoch, c.Agent, c.Units = zongji.OpAssigned, pick.Conv, r.epochs[pick.Conv], pick.Agent, pick.Units
	case n < 56:
		c.Op = zongji.OpAssigned
	case n < 64:
		c.Op, c.Offer, c.Agent = zongji.OpDecline, pick.ID, pick.Agent
		if n == 63 {
			c.Op = zongji.OpRefuse
		}
	case n < 84:
		c.Op = zongji.OpRelease
	case n < 88:
		c.Op, c.Points = zongji.OpPoints, r.IntN(6)
	case n < 97:
		c.Op, c.Profile = zongji.OpAgent, r.profile(c.Agent, s.now)
	case n < 98:
		c.Op, c.Queue = zongji.OpQueue, r.queue(1+r.Int64N(3))
	default:
		c.Op = zongji.OpTick
	}
	r.last = append(r.last, c)
	if len(r.last) > 20 {
		r.last = r.last[1:]
	}
	return c
}

func TestTheEngineDoesWhatASlowSecondOneDoes(t *testing.T) {
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	const seeds = 8
	var mu sync.Mutex
	seen := map[string]int{}
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(seeds) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				mine := compare(t, seed, n/seeds)
				mu.Lock()
				defer mu.Unlock()
				for what, times := range mine {
					seen[what] += times
				}
			})
		}
	})
	t.Logf("%d operations; %v", n, seen)
	for _, what := range []string{"offered", "waits", "lapsed", "declined", "taken", "withdrawn", "unanswered", "nobody", "max_offers", "broadcast", "only", "affinity", "later ring"} {
		if seen[what] == 0 {
			t.Errorf("never happened: %s", what)
		}
	}
}

// compare runs both engines beside each other and counts what happens.
func compare(t *testing.T, seed uint64, n int) map[string]int {
	t.Helper()
	seen := map[string]int{}
	r := &chance{Rand: rand.New(rand.NewPCG(seed, 9)), epochs: map[int64]int64{}}
	fast, s := engine.New(engine.Config{}), newSlow()
	now := zongji.Ms(1_000_000)
	step := func(c zongji.Command) {
		evs := fast.Apply(now, c)
		s.apply(now, c)
		differs(t, fmt.Sprintf("seed %d, command %d %s", seed, r.id, c.Op), fast, s, evs)
		count(s, evs, seen)
	}
	for id := range int64(someAgents) {
		step(zongji.Command{Op: zongji.OpAgent, Profile: r.profile(id+1, now)})
	}
	for id := range int64(3) {
		step(zongji.Command{Op: zongji.OpQueue, Queue: r.queue(id + 1)})
	}
	for range n {
		switch d := r.IntN(40); {
		case d == 0:
			now += zongji.Ms(r.IntN(40_000))
		case d < 30:
			now += zongji.Ms(r.IntN(1500))
		}
		step(r.command(s))
	}
	return seen
}

// differs fails when the two do not agree, or when what must hold does not.
func differs(t *testing.T, where string, fast *engine.Engine, s *slow, evs []engine.Event) {
	t.Helper()
	got, want := fast.Snapshot(), s.snapshot()
	for i := range got.Waiting {
		got.Waiting[i].Lane, _, _ = strings.Cut(got.Waiting[i].Lane, "|")
	}
	if !slices.Equal(got.Waiting, want.Waiting) || !slices.Equal(got.Offers, want.Offers) || !slices.Equal(got.Held, want.Held) {
		t.Fatalf("%s:\n got %+v\nwant %+v", where, got, want)
	}
	var fell []string
	for _, ev := range evs {
		if ev.Kind == engine.Fallback {
			fell = append(fell, fmt.Sprint(ev.Conv, ev.Queue, ev.Reason))
		}
	}
	slices.Sort(fell)
	slices.Sort(s.fell)
	if !slices.Equal(fell, s.fell) {
		t.Fatalf("%s: fallbacks %v, want %v", where, fell, s.fell)
	}
	loads := s.loads()
	for _, a := range s.agents {
		units, _ := fast.LoadOf(a.ID)
		if load := loads[a.ID]; units != load {
			t.Fatalf("%s: agent %d has load %d, want %d", where, a.ID, units, load)
		}
		if asked := slices.ContainsFunc(s.offers, func(o zongji.Offer) bool { return o.Agent == a.ID }); asked && units > a.Capacity {
			t.Fatalf("%s: agent %d is asked to carry %d of %d", where, a.ID, units, a.Capacity)
		}
	}
}

func count(s *slow, evs []engine.Event, seen map[string]int) {
	for _, ev := range evs {
		seen[cmp.Or(ev.Reason, string(ev.Kind))]++
		if c := s.convs[ev.Conv]; ev.Kind == engine.Offered && c != nil {
			if c.only != 0 {
				seen["only"]++
			}
			if c.demand.Affinity == ev.Agent {
				seen["affinity"]++
			}
			if s.ring(c) > 1 {
				seen["later ring"]++
			}
			if s.queues[ev.Queue].Broadcast > 1 {
				seen["broadcast"]++
			}
		}
		if ev.Kind == engine.Waiting {
			seen["waits"]++
		}
	}
}
