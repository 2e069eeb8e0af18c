package router

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zongji/internal/zongji"
	"zongji/router/bus"
)

const (
	ringSize   = 8192                // entries that a reconnecting screen may be behind without asking the bus
	tailMax    = 512                 // entries read at once
	tailWait   = time.Second         // longest wait for the first
	resumeMax  = 8192                // entries that a resume reads from the bus before it is a snapshot
	seenSize   = 16384               // event ids remembered, so that SQL and stream together tell each once
	overlap    = 5 * zongji.Ms(1000) // how far SQL is read again: commits of other nodes may come late
	sqlTail    = time.Second         // how often SQL is read while the bus is down
	endedSize  = 1024                // ended offers remembered, to tell the loser who has it
	busTimeout = 2 * time.Second     // one call of the bus on somebody's behalf
	markLimit  = 65536               // published ids that wait to be marked
	markEvery  = 200 * time.Millisecond
	markBatch  = 4096
)

// feed tails the event stream for this node: it keeps a ring for resuming
// screens and what can be known from events (who holds and who waits), and
// calls the listeners in order. While the bus is down it reads SQL.
type feed struct {
	r    *Router
	lag  atomic.Int64 // ms
	down atomic.Bool

	calls     sync.Mutex // one listener call at a time
	listeners []func(zongji.Live)
	typists   []func(bus.TypingNote)

	mu       sync.Mutex
	pos      string
	ring     []zongji.Live
	at       zongji.Ms // of the newest event seen
	seen     window
	statuses map[int64]zongji.AgentStatus
	live     map[int64]held // conversations that wait or are held
	loads    map[int64]load
	waiting  map[int64]int // by queue
	offers   map[int64]zongji.Offer
	ended    window
	endedAt  map[int64]int64 // offer → conversation
	handling map[int64]float64
}

type held struct {
	rev    int64
	status zongji.Status
	queue  int64
	owner  int64
	units  int
}

type load struct{ units, chats int }

func newFeed(r *Router) *feed {
	return &feed{r: r, seen: newWindow(seenSize), ended: newWindow(endedSize), endedAt: map[int64]int64{},
		statuses: map[int64]zongji.AgentStatus{}, live: map[int64]held{}, loads: map[int64]load{}, waiting: map[int64]int{},
		offers: map[int64]zongji.Offer{}, handling: map[int64]float64{}}
}

// Listen adds a listener of the event stream. Call it before Run. fn is
// called in stream order and must not block. Entries without Pos are of this
// node alone: the load of an agent, or events read from SQL.
func (r *Router) Listen(fn func(zongji.Live)) { r.feed.listeners = append(r.feed.listeners, fn) }

// OnTyping adds a listener of typing notes. Call it before Run; fn must not
// block.
func (r *Router) OnTyping(fn func(bus.TypingNote)) { r.feed.typists = append(r.feed.typists, fn) }

// Head returns the position of the newest entry this node has seen.
func (r *Router) Head(context.Context) string {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	return r.feed.pos
}

// Range returns what stands after pos, and where it ends. bus.ErrGone means
// that the screen must take a snapshot.
func (r *Router) Range(ctx context.Context, pos string) ([]zongji.Live, string, error) {
	f := r.feed
	f.mu.Lock()
	head := f.pos
	i := slices.IndexFunc(f.ring, func(l zongji.Live) bool { return l.Pos == pos })
	var evs []zongji.Live
	if i >= 0 {
		evs = slices.Clone(f.ring[i+1:])
	}
	f.mu.Unlock()
	switch {
	case pos == "" || f.down.Load():
		return nil, head, bus.ErrGone
	case pos == head, i >= 0:
		return evs, head, nil
	}
	return r.rangeBus(ctx, pos)
}

func (r *Router) rangeBus(ctx context.Context, pos string) ([]zongji.Live, string, error) {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	var all []zongji.Live
	for len(all) < resumeMax {
		evs, head, err := r.bus.Stream.Tail(ctx, pos, tailMax, 0)
		if err != nil {
			return nil, r.Head(ctx), bus.ErrGone
		}
		all, pos = append(all, evs...), head
		if len(evs) < tailMax {
			return all, pos, nil
		}
	}
	return nil, r.Head(ctx), bus.ErrGone
}

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

