package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"zongji/internal/zongji"
)

const (
	keepEvents   = 4_096     // entries of the event stream: minutes of a usual hour, seconds of the busiest; who is further behind takes a snapshot
	keepCommands = 1_000_000 // commands nobody applied; a leader that far behind builds from SQL
	sweepEvery   = 1024      // writes of buckets between two sweeps of full ones
)

// memory is the live side of a single process.
type memory struct {
	clock  zongji.Clock
	stream *journal[zongji.Live]

	mu       sync.Mutex
	pools    map[string]*memPool
	leases   map[string]mortal
	buckets  map[string]*bucket
	presence map[int64]map[string]zongji.Ms
	hearers  map[*func(TypingNote)]struct{}
	writes   int
}

type mortal struct {
	value string
	until zongji.Ms
}

type bucket struct {
	tokens float64
	at     time.Time
	full   time.Time // when it is full again, and can be forgotten
}

type memPool struct {
	cmds    *journal[zongji.Command]
	cursor  string
	waiting map[int64]Waiting
	depths  map[int64]int
	offers  map[int64]zongji.Offer
}

// NewMemory returns a bus for one process. Its time is the real one, as
// Redis's is.
func NewMemory() *Bus {
	clock := zongji.Wall{}
	m := &memory{
		clock: clock, stream: newJournal[zongji.Live](clock, keepEvents),
		pools: map[string]*memPool{}, leases: map[string]mortal{},
		buckets: map[string]*bucket{}, presence: map[int64]map[string]zongji.Ms{}, hearers: map[*func(TypingNote)]struct{}{},
	}
	return &Bus{
		Kind: "memory", Detail: "one process",
		Lease: memLease{m}, Pool: memPools{m}, Offers: memOffers{m}, Stream: memStream{m}, Presence: memPresence{m},
		Bucket: memBucket{m}, Typing: memTyping{m},
		Ping:  func(context.Context) error { return nil },
		Flush: func(context.Context) error { m.flush(); return nil },
		Close: func() error { return nil },
	}
}

// pool expects the lock.
func (m *memory) pool(name string) *memPool {
	p := m.pools[name]
	if p == nil {
		p = &memPool{
			cmds: newJournal[zongji.Command](m.clock, keepCommands), waiting: map[int64]Waiting{},
			depths: map[int64]int{}, offers: map[int64]zongji.Offer{},
		}
		m.pools[name] = p
	}
	return p
}

// flush forgets everything; readers of streams get ErrGone.
func (m *memory) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stream.reset()
	for _, p := range m.pools {
		p.cmds.reset()
		p.cursor = ""
		clear(p.waiting)
		clear(p.depths)
		clear(p.offers)
	}
	clear(m.leases)
	clear(m.buckets)
	clear(m.presence)
}

// sweep forgets what ended, now and then. It expects the lock.
func (m *memory) sweep() {
	if m.writes++; m.writes%sweepEvery != 0 {
		return
	}
	now := m.clock.Now()
	maps.DeleteFunc(m.buckets, func(_ string, b *bucket) bool { return !b.full.After(now) })
}

// journal is an append-only list that keeps its newest entries and wakes
// whoever waits for the next.
type journal[T any] struct {
	clock zongji.Clock
	gen   string
	keep  int

	mu    sync.Mutex
	first int // position of items[0]
	items []T
	wake  chan struct{} // closed with the next entry; nil while nobody waits
}

func newJournal[T any](clock zongji.Clock, keep int) *journal[T] {
	return &journal[T]{clock: clock, gen: newGeneration(), keep: keep, first: 1}
}

// newGeneration returns a random name for a stream.
func newGeneration() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (j *journal[T]) pos(n int) string { return j.gen + "." + strconv.Itoa(n) }

func (j *journal[T]) add(items ...T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.items = append(j.items, items...)
	if len(j.items) > 2*j.keep { // copied once in keep entries: cheap, and readers never see a gap
		n := len(j.items) - j.keep
		j.items, j.first = slices.Clone(j.items[n:]), j.first+n
	}
	if j.wake != nil && len(items) > 0 {
		close(j.wake)
		j.wake = nil
	}
}

// reset empties the journal and begins a new generation.
func (j *journal[T]) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.gen, j.first, j.items = newGeneration(), 1, nil
	if j.wake != nil {
		close(j.wake)
		j.wake = nil
	}
}

// trim drops entries before the one at pos.
func (j *journal[T]) trim(pos string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n, ok := j.number(pos); ok && n-j.first > 1024 { // a copy for each step would cost more than it frees
		j.items, j.first = slices.Clone(j.items[n-j.first:]), n
	}
}

