// Package engine decides who is asked to take which conversation. It is
// deterministic: no clock, no goroutine, no I/O. Commands go in, events come
// out; the same commands at the same times give the same events.
//
// What waits stands in lanes: all conversations that ask for the same. A lane
// knows its agents and which of them are free, so that a step looks only at
// the heads of the lanes that it touched, however many wait. Not safe for
// concurrent use.
package engine

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"zongji/internal/zongji"
)

// Config is how the engine decides; zero values are the defaults.
type Config struct {
	NewID       func() int64  // offer ids; default counts from 1
	Lapses      int           // offers in a row left unanswered until an agent counts as unanswered; 2
	DeclineHold time.Duration // the same conversation is not offered to the same agent again within; 30 s
	InFlight    int           // open offers per agent at most; 2
}

const (
	defaultOfferS = 20              // seconds, for a queue that says nothing
	moveWait      = 5 * time.Second // a conversation that left for its fallback queue goes on here if nobody moved it
	remembered    = 1 << 16         // ids of commands, and epochs of released conversations, kept against repeats
)

// EventKind says what an event tells.
type EventKind string

// The kinds, and the fields that each fills beside Kind.
const (
	Waiting    EventKind = "waiting"     // Conv, Queue, Lane, Key: a new place, or a new key
	Left       EventKind = "left"        // Conv, Queue: waits no longer (offered, assigned or released)
	Offered    EventKind = "offered"     // Offer, Conv, Queue, Agent, Candidates
	OfferEnded EventKind = "offer_ended" // Offer, Conv, Queue, Agent, Reason: taken | declined | lapsed | withdrawn; Why: what the agent, or SQL, said
	Unanswered EventKind = "unanswered"  // Agent: gets no offers until a command says he is ready
	Fallback   EventKind = "fallback"    // Conv, Queue (0: none is named), Reason: the router moves it there
	Load       EventKind = "load"        // Agent, Units, Chats
)

// Event is one consequence of a step.
type Event struct {
	Kind       EventKind
	Offer      zongji.Offer
	Conv       int64
	Queue      int64
	Agent      int64
	Reason     string
	Why        string
	Candidates []zongji.CandidateWhy
	Lane       string
	Key        int64 // ms; lower is served first
	Units      int
	Chats      int
}

// Engine is the state of one routing pool.
type Engine struct {
	cfg    Config
	now    zongji.Ms
	queues map[int64]*zongji.Queue
	items  map[int64]*Item
	agents map[int64]*Agent
	order  []*Agent // by id: whatever walks all agents walks these
	lanes  map[string]*lane
	offers map[int64]*offer
	timers timers
	serial int64 // of timers: equal times run in the order they were set

	dirty  []*lane          // have somebody waiting and somebody free, perhaps
	moved  []*Agent         // whose load changed in this step
	places []*Item          // whose place changed in this step
	cmds   memory[struct{}] // ids applied
	past   memory[int64]    // released conversation → epoch
	out    []Event
}

// New returns an empty engine.
func New(cfg Config) *Engine {
	if cfg.NewID == nil {
		var n int64
		cfg.NewID = func() int64 { n++; return n }
	}
	cfg.Lapses = cmp.Or(cfg.Lapses, 2)
	cfg.DeclineHold = cmp.Or(cfg.DeclineHold, 30*time.Second)
	cfg.InFlight = cmp.Or(cfg.InFlight, 2)
	return &Engine{
		cfg: cfg, queues: map[int64]*zongji.Queue{}, items: map[int64]*Item{}, agents: map[int64]*Agent{},
		lanes: map[string]*lane{}, offers: map[int64]*offer{},
		cmds: newMemory[struct{}](), past: newMemory[int64](),
	}
}

// Apply runs what is due at now and then one command. Repeated commands, and
// those with an epoch older than the known one, change nothing.
func (e *Engine) Apply(now zongji.Ms, c zongji.Command) []Event {
	e.begin(now)
	if c.ID == 0 || e.cmds.add(c.ID, struct{}{}) {
		e.apply(c)
	}
	return e.finish()
}

// Tick runs what is due at now.
func (e *Engine) Tick(now zongji.Ms) []Event {
	e.begin(now)
	return e.finish()
}

func (e *Engine) begin(now zongji.Ms) {
	e.now, e.out = max(e.now, now), nil
	e.due()
}

