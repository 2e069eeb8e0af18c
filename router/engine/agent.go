package engine

import (
	"maps"
	"slices"

	"zongji/internal/zongji"
)

// Agent is one agent as the engine sees him.
type Agent struct {
	zongji.AgentProfile

	load   int // units held and offered
	chats  int // conversations held
	lapses int // in a row
	since  zongji.Ms
	offers []*offer
	slots  []*slot
	told   bool
}

// idle returns "" when the agent is there and wants work, else why not.
func (a *Agent) idle() string {
	switch {
	case !a.Online:
		return "offline"
	case a.State == zongji.AgentReady:
		return ""
	case a.State == "":
		return "offline"
	}
	return string(a.State) // break | unanswered | offline
}

// busy returns "" when the agent can take so many units more now.
func (a *Agent) busy(units, inFlight int) string {
	if why := a.idle(); why != "" {
		return why
	}
	if a.load+units > a.Capacity || len(a.offers) >= inFlight {
		return "full"
	}
	return ""
}

// Fits returns "" when the agent may be asked to take the conversation now,
// or the first test that he fails: excluded | just_declined | queue |
// skill:<key> | lang:<tag> | offline | break | unanswered | full | moving.
func (e *Engine) Fits(it *Item, a *Agent) string {
	w := wants(it, e.queue(it.Demand.Queue))
	return e.fits(&w, a)
}

func (e *Engine) fits(w *want, a *Agent) string {
	if why := w.suits(a); why != "" {
		return why
	}
	return a.busy(w.units, e.cfg.InFlight)
}

// agent returns the agent, and a stranger who is offline when unknown.
func (e *Engine) agent(id int64) *Agent {
	a := e.agents[id]
	if a == nil {
		a = &Agent{AgentProfile: zongji.AgentProfile{ID: id}}
		e.agents[id] = a
		i, _ := slices.BinarySearchFunc(e.order, id, func(x *Agent, id int64) int { return int(x.ID - id) })
		e.order = slices.Insert(e.order, i, a)
		for _, name := range slices.Sorted(maps.Keys(e.lanes)) {
			e.enter(a, e.lanes[name])
		}
	}
	return a
}

func (e *Engine) setAgent(p zongji.AgentProfile) {
	_, known := e.agents[p.ID]
	a := e.agent(p.ID)
	if !known {
		a.since = p.Since
	}
	old := a.AgentProfile
	a.AgentProfile = p
	if p.State == zongji.AgentReady && old.State != p.State {
		a.lapses = 0
	}
	other := !maps.Equal(old.Skills, p.Skills) || !slices.Equal(old.Langs, p.Langs) || !slices.Equal(old.Teams, p.Teams)
	if other {
		e.reenter(a)
	}
	if a.idle() != "" {
		for _, o := range slices.Clone(a.offers) {
			e.takeBack(o)
		}
		e.abandon(a)
	}
	e.unload(a)
	e.refresh(a)
	if known && (other || p.Capacity < old.Capacity) {
		e.lose()
	}
	if old.Capacity != p.Capacity {
		e.tellLoad(a)
	}
}

// lose gives up what nobody can serve since an agent changed.
func (e *Engine) lose() {
	for _, name := range slices.Sorted(maps.Keys(e.lanes)) {
		l := e.lanes[name]
		if len(l.wait) == 0 || l.able() {
			continue
		}
		for _, it := range slices.SortedFunc(slices.Values(l.wait), func(x, y *Item) int { return int(x.Conv - y.Conv) }) {
			e.giveUp(it)
		}
	}
}

// reenter lists the agent anew in all lanes.
func (e *Engine) reenter(a *Agent) {
	for _, s := range a.slots {
		l := s.lane
		if s.pos >= 0 {
			last := l.free[len(l.free)-1]
			l.free[s.pos], last.pos = last, s.pos
			l.free = l.free[:len(l.free)-1]
		}
		l.slots = slices.DeleteFunc(l.slots, func(x *slot) bool { return x == s })
	}
	a.slots = nil
	for _, name := range slices.Sorted(maps.Keys(e.lanes)) {
		e.enter(a, e.lanes[name])
	}
}

// abandon sends on what waits for this agent alone: he is not there.
func (e *Engine) abandon(a *Agent) {
	var theirs []*Item
	for _, l := range e.lanes {
		if l.only == a.ID {
			theirs = append(theirs, l.wait...)
		}
	}
	slices.SortFunc(theirs, func(x, y *Item) int { return int(x.Conv - y.Conv) })
	for _, it := range theirs {
		e.again(it)
	}
}

// addLoad changes the agent's load; negative units free capacity.
func (e *Engine) addLoad(a *Agent, units int) {
	a.load += units
	e.tellLoad(a)
	e.refresh(a)
}

func (e *Engine) tellLoad(a *Agent) {
	if !a.told {
		a.told = true
		e.moved = append(e.moved, a)
	}
}

func (e *Engine) refresh(a *Agent) {
	for _, s := range a.slots {
		e.setFree(s)
	}
}

// unload takes offers back from an agent who holds more than he can carry:
// SQL gave him something, or his capacity shrank.
func (e *Engine) unload(a *Agent) {
	for a.load > a.Capacity && len(a.offers) > 0 {
		e.takeBack(a.offers[len(a.offers)-1])
	}
}

// setQueue takes new settings: all that waits there is placed anew.
func (e *Engine) setQueue(q zongji.Queue) {
	e.queues[q.ID] = &q
	var theirs []*Item
	for _, l := range e.lanes {
		if l.queue == q.ID {
			theirs = append(theirs, l.wait...)
		}
	}
	slices.SortFunc(theirs, func(x, y *Item) int { return int(x.Conv - y.Conv) })
	for _, it := range theirs {
		e.leave(it)
	}
	for name, l := range e.lanes {
		if l.queue == q.ID {
			e.forget(l)
			delete(e.lanes, name)
		}
	}
	for _, it := range theirs {
		e.wait(it)
	}
}

// queue returns the queue's settings; defaults when it is not known yet.
func (e *Engine) queue(id int64) *zongji.Queue {
	q := e.queues[id]
	if q == nil {
		q = &zongji.Queue{ID: id}
		e.queues[id] = q
	}
	return q
}
