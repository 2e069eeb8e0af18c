package agentdesk

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"zongji/internal/zongji"
	"zongji/router/bus"
)

const (
	pingEvery  = 25 * time.Second
	pongWait   = 60 * time.Second // of silence end the socket
	checkEvery = 5 * time.Second  // sessions and scopes of open screens
	drainWait  = 3 * time.Second  // for screens to be told that this node stops
	cardLimit  = 1024             // offers whose cards wait to be made; beyond it they ring without messages
	noteLimit  = 1024             // typing notes that wait; beyond it they are dropped
	viewLimit  = 50_000           // conversations whose view is remembered for typing notes
	cardTail   = 5                // last messages on an offer's card
)

// hub knows the open screens of this node and gives each what it may see. live
// and typing are called in stream order and never wait: a screen that does not
// keep up is cut.
type hub struct {
	d      *Desk
	frames map[string]frame
	rings  chan zongji.Live // offers and their ends, in order
	notes  chan bus.TypingNote
	poke   chan struct{} // limit 1: check sessions and scopes now
	sat    chan struct{} // limit 1: somebody's first screen opened or last one closed
	wg     sync.WaitGroup

	mu      sync.Mutex
	screens map[*screen]struct{}
	seats   map[int64]int // open screens by user
	views   map[int64]zongji.View
	closed  bool
}

func newHub(d *Desk) *hub {
	h := &hub{d: d, frames: map[string]frame{}, rings: make(chan zongji.Live, cardLimit), notes: make(chan bus.TypingNote, noteLimit),
		poke: make(chan struct{}, 1), sat: make(chan struct{}, 1), screens: map[*screen]struct{}{}, seats: map[int64]int{}, views: map[int64]zongji.View{}}
	for _, f := range d.frames() {
		h.frames[f.T] = f
	}
	return h
}

// run serves until ctx ends; then each screen is told to go elsewhere.
func (h *hub) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, part := range []func(context.Context){h.pinger, h.checker, h.ringer, h.writer, h.presence} {
		wg.Go(func() { part(ctx) })
	}
	wg.Wait()
	h.d.draining.Store(true)
	h.mu.Lock()
	h.closed = true
	for s := range h.screens {
		s.push(encode(answer{"t": "moving", "retry_ms": rand.IntN(2000)}))
		s.cut(closeMoving, "moving")
	}
	h.mu.Unlock()
	done := make(chan struct{})
	go func() { h.wg.Wait(); close(done) }()
	late, stop := h.d.cfg.Clock.Timer(drainWait)
	defer stop()
	select {
	case <-done:
		return nil
	case <-late:
	}
	h.mu.Lock()
	for s := range h.screens {
		_ = s.ws.NetConn().Close() // ends its reader and writer
	}
	h.mu.Unlock()
	<-done
	return nil
}

// every calls fn at each interval until ctx ends.
func (h *hub) every(ctx context.Context, d time.Duration, early <-chan struct{}, fn func()) {
	for {
		c, stop := h.d.cfg.Clock.Timer(d)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-early:
		case <-c:
		}
		stop()
		fn()
	}
}

func (h *hub) pinger(ctx context.Context) {
	h.every(ctx, pingEvery, nil, func() {
		for _, s := range h.list() {
			s.ping()
		}
	})
}

// checker ends screens whose session ended and refreshes what each may see.
func (h *hub) checker(ctx context.Context) {
	h.every(ctx, checkEvery, h.poke, func() {
		for _, s := range h.list() {
			s.recheck(ctx)
		}
	})
}

// check asks for a look at sessions and scopes now.
func (h *hub) check() {
	select {
	case h.poke <- struct{}{}:
	default:
	}
}

func (h *hub) list() []*screen {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*screen, 0, len(h.screens))
	for s := range h.screens {
		out = append(out, s)
	}
	return out
}

func (h *hub) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.screens)
}

// enter adds a screen that said hello. Events wait in it until it resumed.
// The same tab elsewhere is cut. False when this node stops.
func (h *hub) enter(s *screen) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	for o := range h.screens {
		if s.tab != "" && o.tab == s.tab && o.user == s.user {
			o.cut(closeReplaced, "replaced")
		}
	}
	h.screens[s] = struct{}{}
	h.seat(s.user, +1)
	return true
}

func (h *hub) leave(s *screen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.screens[s]; ok {
		delete(h.screens, s)
		h.seat(s.user, -1)
	}
}

// seat counts a user's screens and tells them.
func (h *hub) seat(user int64, n int) {
	h.seats[user] += n
	left := h.seats[user]
	if left == 0 {
		delete(h.seats, user)
	}
	select {
	case h.sat <- struct{}{}:
	default:
	}
	b := encode(answer{"t": "seats", "seats": left})
	for s := range h.screens {
		if s.user == user {
			s.give(b)
		}
	}
}

// presence tells the router whose first screen opened and whose last one
// closed. It does so alone and outside the lock: the router asks SQL and bus.
func (h *hub) presence(ctx context.Context) {
	told := map[int64]bool{}
	for {
		select {
		case <-ctx.Done():
			return // the router's own end makes them leave
		case <-h.sat:
		}
		h.mu.Lock()
		now := maps.Clone(h.seats)
		h.mu.Unlock()
		for user := range now {
			if !told[user] {
				told[user] = true
				h.d.cfg.Router.Present(ctx, user)
			}
		}
		for user := range told {
			if now[user] == 0 {
				delete(told, user)
				h.d.cfg.Router.Absent(ctx, user)
			}
		}
	}
}

// know remembers a conversation's view for typing notes.
func (h *hub) know(conv int64, v zongji.View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remember(conv, v)
}