// start finds out where the stream is now and what SQL knows.
func (f *feed) start(ctx context.Context) error {
	if pos, err := f.r.bus.Stream.Head(ctx); err != nil {
		f.down.Store(true)
	} else {
		f.pos = pos
	}
	f.at = f.r.now()
	if err := f.resync(ctx); err != nil {
		return err
	}
	f.resyncOffers(ctx)
	return nil
}

func (f *feed) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.mu.Lock()
		pos := f.pos
		f.mu.Unlock()
		evs, head, err := f.r.bus.Stream.Tail(ctx, pos, tailMax, tailWait)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, bus.ErrGone):
			f.restart(ctx)
		case err != nil:
			if !f.down.Swap(true) {
				f.r.log.Warn("bus is down: events are read from SQL", "err", err)
			}
			f.catchUp(ctx)
			if !f.r.sleep(ctx, sqlTail) {
				return
			}
		default:
			if f.down.Swap(false) {
				f.r.log.Info("bus is back")
				f.catchUp(ctx)
				f.r.presence.poke()
			}
			for _, l := range evs {
				f.take(l)
			}
			f.mu.Lock()
			f.pos = head
			f.mu.Unlock()
		}
	}
}

// restart goes on at the head of a new stream after the old one was lost,
// and reads from SQL what was missed meanwhile.
func (f *feed) restart(ctx context.Context) {
	f.r.log.Warn("event stream was lost: going on at the new one")
	head, err := f.r.bus.Stream.Head(ctx)
	if err != nil {
		f.r.sleep(ctx, sqlTail/4)
		return
	}
	f.down.Store(false)
	f.mu.Lock()
	f.pos, f.ring = head, nil
	gone := f.offers
	f.offers = map[int64]zongji.Offer{}
	f.mu.Unlock()
	for _, o := range gone {
		f.tell(zongji.Live{OfferEnd: &zongji.OfferEnd{Offer: o.ID, Conv: o.Conv, Agent: o.Agent, Queue: o.Queue, How: "withdrawn", Reason: "bus"}})
	}
	f.r.presence.poke()
	f.catchUp(ctx)
	f.resyncOffers(ctx)
	f.r.resumeVisitors()
}

// catchUp reads from SQL what this node has not seen.
func (f *feed) catchUp(ctx context.Context) {
	f.mu.Lock()
	at, id := f.at-overlap, int64(0)
	f.mu.Unlock()
	for ctx.Err() == nil {
		evs, err := f.r.db.EventsAfter(ctx, at, id, tailMax)
		if err != nil {
			f.r.log.Warn("events not read from SQL", "err", err)
			return
		}
		for i := range evs {
			f.take(zongji.Live{Event: &evs[i]})
			at, id = evs[i].At, evs[i].ID
		}
		if len(evs) < tailMax {
			return
		}
	}
}

// take notes one entry and tells the listeners, unless it is known.
func (f *feed) take(l zongji.Live) {
	f.mu.Lock()
	fresh, agents := f.note(&l)
	if l.Pos != "" {
		if len(f.ring) >= 2*ringSize {
			f.ring = slices.Clone(f.ring[ringSize:])
		}
		f.ring = append(f.ring, l)
		f.pos = l.Pos
	}
	b := f.r.book.Load()
	var statuses []zongji.AgentStatus
	for _, id := range agents {
		statuses = append(statuses, f.status(b, id))
	}
	f.mu.Unlock()
	if fresh {
		f.tell(l)
	}
	for i := range statuses {
		f.tell(zongji.Live{Agent: &statuses[i]})
	}
}

// tell calls the listeners and the visitors' sockets.
func (f *feed) tell(l zongji.Live) {
	f.calls.Lock()
	defer f.calls.Unlock()
	for _, fn := range f.listeners {
		fn(l)
	}
	if l.Event != nil {
		f.r.toVisitor(l.Event)
	}
}

// local is take for what did not come through the stream.
func (f *feed) local(l zongji.Live) { f.take(l) }

// note keeps what an entry says. It reports whether it is news, and the
// agents whose load it changed. f.mu is held.
func (f *feed) note(l *zongji.Live) (fresh bool, agents []int64) {
	switch {
	case l.Event != nil:
		return f.noteEvent(l.Event)
	case l.Offer != nil:
		f.offers[l.Offer.ID] = *l.Offer
	case l.OfferEnd != nil:
		delete(f.offers, l.OfferEnd.Offer)
		f.noteEnded(l.OfferEnd)
	case l.Agent != nil:
		f.statuses[l.Agent.User] = *l.Agent
		st := f.status(f.r.book.Load(), l.Agent.User)
		l.Agent = &st
	case l.Config != "":
		poke(f.r.reload)
	}
	return true, nil
}