// number returns the position's number if it is known here.
func (j *journal[T]) number(pos string) (int, bool) {
	gen, id, _ := strings.Cut(pos, ".")
	n, err := strconv.Atoi(id)
	return n, err == nil && gen == j.gen && n >= j.first-1 && n < j.first+len(j.items)
}

func (j *journal[T]) head() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pos(j.first + len(j.items) - 1)
}

// read returns at most limit entries after pos ("" = all that stand) with the number of
// the first, waiting up to wait.
func (j *journal[T]) read(ctx context.Context, pos string, limit int, wait time.Duration) ([]T, int, error) {
	var timeout <-chan time.Time
	for {
		j.mu.Lock()
		n, ok := j.first-1, true
		if pos != "" {
			n, ok = j.number(pos)
		}
		if !ok {
			j.mu.Unlock()
			return nil, 0, ErrGone
		}
		if from := n + 1 - j.first; from < len(j.items) {
			out := j.items[from:min(len(j.items), from+limit)]
			j.mu.Unlock()
			return slices.Clip(out), n + 1, nil
		}
		if j.wake == nil {
			j.wake = make(chan struct{})
		}
		wake := j.wake
		j.mu.Unlock()
		if wait <= 0 {
			return nil, n + 1, nil
		}
		if timeout == nil {
			c, stop := j.clock.Timer(wait)
			defer stop()
			timeout = c
		}
		select {
		case <-wake:
		case <-timeout:
			return nil, n + 1, nil
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

type memLease struct{ *memory }

func (m memLease) Acquire(_ context.Context, pool, value string, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := zongji.NowMs(m.clock)
	if l := m.leases[pool]; l.value != value && l.until > now {
		return false, nil
	}
	m.leases[pool] = mortal{value, now.Add(ttl)}
	return true, nil
}

func (m memLease) Release(_ context.Context, pool, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases[pool].value == value {
		delete(m.leases, pool)
	}
	return nil
}

func (m memLease) Holder(_ context.Context, pool string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holder(pool), nil
}

// holder expects the lock.
func (m *memory) holder(pool string) string {
	if l := m.leases[pool]; l.until > zongji.NowMs(m.clock) {
		return l.value
	}
	return ""
}

type memPools struct{ *memory }

func (m memPools) cmds(pool string) *journal[zongji.Command] {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pool(pool).cmds
}

func (m memPools) Send(_ context.Context, pool string, cmds ...zongji.Command) error {
	m.cmds(pool).add(cmds...)
	return nil
}

func (m memPools) Commands(ctx context.Context, pool, after string, limit int, wait time.Duration) ([]Entry, error) {
	j := m.cmds(pool)
	cmds, n, err := j.read(ctx, after, limit, wait)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(cmds))
	for i, c := range cmds {
		out[i] = Entry{Pos: j.pos(n + i), Cmd: c}
	}
	return out, nil
}

func (m memPools) Commit(_ context.Context, pool string, c Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Lease == "" || m.holder(pool) != c.Lease {
		return ErrFenced
	}
	m.write(m.pool(pool), c)
	return nil
}

func (m memPools) Reset(_ context.Context, pool string, c Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Lease == "" || m.holder(pool) != c.Lease {
		return ErrFenced
	}
	p := m.pool(pool)
	clear(p.waiting)
	clear(p.depths)
	clear(p.offers)
	m.write(p, c)
	return nil
}

func (m memPools) write(p *memPool, c Commit) {
	leave := func(conv int64) {
		if w, ok := p.waiting[conv]; ok {
			delete(p.waiting, conv)
			if p.depths[w.Queue]--; p.depths[w.Queue] == 0 {
				delete(p.depths, w.Queue)
			}
		}
	}
	for _, w := range c.Put {
		leave(w.Conv)
		p.waiting[w.Conv] = w
		p.depths[w.Queue]++
	}
	for _, conv := range c.Gone {
		leave(conv)
	}
	for _, o := range c.Offers {
		p.offers[o.ID] = o
	}
	for _, id := range c.Ended {
		delete(p.offers, id)
	}
	if c.Cursor != "" {
		p.cursor = c.Cursor
		p.cmds.trim(c.Cursor)
	}
	m.stream.add(c.Events...)
}

func (m memPools) State(_ context.Context, pool string) (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pool(pool)
	return State{Cursor: p.cursor, Waiting: slices.Collect(maps.Values(p.waiting)), Offers: slices.Collect(maps.Values(p.offers))}.sorted(), nil
}

// sorted puts a mirror in the order of ids, so that two can be compared.
func (s State) sorted() State {
	slices.SortFunc(s.Waiting, func(a, b Waiting) int { return int(a.Conv - b.Conv) })
	slices.SortFunc(s.Offers, func(a, b zongji.Offer) int { return int(a.ID - b.ID) })
	return s
}

// rank is the order within a queue as one number: urgent ones come before all
// others, however old those are.
func (w Waiting) rank() int64 {
	if strings.HasPrefix(w.Lane, urgentLane) {
		return w.Key - urgentLead
	}
	return w.Key
}

const (
	urgentLane = "P1" // how the engine names lanes of the urgent class
	urgentLead = 1 << 43
)

func (m memPools) Place(_ context.Context, pool string, conv int64) (place, waiting int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pool(pool)
	me, ok := p.waiting[conv]
	if !ok {
		return 0, 0, nil
	}
	place = 1
	for _, w := range p.waiting {
		if w.Queue == me.Queue && (w.rank() < me.rank() || w.rank() == me.rank() && w.Conv < me.Conv) {
			place++
		}
	}
	return place, p.depths[me.Queue], nil
}

func (m memPools) Depths(_ context.Context, pool string) (map[int64]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.pool(pool).depths), nil
}

type memOffers struct{ *memory }

func (m memOffers) Take(_ context.Context, pool string, offer int64) (zongji.Offer, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pool(pool)
	o, ok := p.offers[offer]
	delete(p.offers, offer)
	return o, ok, nil
}

type memStream struct{ *memory }

func (m memStream) Publish(_ context.Context, evs ...zongji.Live) error {
	m.stream.add(evs...)
	return nil
}

func (m memStream) Tail(ctx context.Context, pos string, limit int, wait time.Duration) ([]zongji.Live, string, error) {
	if pos == "" {
		return nil, m.stream.head(), nil
	}
	found, n, err := m.stream.read(ctx, pos, limit, wait)
	if err != nil || len(found) == 0 {
		return nil, pos, err
	}
	evs := slices.Clone(found)
	for i := range evs {
		evs[i].Pos = m.stream.pos(n + i)
	}
	return evs, evs[len(evs)-1].Pos, nil
}

func (m memStream) Head(context.Context) (string, error) { return m.stream.head(), nil }

type memPresence struct{ *memory }

func (m memPresence) Beat(_ context.Context, agent int64, node string, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.presence[agent] == nil {
		m.presence[agent] = map[string]zongji.Ms{}
	}
	m.presence[agent][node] = zongji.NowMs(m.clock).Add(ttl)
	return nil
}

func (m memPresence) Leave(_ context.Context, agent int64, node string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.presence[agent], node)
	return nil
}