func (e *Engine) finish() []Event {
	e.settle()
	for _, it := range e.places {
		e.tellPlace(it)
	}
	for _, a := range e.moved {
		a.told = false
		e.emit(Event{Kind: Load, Agent: a.ID, Units: a.load, Chats: a.chats})
	}
	e.places, e.moved = e.places[:0], e.moved[:0]
	return e.out
}

func (e *Engine) emit(ev Event) { e.out = append(e.out, ev) }

func (e *Engine) apply(c zongji.Command) {
	switch c.Op {
	case zongji.OpEnqueue:
		e.enqueue(c)
	case zongji.OpAssigned:
		e.assigned(c)
	case zongji.OpRelease:
		e.release(c)
	case zongji.OpPoints:
		if it := e.items[c.Conv]; it != nil && c.Epoch >= it.Epoch && it.Demand.Points != c.Points {
			it.Demand.Points = c.Points
			e.rekey(it)
		}
	case zongji.OpDecline, zongji.OpRefuse:
		how := "declined"
		if c.Op == zongji.OpRefuse { // no word of his
			how = "withdrawn"
		}
		if o := e.offers[c.Offer]; o != nil && (c.Agent == 0 || c.Agent == o.Agent) {
			o.agent.lapses = 0
			e.end(o, how, c.Reason)
			e.refuse(o)
		}
	case zongji.OpAgent:
		if c.Profile != nil {
			e.setAgent(*c.Profile)
		}
	case zongji.OpQueue:
		if c.Queue != nil {
			e.setQueue(*c.Queue)
		}
	}
}

func (e *Engine) enqueue(c zongji.Command) {
	d := zongji.Demand{}
	if c.Demand != nil {
		d = *c.Demand
	}
	if epoch, gone := e.past.get(c.Conv); gone && c.Epoch <= epoch {
		return
	}
	it := e.items[c.Conv]
	if it != nil {
		same := c.Epoch == it.Epoch
		if c.Epoch < it.Epoch || same && it.state == held ||
			same && it.Units == units(c.Units) && it.QueuedAt == c.QueuedAt && reflect.DeepEqual(it.Demand, d) {
			return
		}
		e.detach(it, "withdrawn")
	}
	var given []int64
	if it != nil && it.Demand.P1 == d.P1 { // who became urgent may go where he came from
		given = it.given
	}
	it = &Item{Conv: c.Conv, Epoch: c.Epoch, Demand: d, Units: units(c.Units), QueuedAt: c.QueuedAt, pos: -1, only: d.Only, given: given}
	e.items[c.Conv] = it
	e.wait(it)
}

func units(n int) int { return max(1, n) }

func (e *Engine) assigned(c zongji.Command) {
	if epoch, gone := e.past.get(c.Conv); gone && c.Epoch <= epoch {
		return
	}
	it := e.items[c.Conv]
	if it != nil {
		if c.Epoch < it.Epoch || c.Epoch == it.Epoch && it.state == held && it.agent.ID == c.Agent && it.Units == units(c.Units) {
			return
		}
		for _, o := range slices.Clone(it.offers) {
			if o.Agent == c.Agent {
				o.agent.lapses = 0
				e.end(o, "taken", "")
			}
		}
		e.detach(it, "withdrawn")
	}
	d := zongji.Demand{}
	if it != nil {
		d = it.Demand
	}
	e.hold(&Item{Conv: c.Conv, Epoch: c.Epoch, Demand: d, Units: units(c.Units), QueuedAt: c.QueuedAt, pos: -1}, c.Agent)
}

// hold puts the conversation into the agent's hands, because SQL says so.
func (e *Engine) hold(it *Item, agent int64) {
	e.items[it.Conv] = it
	it.state, it.agent = held, e.agent(agent)
	it.agent.chats++
	e.addLoad(it.agent, it.Units)
	e.unload(it.agent)
}

func (e *Engine) release(c zongji.Command) {
	if epoch, gone := e.past.get(c.Conv); gone && c.Epoch <= epoch {
		return
	}
	it := e.items[c.Conv]
	if it != nil && c.Epoch < it.Epoch {
		return
	}
	if it != nil {
		e.detach(it, "withdrawn")
		delete(e.items, it.Conv)
	}
	e.past.set(c.Conv, c.Epoch)
}