func (h *hub) remember(conv int64, v zongji.View) {
	if len(h.views) >= viewLimit {
		clear(h.views)
	}
	h.views[conv] = v
}

func (h *hub) view(conv int64) (zongji.View, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.views[conv]
	return v, ok
}

// live gives one entry of the stream to the screens that may see it.
func (h *hub) live(l zongji.Live) {
	if l.Config == "users" || l.Config == "queues" {
		h.d.people.forget()
		h.check()
	}
	if l.Offer != nil || l.OfferEnd != nil {
		select {
		case h.rings <- l:
		default: // a screen asks for its offers again when it reconnects
			h.d.log.Warn("offer not shown: too many wait", "limit", cardLimit)
		}
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.Event != nil {
		h.remember(l.Event.Conv, l.Event.After)
	}
	enc := encoded{l: l}
	for s := range h.screens {
		if s.resuming {
			s.hold(l)
		} else if b := enc.For(s); b != nil {
			s.push(b)
		}
	}
}

// encoded is one entry, encoded at most once for those who see it and once for
// those it leaves.
type encoded struct {
	l          zongji.Live
	full, gone []byte
}

// For returns the frame that s is told, nil for none.
func (e *encoded) For(s *screen) []byte {
	scope := s.me.Scope
	switch l := e.l; {
	case l.Event != nil:
		if !s.me.Role.May(zongji.PermDesk) {
			return nil
		}
		if scope.Sees(l.Event.After) {
			return first(&e.full, func() any { return answer{"t": "event", "pos": l.Pos, "event": l.Event} })
		}
		if scope.Sees(l.Event.Before) {
			return first(&e.gone, func() any { return answer{"t": "gone", "pos": l.Pos, "conv": l.Event.Conv, "rev": l.Event.Rev} })
		}
	case l.Agent != nil:
		own := l.Agent.User == s.user || l.Agent.Team != 0 && slices.Contains(scope.Teams, l.Agent.Team)
		if own || s.me.Role.May(zongji.PermWall) {
			return first(&e.full, func() any { return answer{"t": "agent", "pos": l.Pos, "status": l.Agent} })
		}
	case l.Config != "":
		return first(&e.full, func() any { return answer{"t": "config", "pos": l.Pos, "what": l.Config} })
	}
	return nil
}

// first encodes when nobody did before.
func first(b *[]byte, make func() any) []byte {
	if *b == nil {
		*b = encode(make())
	}
	return *b
}

// card is what a pop-up shows of the conversation.
type card struct {
	Row      zongji.Conversation `json:"row"`
	Messages []zongji.Message    `json:"messages"`
	Why      string              `json:"why,omitempty"`
}

// ringer shows offers to their agents, with a card from SQL. One goroutine, so
// that an offer comes before its end.
func (h *hub) ringer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-h.rings:
			h.ring(ctx, l)
		}
	}
}

func (h *hub) ring(ctx context.Context, l zongji.Live) {
	var agent int64
	var b []byte
	switch {
	case l.Offer != nil && l.Offer.Auto:
		return // taken in the agent's name: nothing to press
	case l.Offer != nil:
		agent = l.Offer.Agent
		if !h.seated(agent) {
			return
		}
		b = encode(answer{"t": "offer", "offer": l.Offer, "card": h.card(ctx, l.Offer.Conv)})
	default:
		agent = l.OfferEnd.Agent
		b = encode(answer{"t": "offer_end", "offer": l.OfferEnd.Offer, "conv": l.OfferEnd.Conv, "how": l.OfferEnd.How, "reason": l.OfferEnd.Reason})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.screens {
		if s.user == agent {
			s.give(b)
		}
	}
}

func (h *hub) seated(user int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[user] > 0
}

// card reads what an offer shows; an empty one when SQL is down, the offer
// still rings.
func (h *hub) card(ctx context.Context, conv int64) card {
	c := card{Messages: []zongji.Message{}}
	db := h.d.cfg.Store
	row, err := db.Conversation(ctx, conv)
	if err != nil {
		h.d.log.Warn("offer without card", "conv", conv, "err", err)
		c.Row.ID = conv
		return c
	}
	c.Row = row
	if msgs, err := db.Messages(ctx, conv, 0, row.LastSeq+1, cardTail); err == nil && msgs != nil {
		c.Messages = msgs
	}
	if evs, err := db.Events(ctx, conv, []zongji.EventKind{zongji.EvRouted, zongji.EvRequeued}, 20); err == nil && len(evs) > 0 {
		last := slices.MaxFunc(evs, func(a, b zongji.Event) int { return int(a.Rev - b.Rev) })
		c.Why = reasonOf(last)
	}
	return c
}

// typing takes one note; too many at once are not missed.
func (h *hub) typing(n bus.TypingNote) {
	select {
	case h.notes <- n:
	default:
	}
}

// writer tells screens who writes.
func (h *hub) writer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-h.notes:
			h.wrote(ctx, n)
		}
	}
}

func (h *hub) wrote(ctx context.Context, n bus.TypingNote) {
	if h.size() == 0 {
		return
	}
	v, ok := h.view(n.Conv)
	if !ok {
		c, err := h.d.cfg.Store.Conversation(ctx, n.Conv)
		if err != nil {
			return // a note of what cannot be read is not missed
		}
		v = c.View()
		h.know(n.Conv, v)
	}
	b := encode(answer{"t": "typing", "conv": n.Conv, "from": n.From, "name": n.Name, "on": n.On, "text": n.Text})
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.screens {
		if s.user != n.User && s.me.Role.May(zongji.PermDesk) && s.me.Scope.Sees(v) {
			s.give(b)
		}
	}
}
