package engine

import (
	"cmp"
	"container/heap"
	"slices"

	"zongji/internal/zongji"
)

// offer is one question to one agent. It takes his capacity while it stands.
type offer struct {
	zongji.Offer
	item  *Item
	agent *Agent
}

// propose asks the best free agents of the item's lane: one, or as many as
// its queue broadcasts to.
func (e *Engine) propose(it *Item) {
	q, l := e.queue(it.Demand.Queue), it.lane
	best := e.best(it, l, max(1, q.Broadcast))
	why := e.candidates(it, l, best)
	e.leave(it)
	it.state = offered
	until := e.now + zongji.Ms(cmp.Or(q.OfferS, defaultOfferS))*1000
	for _, a := range best {
		o := &offer{item: it, agent: a, Offer: zongji.Offer{
			ID: e.cfg.NewID(), Conv: it.Conv, Epoch: it.Epoch, Agent: a.ID, Queue: q.ID, Units: it.Units,
			At: e.now, Until: until, Auto: q.AutoAccept,
		}}
		e.stand(o)
		e.emit(Event{Kind: Offered, Offer: o.Offer, Conv: it.Conv, Queue: q.ID, Agent: a.ID, Candidates: why})
	}
}

// stand makes the offer stand.
func (e *Engine) stand(o *offer) {
	o.item.offers = append(o.item.offers, o)
	o.agent.offers = append(o.agent.offers, o)
	e.offers[o.ID] = o
	e.at(o.Until, timer{kind: offerTimer, id: o.ID})
	e.addLoad(o.agent, o.Units)
}