// detach takes the conversation out of wherever it is.
func (e *Engine) detach(it *Item, how string) {
	for _, o := range slices.Clone(it.offers) {
		e.end(o, how, "")
	}
	switch it.state {
	case waiting:
		e.leave(it)
	case held:
		it.agent.chats--
		it.agent.since = e.now
		e.addLoad(it.agent, -it.Units)
	}
	it.state, it.agent = nowhere, nil
	e.place(it)
}

// wait puts the conversation into the lane that its demand and age ask for.
func (e *Engine) wait(it *Item) {
	it.state = waiting
	it.version++
	q := e.queue(it.Demand.Queue)
	age := e.now - it.QueuedAt
	it.ring = 0
	for it.ring < len(q.RingS) && age >= zongji.Ms(q.RingS[it.ring])*1000 {
		it.ring++
	}
	if it.only != 0 {
		if a := e.agents[it.only]; a == nil || a.idle() != "" {
			it.only = 0 // he is not there: nobody else would ever be asked
		}
	}
	it.key = key(it)
	it.held = slices.DeleteFunc(it.held, func(h hold) bool { return h.until <= e.now })
	if it.moving <= e.now {
		it.moving = 0
	}
	it.lane = e.lane(it, q)
	it.lane.push(it)
	e.touch(it.lane)
	e.place(it)
	if it.ring < len(q.RingS) {
		e.at(it.QueuedAt+zongji.Ms(q.RingS[it.ring])*1000, timer{kind: ringTimer, id: it.Conv, version: it.version})
	}
	for _, h := range it.held {
		e.at(h.until, timer{kind: ringTimer, id: it.Conv, version: it.version})
	}
	if it.moving > 0 {
		e.at(it.moving, timer{kind: ringTimer, id: it.Conv, version: it.version})
	}
	e.giveUp(it)
}

func key(it *Item) int64 { return int64(it.QueuedAt) - int64(it.Demand.Points)*60_000 }

// leave takes a waiting conversation out of its lane.
func (e *Engine) leave(it *Item) {
	l := it.lane
	l.remove(it)
	it.lane = nil
	it.version++
	e.place(it)
	if l.temporary && len(l.wait) == 0 {
		e.forget(l)
	}
}

// again moves a waiting conversation to the lane that fits it now.
func (e *Engine) again(it *Item) {
	e.leave(it)
	e.wait(it)
}

func (e *Engine) rekey(it *Item) {
	if it.state == waiting {
		it.key = key(it)
		it.lane.fix(it)
		e.place(it)
	}
}

// place notes that the conversation's place is to be told at the end of the
// step.
func (e *Engine) place(it *Item) {
	if !it.told {
		it.told = true
		e.places = append(e.places, it)
	}
}

// tellPlace tells the difference between what was last told and what is.
func (e *Engine) tellPlace(it *Item) {
	it.told = false
	now := it.state == waiting
	old, was := e.shown(it)
	switch {
	case now && (!was || old != it.spot()):
		it.seen = it.spot()
		e.emit(Event{Kind: Waiting, Conv: it.Conv, Queue: it.Demand.Queue, Lane: it.lane.name, Key: it.key})
	case !now && was && (e.items[it.Conv] == it || e.items[it.Conv] == nil || e.items[it.Conv].state != waiting):
		it.seen = spot{}
		e.emit(Event{Kind: Left, Conv: it.Conv, Queue: old.queue})
	}
}

func (e *Engine) shown(it *Item) (spot, bool) { return it.seen, it.seen != spot{} }

// touch notes that somebody may be found for the lane's head.
func (e *Engine) touch(l *lane) {
	if !l.dirty && len(l.wait) > 0 && len(l.free) > 0 {
		l.dirty = true
		e.dirty = append(e.dirty, l)
	}
}

// settle offers what waits to whoever is free: always the first of all heads
// that somebody free fits, to the best of those. So each agent gets the first
// among what fits him, and nobody waits while a fitting agent is free.
func (e *Engine) settle() {
	for {
		var first *lane
		kept := e.dirty[:0]
		for _, l := range e.dirty {
			if len(l.wait) == 0 || len(l.free) == 0 {
				l.dirty = false
				continue
			}
			kept = append(kept, l)
			if first == nil || before(l.wait[0], first.wait[0]) {
				first = l
			}
		}
		e.dirty = kept
		if first == nil {
			return
		}
		e.propose(first.wait[0])
	}
}
