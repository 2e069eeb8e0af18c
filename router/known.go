package router

import (
	"context"
	"slices"

	"zongji/internal/zongji"
)

const (
	seenSize  = 16384 // event ids remembered, so that SQL and stream together tell each once
	overSize  = 4096  // conversations remembered that are over, so that a late event does not bring them back
	endedSize = 1024  // ended offers remembered, to tell the loser who has it
)

type held struct {
	rev    int64
	epoch  int64
	status zongji.Status
	queue  int64
	owner  int64
	units  int
}

type load struct{ units, chats int }

// OffersOf returns the offers that stand for an agent, oldest first.
func (r *Router) OffersOf(agent int64) []zongji.Offer {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []zongji.Offer
	for _, o := range f.offers {
		if o.Agent == agent {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b zongji.Offer) int { return int(a.ID - b.ID) })
	return out
}

// Statuses returns the status of each agent.
func (r *Router) Statuses() map[int64]zongji.AgentStatus {
	b, f := r.book.Load(), r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[int64]zongji.AgentStatus, len(b.users))
	for id := range b.users {
		out[id] = f.status(b, id)
	}
	return out
}

// status returns an agent's status as this node knows it. f.mu is held.
func (f *feed) status(b *book, id int64) zongji.AgentStatus {
	st, u, l := f.statuses[id], b.users[id], f.loads[id]
	st.User, st.Team, st.Capacity, st.Load, st.Chats = id, u.Team, u.Capacity, l.units, l.chats
	if st.State == "" {
		st.State = zongji.AgentOffline
	}
	return st
}

// statusOf is status for one agent.
func (r *Router) statusOf(id int64) zongji.AgentStatus {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	return r.feed.status(r.book.Load(), id)
}

// note keeps what an entry says. It reports whether it is news, and the
// agents whose load it changed. f.mu is held.
func (f *feed) note(l *zongji.Live) (fresh bool, agents []int64) {
	switch {
	case l.Event != nil:
		return f.noteEvent(l.Event)
	case l.Offer != nil:
		if f.live[l.Offer.Conv].epoch > l.Offer.Epoch {
			return false, nil // decided already
		}
		f.offers[l.Offer.ID] = *l.Offer
	case l.OfferEnd != nil:
		delete(f.offers, l.OfferEnd.Offer)
		f.ended.put(l.OfferEnd.Offer, l.OfferEnd.Conv)
	case l.Agent != nil:
		f.learn(*l.Agent)
		st := f.status(f.r.book.Load(), l.Agent.User)
		l.Agent = &st
	case l.Config != "":
		poke(f.r.reload)
	}
	return true, nil
}

// learn joins what is told of an agent with what is known. His state and his
// presence come from different sides in no order: of each the newer holds.
// f.mu is held.
func (f *feed) learn(st zongji.AgentStatus) {
	old := f.statuses[st.User]
	if st.Since < old.Since {
		st.State, st.Reason, st.Since = old.State, old.Reason, old.Since
	}
	if st.Seen < old.Seen {
		st.Online, st.Seen = old.Online, old.Seen
	}
	f.statuses[st.User] = st
}

func (f *feed) noteEvent(ev *zongji.Event) (fresh bool, agents []int64) {
	if _, known := f.seen.has[ev.ID]; known {
		return false, nil
	}
	f.seen.put(ev.ID, struct{}{})
	if ev.At > f.at {
		f.at = ev.At
	}
	f.lag.Store(int64(f.r.now() - ev.At))
	c := ev.Row
	if c == nil {
		return true, nil
	}
	if (ev.Kind == zongji.EvWrapup || ev.Kind == zongji.EvClosed) && ev.Before.Status == zongji.StatusAssigned && c.AssignedAt != 0 {
		f.noteHandling(c.Queue, ev.At.Sub(c.AssignedAt))
	}
	return true, f.noteRow(c)
}

// noteRow follows who holds and who waits; a row older than the known one
// changes nothing.
func (f *feed) noteRow(c *zongji.Conversation) (agents []int64) {
	old, known := f.live[c.ID]
	if old.rev > c.Rev || f.over.has[c.ID] > c.Rev {
		return nil
	}
	if old.epoch != c.Epoch {
		f.decided(c)
	}
	now := held{c.Rev, c.Epoch, c.Status, c.Queue, c.Owner, c.Units}
	if known {
		f.count(old, -1)
	}
	if c.Status.Holds() || c.Status == zongji.StatusQueued {
		f.live[c.ID] = now
		f.count(now, +1)
	} else {
		delete(f.live, c.ID)
		f.over.put(c.ID, c.Rev)
	}
	a, b := old.holder(), now.holder()
	if a == b && old.units == now.units {
		return nil
	}
	for _, id := range []int64{a, b} {
		if id != 0 && !slices.Contains(agents, id) {
			agents = append(agents, id)
		}
	}
	return agents
}

// decided ends the offers of an older epoch: SQL has decided, whatever the
// engine has not heard yet.
func (f *feed) decided(c *zongji.Conversation) {
	for id, o := range f.offers {
		if o.Conv == c.ID && o.Epoch < c.Epoch {
			delete(f.offers, id)
			f.ended.put(id, c.ID)
		}
	}
}

func (h held) holder() int64 {
	if h.status.Holds() {
		return h.owner
	}
	return 0
}

func (f *feed) count(h held, by int) {
	if h.status == zongji.StatusQueued {
		f.waiting[h.queue] += by
	}
	if id := h.holder(); id != 0 {
		l := f.loads[id]
		l.units, l.chats = l.units+by*h.units, l.chats+by
		f.loads[id] = l
	}
}

// resync replaces what was learned from events by what SQL says.
func (f *feed) resync(ctx context.Context) error {
	f.mu.Lock()
	before := make(map[int64]int64, len(f.live))
	for id, h := range f.live {
		before[id] = h.rev
	}
	f.mu.Unlock()
	rows, err := f.r.db.LiveConversations(ctx)
	if err != nil {
		return err
	}
	states, err := f.r.db.AgentStates(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range rows {
		f.noteRow(&rows[i])
		delete(before, rows[i].ID)
	}
	for id, rev := range before {
		if h := f.live[id]; h.rev == rev { // not live in SQL, and nothing newer came
			f.count(h, -1)
			delete(f.live, id)
		}
	}
	for _, st := range states {
		f.learn(st)
	}
	return nil
}

// resyncOffers reads the standing offers from the mirror.
func (f *feed) resyncOffers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	st, err := f.r.bus.Pool.State(ctx, f.r.cfg.Pool)
	alive, aerr := f.r.bus.Presence.Alive(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		for _, o := range st.Offers {
			f.offers[o.ID] = o
		}
	}
	if aerr == nil {
		for id := range alive {
			f.learn(zongji.AgentStatus{User: id, Online: true, Seen: f.r.now()})
		}
	}
}

// recent remembers something of the last n ids.
type recent[V any] struct {
	ids  []int64
	next int
	has  map[int64]V
}

func newRecent[V any](n int) recent[V] {
	return recent[V]{ids: make([]int64, n), has: make(map[int64]V, n)}
}

// put remembers v of id; the oldest id is forgotten for a new one.
func (r *recent[V]) put(id int64, v V) {
	if _, known := r.has[id]; !known {
		delete(r.has, r.ids[r.next])
		r.ids[r.next] = id
		r.next = (r.next + 1) % len(r.ids)
	}
	r.has[id] = v
}