func (m memPresence) Alive(context.Context) (map[int64]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, out := zongji.NowMs(m.clock), map[int64]bool{}
	for agent, nodes := range m.presence {
		maps.DeleteFunc(nodes, func(_ string, until zongji.Ms) bool { return until <= now })
		if len(nodes) > 0 {
			out[agent] = true
		} else {
			delete(m.presence, agent)
		}
	}
	return out, nil
}

type memBucket struct{ *memory }

func (m memBucket) Take(_ context.Context, key string, n, burst int, rate float64) (bool, time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	now := m.clock.Now()
	b := m.buckets[key]
	if b == nil {
		b = &bucket{tokens: float64(burst), at: now}
		m.buckets[key] = b
	}
	b.tokens = min(float64(burst), b.tokens+max(0, now.Sub(b.at).Seconds())*rate)
	b.at = now
	seconds := func(tokens float64) time.Duration { return time.Duration(tokens / rate * float64(time.Second)) }
	b.full = now.Add(seconds(float64(burst) - b.tokens + float64(n)))
	if lack := float64(n) - b.tokens; lack > 0 {
		return false, seconds(lack), nil
	}
	b.tokens -= float64(n)
	return true, 0, nil
}

type memTyping struct{ *memory }

func (m memTyping) Say(_ context.Context, n TypingNote) error {
	m.mu.Lock()
	fns := slices.Collect(maps.Keys(m.hearers))
	m.mu.Unlock()
	for _, fn := range fns {
		(*fn)(n)
	}
	return nil
}

func (m memTyping) Hear(ctx context.Context, fn func(TypingNote)) error {
	m.mu.Lock()
	m.hearers[&fn] = struct{}{}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	delete(m.hearers, &fn)
	m.mu.Unlock()
	return nil
}
