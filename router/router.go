// Package router is the heart of the switchboard: it takes what customers
// write, lets the bot answer, hands over to people through the routing
// engine, and sends what people answer. SQL decides everything; the bus makes
// it fast and may be emptied or gone at any moment.
package router

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"zongji/bot"
	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// Config is what a router needs. Zero durations stand for the defaults named
// beside them.
type Config struct {
	Store *store.DB
	Bus   *bus.Bus
	Bot   *bot.Bot
	Clock zongji.Clock
	Log   *slog.Logger
	Reg   prometheus.Registerer // nil registers nowhere
	Node  string                // unique among the running nodes
	Pool  string                // routing pool; "" = zongji.MainPool

	Kinds []channels.Kind // the kinds of channel that this build knows
	Deps  channels.Deps   // for accounts: Blobs, ClientIP, FreeLoopback; the rest is filled here

	Quiet    time.Duration // burst wait after the last message: 700 ms
	MaxQuiet time.Duration // longest burst wait after the first: 3 s
	Claim    time.Duration // how long one node may work on a conversation: 10 s

	LeaseTTL   time.Duration // leadership: 3 s, so that a dead leader costs no more
	LeaseEvery time.Duration // renewed: LeaseTTL / 4
	Step       time.Duration // longest sleep of the leader: 200 ms

	BeatEvery   time.Duration // presence of an agent with a socket here: 10 s
	BeatTTL     time.Duration // 45 s
	AbsentAfter time.Duration // no new offers so long after the last socket: 15 s

	Reconcile time.Duration // due rows, unsent commands and events: 2 s
	Check     time.Duration // engine against SQL in full: 30 s
	Exclude   time.Duration // who gave a conversation away is not asked again: 60 s

	KeepAgent time.Duration // how long it is kept when agents came and went; 0: for ever
	KeepAudit time.Duration // how long it is kept who changed what; 0: for ever
}

func (c *Config) fill() {
	for _, d := range []struct {
		at  *time.Duration
		def time.Duration
	}{
		{&c.Quiet, 700 * time.Millisecond}, {&c.MaxQuiet, 3 * time.Second}, {&c.Claim, 10 * time.Second},
		{&c.LeaseTTL, 3 * time.Second}, {&c.Step, 200 * time.Millisecond},
		{&c.BeatEvery, 10 * time.Second}, {&c.BeatTTL, 45 * time.Second}, {&c.AbsentAfter, 15 * time.Second},
		{&c.Reconcile, 2 * time.Second}, {&c.Check, 30 * time.Second}, {&c.Exclude, time.Minute},
	} {
		if *d.at == 0 {
			*d.at = d.def
		}
	}
	if c.LeaseEvery == 0 {
		c.LeaseEvery = c.LeaseTTL / 4
	}
	if c.Pool == "" {
		c.Pool = zongji.MainPool
	}
	if c.Clock == nil {
		c.Clock = zongji.Wall{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Router is one node's part of the switchboard.
type Router struct {
	cfg     Config
	log     *slog.Logger
	db      *store.DB
	bus     *bus.Bus
	metrics *metrics

	book     atomic.Pointer[book] // configuration as of now
	bookMu   sync.Mutex           // one reload at a time
	reload   chan struct{}        // limit 1: somebody announced a change
	due      *alarms              // conversations whose burst wait ends
	feed     *feed
	presence presence
	accounts accounts
	held     sync.Map     // names of SQL leases that a goroutine of this node holds
	marks    chan int64   // ids of published events, limit markLimit
	typed    chan typed   // limit typingLimit
	leading  atomic.Int64 // epoch while this node leads, else 0
	built    atomic.Int64 // when the engine was last built from SQL, ms
	ready    chan struct{}
	once     sync.Once
}

// New wires a router. It does no I/O; Run does.
func New(cfg Config) *Router {
	cfg.fill()
	r := &Router{
		cfg: cfg, log: cfg.Log.With("part", "router"), db: cfg.Store, bus: cfg.Bus, metrics: newMetrics(cfg.Reg),
		reload: make(chan struct{}, 1), due: newAlarms(cfg.Clock), marks: make(chan int64, markLimit), typed: make(chan typed, typingLimit),
		ready: make(chan struct{}),
	}
	r.book.Store(&book{})
	r.feed = newFeed(r)
	r.presence.agents, r.presence.wake = map[int64]bool{}, make(chan struct{}, 1)
	r.accounts.open, r.accounts.wake = map[int64]*account{}, make(chan struct{}, 1)
	return r
}

// Run serves until ctx ends or a part fails for good; then it waits for all
// parts.
func (r *Router) Run(ctx context.Context) error {
	if err := r.Load(ctx); err != nil {
		return fmt.Errorf("load configuration: %w", err)
	}
	if err := r.feed.start(ctx); err != nil {
		return fmt.Errorf("start the feed: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, part := range []func(context.Context){
		r.feed.run, r.campaign, r.runAdvance, r.runReconcile, r.runReload, r.runMarks, r.runPresence, r.runAccounts, r.hearTyping, r.runTyping, r.runPrune,
	} {
		g.Go(func() error { part(ctx); return nil })
	}
	r.once.Do(func() { close(r.ready) })
	return g.Wait()
}

// Ready is closed once the configuration is loaded and the parts run.
func (r *Router) Ready() <-chan struct{} { return r.ready }

// SystemInfo is what the system card shows of routing.
type SystemInfo struct {
	Node      string    `json:"node"`
	Leader    bool      `json:"leader"` // this node leads
	Holder    string    `json:"holder"` // "<epoch>" of who leads, "" nobody
	Epoch     int64     `json:"epoch"`
	Bus       string    `json:"bus"`
	BusDetail string    `json:"bus_detail"`
	BusOK     bool      `json:"bus_ok"`
	Rebuilt   zongji.Ms `json:"rebuilt_at"` // last build of the engine on this node
	LagMs     int64     `json:"lag_ms"`     // age of the newest event when it came by, on this node
	Rules     int64     `json:"rules"`      // version in force
}

// SystemInfo reports leadership and health of the live side.
func (r *Router) SystemInfo(ctx context.Context) SystemInfo {
	in := SystemInfo{Node: r.cfg.Node, Bus: r.bus.Kind, BusDetail: r.bus.Detail, Rebuilt: zongji.Ms(r.built.Load()),
		Epoch: r.leading.Load(), LagMs: r.feed.lag.Load(), Rules: r.book.Load().rulesVersion}
	in.Leader = in.Epoch != 0
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	holder, err := r.bus.Lease.Holder(ctx, r.cfg.Pool)
	in.BusOK = err == nil
	in.Holder, in.Epoch = splitLease(holder)
	return in
}

// splitLease returns the part of a lease value that is no secret, and its epoch.
func splitLease(value string) (string, int64) {
	epoch, _, _ := strings.Cut(value, ":")
	n, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return "", 0
	}
	return epoch, n
}

// now returns the clock's time.
func (r *Router) now() zongji.Ms { return zongji.NowMs(r.cfg.Clock) }

// sleep waits for d of the clock; false when ctx ended.
func (r *Router) sleep(ctx context.Context, d time.Duration) bool {
	c, stop := r.cfg.Clock.Timer(d)
	defer stop()
	select {
	case <-ctx.Done():
		return false
	case <-c:
		return true
	}
}