func (f *feed) noteEvent(ev *zongji.Event) (fresh bool, agents []int64) {
	if !f.seen.add(ev.ID) {
		return false, nil
	}
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

func (f *feed) noteEnded(e *zongji.OfferEnd) {
	if old := f.ended.push(e.Offer); old != 0 {
		delete(f.endedAt, old)
	}
	f.endedAt[e.Offer] = e.Conv
}

// noteRow follows who holds and who waits; a row older than the known one
// changes nothing.
func (f *feed) noteRow(c *zongji.Conversation) (agents []int64) {
	old, known := f.live[c.ID]
	if known && old.rev > c.Rev {
		return nil
	}
	now := held{c.Rev, c.Status, c.Queue, c.Owner, c.Units}
	if known {
		f.count(old, -1)
	}
	if c.Status.Holds() || c.Status == zongji.StatusQueued {
		f.live[c.ID] = now
		f.count(now, +1)
	} else {
		delete(f.live, c.ID)
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
	for id, st := range states {
		old := f.statuses[id]
		st.Online = old.Online
		if st.Since >= old.Since {
			f.statuses[id] = st
		}
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
			s := f.statuses[id]
			s.Online = true
			f.statuses[id] = s
		}
	}
}

// publish tells all screens what was committed for one conversation. It
// never fails the caller: what is not published now, reconcile publishes.
func (r *Router) publish(ctx context.Context, c *zongji.Conversation, evs []zongji.Event) {
	if len(evs) == 0 || r.feed.down.Load() {
		return
	}
	lives := make([]zongji.Live, len(evs))
	for i := range evs {
		if evs[i].Row == nil {
			evs[i].Row = c
		}
		lives[i].Event = &evs[i]
	}
	if err := r.publishLive(ctx, lives...); err != nil {
		r.log.Debug("events left for reconcile", "conv", c.ID, "err", err)
		return
	}
	r.mark(evs)
}

func (r *Router) publishLive(ctx context.Context, lives ...zongji.Live) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	return r.bus.Stream.Publish(ctx, lives...)
}

// mark remembers that events were published, to say so to SQL in batches.
func (r *Router) mark(evs []zongji.Event) {
	for i := range evs {
		select {
		case r.marks <- evs[i].ID:
		default:
			r.metrics.dropped.WithLabelValues("mark").Inc()
		}
	}
}

// runMarks writes the marks of published events.
func (r *Router) runMarks(ctx context.Context) {
	for r.sleep(ctx, markEvery) {
		r.writeMarks(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	r.writeMarks(last)
}

func (r *Router) writeMarks(ctx context.Context) {
	var ids []int64
	for {
		select {
		case id := <-r.marks:
			ids = append(ids, id)
			if len(ids) < markBatch {
				continue
			}
		default:
		}
		if len(ids) == 0 {
			return
		}
		if err := r.db.MarkPublished(ctx, ids); err != nil {
			r.log.Debug("published events not marked", "err", err)
			return
		}
		ids = ids[:0]
	}
}

// hearTyping passes typing notes on until ctx ends.
func (r *Router) hearTyping(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.bus.Typing.Hear(ctx, func(n bus.TypingNote) {
			for _, fn := range r.feed.typists {
				fn(n)
			}
			r.typingToVisitor(n)
		})
		if err != nil && !r.sleep(ctx, sqlTail) {
			return
		}
	}
}

// window remembers the last n ids.
type window struct {
	ids  []int64
	next int
	has  map[int64]bool
}

func newWindow(n int) window { return window{ids: make([]int64, n), has: make(map[int64]bool, n)} }

// add remembers id; false when it is remembered already.
func (w *window) add(id int64) bool {
	if w.has[id] {
		return false
	}
	w.push(id)
	return true
}

// push remembers id and returns the one that it replaces, 0 if none.
func (w *window) push(id int64) int64 {
	old := w.ids[w.next]
	delete(w.has, old)
	w.ids[w.next], w.has[id] = id, true
	w.next = (w.next + 1) % len(w.ids)
	return old
}
