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
	ringSize   = 4096                // entries that a reconnecting screen may be behind without asking the bus
	tailMax    = 512                 // entries read at once
	tailWait   = time.Second         // longest wait for the first
	overlap    = 5 * zongji.Ms(1000) // how far SQL is read again: commits of other nodes may come late
	sqlTail    = time.Second         // how often SQL is read while the bus is down
	busTimeout = 2 * time.Second     // one call of the bus on somebody's behalf
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

	order order // belongs to run

	mu       sync.Mutex
	pos      string
	ring     []zongji.Live
	at       zongji.Ms        // of the newest event seen
	seen     recent[struct{}] // events
	statuses map[int64]zongji.AgentStatus
	live     map[int64]held // conversations that wait or are held
	loads    map[int64]load
	waiting  map[int64]int // by queue
	over     recent[int64] // conversation that is neither → its rev
	offers   map[int64]zongji.Offer
	ended    recent[int64] // offer → conversation
	handling map[int64]float64
}

func newFeed(r *Router) *feed {
	return &feed{r: r, order: newOrder(), seen: newRecent[struct{}](seenSize), over: newRecent[int64](overSize), ended: newRecent[int64](endedSize),
		statuses: map[int64]zongji.AgentStatus{}, live: map[int64]held{}, loads: map[int64]load{}, waiting: map[int64]int{},
		offers: map[int64]zongji.Offer{}, handling: map[int64]float64{}}
}

// Listen adds a listener of the event stream. Call it before Run. fn is
// called in stream order, for the events of one conversation in the order of
// their revs, and must not block. Entries without Pos are of this
// node alone: the load of an agent, or events read from SQL.
func (r *Router) Listen(fn func(zongji.Live)) { r.feed.listeners = append(r.feed.listeners, fn) }

// OnTyping adds a listener of typing notes. Call it before Run; fn must not
// block.
func (r *Router) OnTyping(fn func(bus.TypingNote)) { r.feed.typists = append(r.feed.typists, fn) }

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
	for conv, h := range f.live { // who connects from now on reads what stands up to here
		f.order.told.put(conv, h.rev)
	}
	f.resyncOffers(ctx)
	return nil
}

func (f *feed) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.heal(ctx)
		f.mu.Lock()
		pos := f.pos
		f.mu.Unlock()
		evs, head, err := f.r.bus.Stream.Tail(ctx, pos, tailMax, f.order.wait())
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
				poke(f.r.presence.wake)
			}
			for _, l := range evs {
				f.takeInOrder(l, pos)
				pos = l.Pos
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
	poke(f.r.presence.wake)
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
			f.takeInOrder(zongji.Live{Event: &evs[i]}, "")
			at, id = evs[i].At, evs[i].ID
		}
		if len(evs) < tailMax {
			return
		}
	}
}

// heal tells from SQL what did not come in time: whose rev has come is
// committed, and so is all before it. Nothing is told before it is read: a
// customer's screen cannot see that something is missing, and resumes after
// the newest message that it has.
func (f *feed) heal(ctx context.Context) {
	for _, g := range f.order.overdue(f.r.now()) {
		evs, err := f.r.db.EventsBetween(ctx, g.conv, g.after, g.before, g.since)
		if err != nil {
			f.r.warn(ctx, "missing events not read from SQL", err)
			return
		}
		for i := range evs {
			f.takeInOrder(zongji.Live{Event: &evs[i]}, "")
		}
		for _, l := range f.order.release(g.conv, g.before) {
			f.tell(l)
		}
	}
}

// takeInOrder is take for entries of the stream: each conversation's events
// are told by rev. before is the position of the entry before l.
func (f *feed) takeInOrder(l zongji.Live, before string) {
	fresh, statuses := f.know(&l)
	if fresh {
		for _, l := range f.order.next(l, before, f.r.now()) {
			f.tell(l)
		}
	}
	f.tellAgents(statuses)
}

// take notes one entry of this node and tells the listeners, unless it is
// known.
func (f *feed) take(l zongji.Live) {
	fresh, statuses := f.know(&l)
	if fresh {
		f.tell(l)
	}
	f.tellAgents(statuses)
}

func (f *feed) tellAgents(statuses []zongji.AgentStatus) {
	for i := range statuses {
		f.tell(zongji.Live{Agent: &statuses[i]})
	}
}

// know keeps what an entry says. It reports whether it is news, and the
// statuses of agents whose load it changed.
func (f *feed) know(l *zongji.Live) (fresh bool, statuses []zongji.AgentStatus) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh, agents := f.note(l)
	if l.Pos != "" {
		if len(f.ring) >= 2*ringSize {
			f.ring = slices.Clone(f.ring[ringSize:])
		}
		f.ring = append(f.ring, *l)
		f.pos = l.Pos
	}
	b := f.r.book.Load()
	for _, id := range agents {
		statuses = append(statuses, f.status(b, id))
	}
	return fresh, statuses
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
