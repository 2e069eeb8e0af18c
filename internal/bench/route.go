package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/internal/zongji"
	"zongji/router/bus"
	"zongji/router/engine"
)

// RouteConfig is what to route; zero values are the defaults.
type RouteConfig struct {
	Bus      string        // "memory", the URL of a Redis whose main pool is free, or "" for a private redis-server child
	Waiting  int           // conversations that wait throughout; 100,000
	Agents   int           // 1,000
	Busy     int           // agents whose commands are on their way at any moment; 256
	Duration time.Duration // measured; 5 s
}

// RouteResult is what Route measured.
type RouteResult struct {
	Waiting int     `json:"waiting"`
	Agents  int     `json:"agents"`
	Bus     string  `json:"bus"`
	PerS    float64 `json:"assignments_per_s"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// Route measures what a leader does, with so many waiting: agents take what
// they were offered and finish it while as many customers come; their commands
// go through the stream, the engine finds the next for each agent, and one
// fenced commit writes the step. A time is an agent's, from his commands being
// handed to the bus to his next offer being committed.
func Route(ctx context.Context, cfg RouteConfig) (res RouteResult, err error) {
	cfg.Waiting, cfg.Agents = cmp.Or(cfg.Waiting, 100_000), cmp.Or(cfg.Agents, 1000)
	cfg.Busy, cfg.Duration = min(cmp.Or(cfg.Busy, 256), cfg.Agents), cmp.Or(cfg.Duration, 5*time.Second)
	b, closeBus, err := openBus(ctx, cfg.Bus)
	if err != nil {
		return res, err
	}
	defer closeBus()
	const lease = "1:bench"
	if ok, err := b.Lease.Acquire(ctx, zongji.MainPool, lease, cfg.Duration+time.Minute); err != nil || !ok {
		return res, fmt.Errorf("bench: lease of the pool taken: %v, %w", ok, err)
	}
	r := &routing{
		pool: b.Pool, lease: lease, e: engine.New(engine.Config{}), now: zongji.MsOf(time.Now()),
		free: make(chan []zongji.Offer, cfg.Agents), since: map[int64]time.Time{},
	}
	if err := r.pool.Reset(ctx, zongji.MainPool, r.fill(cfg)); err != nil {
		return res, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.send(gctx) })
	start := time.Now()
	g.Go(func() error {
		defer close(r.free)
		r.finish(cfg.Busy / 2) // two shares: one is on its way while the other is routed
		r.finish(cfg.Busy / 2)
		for time.Since(start) < cfg.Duration && gctx.Err() == nil {
			if err := r.step(gctx); err != nil {
				return err
			}
		}
		return gctx.Err()
	})
	if err := g.Wait(); err != nil {
		return res, err
	}
	took, elapsed := r.took, time.Since(start)
	slices.Sort(took)
	at := func(p int) float64 {
		if len(took) == 0 {
			return 0
		}
		return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000
	}
	return RouteResult{cfg.Waiting, cfg.Agents, b.Kind, float64(len(took)) / elapsed.Seconds(), at(50), at(99)}, ctx.Err()
}

func openBus(ctx context.Context, which string) (*bus.Bus, func(), error) {
	var b *bus.Bus
	var err error
	switch which {
	case "memory":
		b = bus.NewMemory()
	case "":
		dir, tmpErr := os.MkdirTemp("", "zj")
		if tmpErr != nil {
			return nil, nil, tmpErr
		}
		if b, err = bus.OpenChild(ctx, dir); err != nil {
			os.RemoveAll(dir)
			return nil, nil, err
		}
		return b, func() { b.Close(); os.RemoveAll(dir) }, nil
	default:
		b, err = bus.OpenRedis(ctx, which)
	}
	if err != nil {
		return nil, nil, err
	}
	return b, func() { b.Close() }, nil
}

// routing is a leader and, on the other side of the stream, those who send it
// commands.
type routing struct {
	pool  bus.Pool
	lease string
	now   zongji.Ms
	conv  int64               // last made: fill's, then send's
	free  chan []zongji.Offer // by agents who take these and finish them

	// The leader's own.
	e      *engine.Engine
	cursor string
	tasks  []zongji.Offer      // offered, the oldest first
	since  map[int64]time.Time // agent → when his commands were handed over
	took   []time.Duration
}

var skills = []string{"after-sales", "billing", "delivery", "invoice", "repair", "returns"}

func (r *routing) enqueue() zongji.Command {
	r.conv++
	return zongji.Command{
		Op: zongji.OpEnqueue, Conv: r.conv, Epoch: 1, Units: 1, QueuedAt: r.now + zongji.Ms(r.conv%1000),
		Demand: &zongji.Demand{Queue: r.conv%4 + 1, P1: r.conv%50 == 0, Skills: []zongji.SkillLevel{{Skill: skills[r.conv%6], Level: int(r.conv%2) + 1}}},
	}
}

// fill brings the agents and what waits, and returns the mirror.
func (r *routing) fill(cfg RouteConfig) bus.Commit {
	for q := int64(1); q <= 4; q++ {
		r.e.Apply(r.now, zongji.Command{Op: zongji.OpQueue, Queue: &zongji.Queue{ID: q, OfferS: 3600}})
	}
	for a := range int64(cfg.Agents) {
		p := zongji.AgentProfile{ID: a + 1, Capacity: 1, State: zongji.AgentReady, Online: true, Skills: map[string]int{}}
		for i := range int64(3) {
			p.Skills[skills[(a+i)%6]] = int((a+i)%3) + 2
		}
		r.e.Apply(r.now, zongji.Command{Op: zongji.OpAgent, Profile: &p})
	}
	for range cfg.Waiting + cfg.Agents {
		r.e.Apply(r.now, r.enqueue())
	}
	c := bus.Commit{Lease: r.lease}
	s := r.e.Snapshot()
	for _, p := range s.Waiting {
		c.Put = append(c.Put, bus.Waiting{Conv: p.Conv, Queue: p.Queue, Lane: p.Lane, Key: p.Key})
	}
	c.Offers, r.tasks = s.Offers, s.Offers
	return c
}

// finish lets n agents take and finish what they were offered.
func (r *routing) finish(n int) {
	done := r.tasks[:n]
	r.tasks = r.tasks[n:]
	for _, o := range done {
		r.since[o.Agent] = time.Now()
	}
	r.free <- done
}

// send sends what agents who finish and customers who come cause.
func (r *routing) send(ctx context.Context) error {
	for done := range r.free {
		cmds := make([]zongji.Command, 0, 3*len(done))
		for _, o := range done {
			cmds = append(cmds,
				zongji.Command{Op: zongji.OpAssigned, Conv: o.Conv, Epoch: 2, Agent: o.Agent, Units: 1, Offer: o.ID},
				zongji.Command{Op: zongji.OpRelease, Conv: o.Conv, Epoch: 3},
				r.enqueue())
		}
		if err := r.pool.Send(ctx, zongji.MainPool, cmds...); err != nil {
			return err
		}
	}
	return nil
}

// step is the leader's.
func (r *routing) step(ctx context.Context) error {
	entries, err := r.pool.Commands(ctx, zongji.MainPool, r.cursor, 1024, time.Second)
	if err != nil {
		return err
	}
	var evs []engine.Event
	for _, e := range entries {
		evs = append(evs, r.e.Apply(r.now, e.Cmd)...)
		r.cursor = e.Pos
	}
	c := bus.Step(r.lease, r.cursor, evs)
	if err := r.pool.Commit(ctx, zongji.MainPool, c); err != nil {
		return err
	}
	now := time.Now()
	for _, o := range c.Offers {
		r.took = append(r.took, now.Sub(r.since[o.Agent]))
	}
	r.tasks = append(r.tasks, c.Offers...)
	r.finish(len(c.Offers))
	return nil
}