// better orders agents for one item: affinity within its time, levels in the
// skills that count, load share, longest idle, id.
func (e *Engine) better(it *Item, x, y *slot) int {
	a, b := x.agent, y.agent
	if fond := it.Demand.Affinity; fond != 0 && e.now-it.QueuedAt < zongji.Ms(it.Demand.AffinityS)*1000 && (a.ID == fond) != (b.ID == fond) {
		if a.ID == fond {
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(y.skill, x.skill),
		cmp.Compare(a.load*b.Capacity, b.load*a.Capacity),
		cmp.Compare(a.since, b.since),
		cmp.Compare(a.ID, b.ID))
}

// best returns the n best free agents.
func (e *Engine) best(it *Item, l *lane, n int) []*Agent {
	if n == 1 {
		top := l.free[0]
		for _, s := range l.free[1:] {
			if e.better(it, s, top) < 0 {
				top = s
			}
		}
		return []*Agent{top.agent}
	}
	all := slices.Clone(l.free)
	slices.SortFunc(all, func(x, y *slot) int { return e.better(it, x, y) })
	out := []*Agent{}
	for _, s := range all[:min(n, len(all))] {
		out = append(out, s.agent)
	}
	return out
}

const (
	maxFitting = 10 // lines of a decision record that fit
	maxLooked  = 20 // agents that a decision record looks at
)

// candidates says of up to 20 agents why they were, or were not, asked: the
// chosen, others who are free, then the rest by id.
func (e *Engine) candidates(it *Item, l *lane, chosen []*Agent) []zongji.CandidateWhy {
	w := l.want
	w.held = nil
	for _, h := range it.held {
		w.held = append(w.held, h.agent)
	}
	out := make([]zongji.CandidateWhy, 0, maxLooked)
	add := func(a *Agent, why string) {
		c := zongji.CandidateWhy{Agent: a.ID, Fits: why == "", Why: why, Idle: max(0, int64(e.now-a.since)/1000)}
		if a.Capacity > 0 {
			c.Load = float64(a.load) / float64(a.Capacity)
		}
		out = append(out, c)
	}
	seen := func(a *Agent) bool {
		return slices.ContainsFunc(out, func(c zongji.CandidateWhy) bool { return c.Agent == a.ID })
	}
	for _, a := range chosen {
		if len(out) < maxFitting {
			add(a, "")
		}
	}
	for _, s := range l.free {
		if len(out) == maxFitting {
			break
		}
		if !seen(s.agent) {
			add(s.agent, "")
		}
	}
	looked := 0
	for _, a := range e.order {
		if looked == maxLooked || len(out) == maxLooked {
			break
		}
		if w.team != 0 && !slices.Contains(a.Teams, w.team) {
			continue
		}
		looked++
		if why := e.fits(&w, a); why != "" && !seen(a) {
			add(a, why)
		}
	}
	return out
}

// end ends one offer and gives its capacity back.
func (e *Engine) end(o *offer, how, why string) {
	delete(e.offers, o.ID)
	o.item.offers = slices.DeleteFunc(o.item.offers, func(x *offer) bool { return x == o })
	o.agent.offers = slices.DeleteFunc(o.agent.offers, func(x *offer) bool { return x == o })
	e.emit(Event{Kind: OfferEnded, Offer: o.Offer, Conv: o.Conv, Queue: o.Queue, Agent: o.Agent, Reason: how, Why: why})
	e.addLoad(o.agent, -o.Units)
}

// takeBack withdraws an offer through no fault of the conversation's: it
// waits again unless others are still asked.
func (e *Engine) takeBack(o *offer) {
	e.end(o, "withdrawn", "")
	if o.item.only == o.Agent && o.agent.idle() != "" {
		o.item.only = 0
	}
	if len(o.item.offers) == 0 {
		e.wait(o.item)
	}
}

// refuse goes on after an agent said no or nothing: the next one is asked,
// the age stays; after too many tries the fallback queue is named.
func (e *Engine) refuse(o *offer) {
	it := o.item
	it.only = 0
	it.tries++
	it.held = append(it.held, hold{o.Agent, e.now.Add(e.cfg.DeclineHold)})
	if len(it.offers) > 0 {
		return
	}
	if q := e.queue(it.Demand.Queue); q.MaxOffers > 0 && it.tries >= q.MaxOffers {
		it.tries = 0
		to := q.Fallback
		if to == q.ID {
			to = 0
		}
		if to != 0 {
			it.moving = e.now.Add(moveWait)
		}
		e.emit(Event{Kind: Fallback, Conv: it.Conv, Queue: to, Reason: "max_offers"})
	}
	e.wait(it)
}

// giveUp names the fallback queue, or nobody, when a conversation has been
// through all rings of its queue and no agent the engine knows, there or not,
// could ever serve it. Each queue gives up once; it goes on waiting meanwhile.
func (e *Engine) giveUp(it *Item) {
	q := e.queue(it.Demand.Queue)
	if it.ring < len(q.RingS) || it.only != 0 || it.moving > 0 || slices.Contains(it.given, q.ID) || it.lane.able() {
		return
	}
	if w := it.lane.want; len(w.held) > 0 {
		w.held = nil
		if slices.ContainsFunc(e.order, func(a *Agent) bool { return a.Capacity >= w.units && w.suits(a) == "" }) {
			return
		}
	}
	it.given = append(it.given, q.ID)
	to := q.Fallback
	if slices.Contains(it.given, to) {
		to = 0 // it came from there
	}
	e.emit(Event{Kind: Fallback, Conv: it.Conv, Queue: to, Reason: "nobody"})
}

// lapse ends an offer that nobody answered in time.
func (e *Engine) lapse(o *offer) {
	a := o.agent
	e.end(o, "lapsed", "")
	a.lapses++
	if a.lapses >= e.cfg.Lapses && a.State == zongji.AgentReady {
		a.State = zongji.AgentUnanswered
		e.emit(Event{Kind: Unanswered, Agent: a.ID})
		for _, other := range slices.Clone(a.offers) {
			e.takeBack(other)
		}
		e.abandon(a)
		e.refresh(a)
	}
	e.refuse(o)
}

type timerKind uint8

const (
	offerTimer timerKind = iota // an offer lapses
	ringTimer                   // an item's lane changes by time: ring, hold or move
)

type timer struct {
	at      zongji.Ms
	serial  int64
	kind    timerKind
	id      int64
	version int64
}

type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].serial < t[j].serial
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }

// Push is heap.Interface's.
func (t *timers) Push(x any) { *t = append(*t, x.(timer)) }

// Pop is heap.Interface's.
func (t *timers) Pop() any {
	n := len(*t) - 1
	x := (*t)[n]
	*t = (*t)[:n]
	return x
}

func (e *Engine) at(when zongji.Ms, t timer) {
	e.serial++
	t.at, t.serial = when, e.serial
	heap.Push(&e.timers, t)
}

// stale reports whether what the timer is about has changed since.
func (e *Engine) stale(t timer) bool {
	if t.kind == offerTimer {
		return e.offers[t.id] == nil
	}
	it := e.items[t.id]
	return it == nil || it.state != waiting || it.version != t.version
}

// due runs the timers up to now, in order; what they free is offered at the
// end of the step.
func (e *Engine) due() {
	for len(e.timers) > 0 && e.timers[0].at <= e.now {
		t := heap.Pop(&e.timers).(timer)
		switch {
		case e.stale(t):
		case t.kind == offerTimer:
			e.lapse(e.offers[t.id])
		default:
			e.again(e.items[t.id])
		}
	}
}

// Next returns when the next timer is due; 0 when none is.
func (e *Engine) Next() zongji.Ms {
	for len(e.timers) > 0 && e.stale(e.timers[0]) {
		heap.Pop(&e.timers)
	}
	if len(e.timers) == 0 {
		return 0
	}
	return e.timers[0].at
}
