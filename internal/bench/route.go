package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"zongji/internal/zongji"
	"zongji/router/bus"
	"zongji/router/engine"
)

// RouteConfig is what to route; zero values are the defaults.
type RouteConfig struct {
	Bus      string        // "memory", the URL of a Redis whose main pool is free, or "" for a private redis-server child
	Waiting  int           // conversations that wait throughout; 100,000
	Agents   int           // 1,000
	Batch    int           // commands applied per commit; 256
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

// Route measures from the moment an agent is free to a committed offer, with
// so many waiting: each round some agents finish one conversation, the engine
// finds the next for each, and one fenced commit writes the step.
func Route(ctx context.Context, cfg RouteConfig) (res RouteResult, err error) {
	cfg.Waiting, cfg.Agents = cmp.Or(cfg.Waiting, 100_000), cmp.Or(cfg.Agents, 1000)
	cfg.Batch, cfg.Duration = min(cmp.Or(cfg.Batch, 256), cfg.Agents), cmp.Or(cfg.Duration, 5*time.Second)
	b, closeBus, err := openBus(ctx, cfg.Bus)
	if err != nil {
		return res, err
	}
	defer closeBus()
	const lease = "1:bench"
	if ok, err := b.Lease.Acquire(ctx, zongji.MainPool, lease, cfg.Duration+time.Minute); err != nil || !ok {
		return res, fmt.Errorf("bench: lease of the pool taken: %v, %w", ok, err)
	}
	r := &routing{e: engine.New(engine.Config{}), now: zongji.MsOf(time.Now())}
	if err := b.Pool.Reset(ctx, zongji.MainPool, r.fill(cfg, lease)); err != nil {
		return res, err
	}
	var took []time.Duration
	assigned, start := 0, time.Now()
	for time.Since(start) < cfg.Duration && ctx.Err() == nil {
		from := time.Now()
		c := r.step(cfg.Batch)
		c.Lease = lease
		if err := b.Pool.Commit(ctx, zongji.MainPool, c); err != nil {
			return res, err
		}
		d := time.Since(from)
		for range c.Offers { // all offers of a step stand at its commit
			took = append(took, d)
		}
		assigned += len(c.Offers)
	}
	slices.Sort(took)
	at := func(p int) float64 {
		if len(took) == 0 {
			return 0
		}
		return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000
	}
	return RouteResult{cfg.Waiting, cfg.Agents, b.Kind, float64(assigned) / time.Since(start).Seconds(), at(50), at(99)}, ctx.Err()
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

// routing is the engine with its mirror's next commit.
type routing struct {
	e     *engine.Engine
	now   zongji.Ms
	conv  int64
	tasks []zongji.Offer // offered in the last step, to be taken
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
func (r *routing) fill(cfg RouteConfig, lease string) bus.Commit {
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
	c := bus.Commit{Lease: lease}
	s := r.e.Snapshot()
	for _, p := range s.Waiting {
		c.Put = append(c.Put, bus.Waiting{Conv: p.Conv, Queue: p.Queue, Lane: p.Lane, Key: p.Key})
	}
	c.Offers, r.tasks = s.Offers, s.Offers
	return c
}

// step lets n agents finish what they were offered, as many customers come,
// and returns what the engine changed.
func (r *routing) step(n int) bus.Commit {
	var c bus.Commit
	apply := func(cmd zongji.Command) {
		for _, ev := range r.e.Apply(r.now, cmd) {
			switch ev.Kind {
			case engine.Waiting:
				c.Put = append(c.Put, bus.Waiting{Conv: ev.Conv, Queue: ev.Queue, Lane: ev.Lane, Key: ev.Key})
			case engine.Left:
				c.Gone = append(c.Gone, ev.Conv)
			case engine.Offered:
				c.Offers = append(c.Offers, ev.Offer)
				c.Events = append(c.Events, zongji.Live{Offer: &ev.Offer})
				r.tasks = append(r.tasks, ev.Offer)
			case engine.OfferEnded:
				c.Ended = append(c.Ended, ev.Offer.ID)
			}
		}
	}
	done := r.tasks[:min(n, len(r.tasks))]
	r.tasks = r.tasks[len(done):]
	for _, o := range done {
		apply(zongji.Command{Op: zongji.OpAssigned, Conv: o.Conv, Epoch: 2, Agent: o.Agent, Units: 1})
		apply(zongji.Command{Op: zongji.OpRelease, Conv: o.Conv, Epoch: 3})
		apply(r.enqueue())
	}
	return c
}
