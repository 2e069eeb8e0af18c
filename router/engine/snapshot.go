package engine

import (
	"cmp"
	"slices"

	"zongji/internal/zongji"
)

// Snapshot is the engine's state in the order of ids, for the mirror and for
// comparison with SQL.
type Snapshot struct {
	Waiting []Place
	Offers  []zongji.Offer
	Held    []Held
}

// Place is one waiting conversation.
type Place struct {
	Conv, Epoch, Queue int64
	Lane               string
	Key                int64
}

// Held is one conversation in an agent's hands.
type Held struct {
	Conv, Epoch, Agent int64
	Units              int
}

// Snapshot returns the state as of the last step.
func (e *Engine) Snapshot() Snapshot {
	var s Snapshot
	for _, it := range e.items {
		switch it.state {
		case waiting:
			s.Waiting = append(s.Waiting, Place{it.Conv, it.Epoch, it.Demand.Queue, it.lane.name, it.key})
		case held:
			s.Held = append(s.Held, Held{it.Conv, it.Epoch, it.agent.ID, it.Units})
		}
	}
	for _, o := range e.offers {
		s.Offers = append(s.Offers, o.Offer)
	}
	slices.SortFunc(s.Waiting, func(a, b Place) int { return cmp.Compare(a.Conv, b.Conv) })
	slices.SortFunc(s.Held, func(a, b Held) int { return cmp.Compare(a.Conv, b.Conv) })
	slices.SortFunc(s.Offers, func(a, b zongji.Offer) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// Place returns how many wait in the conversation's queue up to and with it,
// and how many wait there in all; place 0 when it does not wait. It looks at
// all that waits in the queue.
func (e *Engine) Place(conv int64) (place, all int) {
	me := e.items[conv]
	if me == nil || me.state != waiting {
		return 0, 0
	}
	place = 1
	for _, l := range e.lanes {
		if l.queue != me.Demand.Queue {
			continue
		}
		all += len(l.wait)
		for _, it := range l.wait {
			if before(it, me) {
				place++
			}
		}
	}
	return place, all
}

// LoadOf returns the units that the agent holds or is asked to take, and the
// number of conversations that he holds.
func (e *Engine) LoadOf(agent int64) (units, chats int) {
	if a := e.agents[agent]; a != nil {
		return a.load, a.chats
	}
	return 0, 0
}

// Restore replaces everything by what SQL says: queued conversations wait,
// assigned ones and those in wrap-up are held. Offers that still fit stand;
// the others end as withdrawn. The events tell what is new: offers that ended,
// offers made now, and the place of all that waits. Snapshot has the whole.
func (e *Engine) Restore(now zongji.Ms, queues []zongji.Queue, agents []zongji.AgentProfile, convs []zongji.Conversation, offers []zongji.Offer) []Event {
	cfg := e.cfg
	*e = *New(cfg)
	e.now = now
	for _, q := range queues {
		e.queues[q.ID] = &q
	}
	for _, p := range agents {
		e.setAgent(p)
	}
	convs = slices.SortedFunc(slices.Values(convs), func(a, b zongji.Conversation) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range convs {
		it := &Item{Conv: c.ID, Epoch: c.Epoch, Demand: zongji.Demand{Queue: c.Queue}, Units: units(c.Units), QueuedAt: c.QueuedAt, pos: -1}
		if c.Demand != nil {
			it.Demand = *c.Demand
			it.only = c.Demand.Only
		}
		switch {
		case c.Status.Holds():
			e.hold(it, c.Owner)
		case c.Status == zongji.StatusQueued:
			e.items[c.ID] = it
			e.wait(it)
		}
	}
	offers = slices.SortedFunc(slices.Values(offers), func(a, b zongji.Offer) int { return cmp.Compare(a.ID, b.ID) })
	for _, o := range offers {
		e.restand(o)
	}
	return e.finish()
}

// restand lets an offer from before stand if it still fits.
func (e *Engine) restand(o zongji.Offer) {
	it, a := e.items[o.Conv], e.agents[o.Agent]
	if it == nil || a == nil || it.Epoch != o.Epoch || it.state == held || o.Until <= e.now || o.Units != it.Units || e.Fits(it, a) != "" {
		e.emit(Event{Kind: OfferEnded, Offer: o, Conv: o.Conv, Queue: o.Queue, Agent: o.Agent, Reason: "withdrawn"})
		return
	}
	if it.state == waiting {
		e.leave(it)
		it.state = offered
	}
	e.stand(&offer{Offer: o, item: it, agent: a})
}

// memory remembers the newest values, a limited number of them.
type memory[V any] struct {
	values map[int64]V
	order  []int64
	next   int
}

func newMemory[V any]() memory[V] { return memory[V]{values: map[int64]V{}} }

func (m *memory[V]) get(id int64) (V, bool) {
	v, ok := m.values[id]
	return v, ok
}

// add sets the value unless there is one, and reports whether it did.
func (m *memory[V]) add(id int64, v V) bool {
	if _, ok := m.values[id]; ok {
		return false
	}
	m.set(id, v)
	return true
}

func (m *memory[V]) set(id int64, v V) {
	if _, ok := m.values[id]; !ok {
		if len(m.order) < remembered {
			m.order = append(m.order, id)
		} else {
			delete(m.values, m.order[m.next])
			m.order[m.next] = id
			m.next = (m.next + 1) % remembered
		}
	}
	m.values[id] = v
}
