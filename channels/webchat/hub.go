package webchat

import (
	"slices"
	"sync"

	"zongji/internal/zongji"
)

// hub knows the sockets of this node by visitor.
type hub struct {
	mu     sync.Mutex
	shut   bool // no socket may enter any more
	socks  map[*socket]struct{}
	guests map[string]*guest // by thread
	convs  map[int64]*guest  // by the conversation they are in
}

// guest is a visitor with at least one socket here. All fields belong to the
// hub's lock.
type guest struct {
	thread  string
	socks   []*socket
	conv    int64
	status  string
	place   int // as last told; 0 = not yet
	waitS   int
	typed   bool // what was last said about the agent's typing
	typedAt zongji.Ms
}

func newHub() *hub {
	return &hub{socks: map[*socket]struct{}{}, guests: map[string]*guest{}, convs: map[int64]*guest{}}
}

// enter registers a socket that has not said hello and counts it with add;
// false when shut.
func (h *hub) enter(s *socket, add func(int)) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.shut {
		h.socks[s] = struct{}{}
		add(1)
	}
	return !h.shut
}

// join makes s a socket of a visitor; from now on it is told everything. The
// socket of the same tab, if any, is returned: it is replaced.
func (h *hub) join(s *socket, thread, tab string) (old *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.guests[thread]
	if g == nil {
		g = &guest{thread: thread}
		h.guests[thread] = g
	}
	if i := slices.IndexFunc(g.socks, func(o *socket) bool { return tab != "" && o.tab == tab }); i >= 0 {
		old = g.socks[i]
		g.socks = slices.Delete(g.socks, i, i+1)
	}
	s.tab, s.guest = tab, g
	g.socks = append(g.socks, s)
	return old
}

func (h *hub) leave(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.socks, s)
	g := s.guest
	if g == nil {
		return
	}
	g.socks = slices.DeleteFunc(g.socks, func(o *socket) bool { return o == s })
	if len(g.socks) == 0 && h.guests[g.thread] == g {
		delete(h.guests, g.thread)
		if h.convs[g.conv] == g {
			delete(h.convs, g.conv)
		}
	}
}

// bind says which conversation a visitor is in. status "" leaves it.
func (h *hub) bind(g *guest, conv int64, status string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bindLocked(g, conv, status)
}

func (h *hub) bindLocked(g *guest, conv int64, status string) {
	if g.conv != conv {
		if h.convs[g.conv] == g {
			delete(h.convs, g.conv)
		}
		g.conv, g.status = conv, ""
		if conv != 0 {
			h.convs[conv] = g
		}
	}
	if status != "" && status != g.status {
		g.status, g.place, g.waitS = status, 0, 0
	}
}

// conv returns the conversation of a visitor, 0 when he has none.
func (h *hub) conv(g *guest) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return g.conv
}

// deliver tells the sockets of the event's visitor; it reports whether he
// just began to wait.
func (h *hub) deliver(ev zongji.VisitorEvent) (waits bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.guests[ev.Thread]
	if g == nil {
		g = h.convs[ev.Conv]
	}
	if g == nil {
		return false
	}
	was := g.status
	if g.conv == ev.Conv || g.conv == 0 || ev.Status != "ended" {
		h.bindLocked(g, ev.Conv, ev.Status)
	}
	g.push(encode(eventFrame{"event", ev}))
	return g.status == waiting && was != waiting
}

// typing tells a visitor that somebody writes, and not more often than needed.
func (h *hub) typing(now zongji.Ms, conv int64, name string, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.convs[conv]
	if g == nil || g.typed == on && now.Sub(g.typedAt) < typeEvery {
		return
	}
	g.typed, g.typedAt = on, now
	g.push(encode(typingNote{"typing", name, on}))
}

// push queues one frame for each socket; it never blocks.
func (g *guest) push(frame []byte) {
	for _, s := range g.socks {
		s.push(frame)
	}
}

// waiting is the status of a visitor in a queue.
const waiting = "waiting"

// waits returns the conversations that wait; fresh: only those not yet told.
func (h *hub) waits(fresh bool) []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var convs []int64
	for conv, g := range h.convs {
		if g.status == waiting && (!fresh || g.place == 0) {
			convs = append(convs, conv)
		}
	}
	return convs
}

// placed tells a waiting visitor his place if it changed.
func (h *hub) placed(conv int64, place, waitS int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.convs[conv]
	if g == nil || g.status != waiting || place == 0 || g.place == place && g.waitS == waitS {
		return
	}
	g.place, g.waitS = place, waitS
	g.push(encode(placeFrame{T: "place", Place: place, WaitS: waitS}))
}

// each calls fn for every socket. fn must not block.
func (h *hub) each(fn func(*socket)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.socks {
		fn(s)
	}
}

// close lets nobody in from now on.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut = true
}
