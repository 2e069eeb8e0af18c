package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/internal/client"
	"zongji/internal/demo"
	"zongji/internal/zongji"
)

// ChatConfig says how a chat bench runs.
type ChatConfig struct {
	Sockets  int           // customers with an open, assigned conversation
	Rate     int           // messages a second, half from customers, half from agents; 0 = as fast as it goes
	Duration time.Duration // of the measured part
	Bin      string        // the zongji binary to serve with
	Env      []string      // of the served child: ZONGJI_DB, ZONGJI_REDIS_URL …; none = SQLite in a scratch folder, memory
	Progress io.Writer     // gets one line a stage
}

// ChatResult is what was measured. Latencies are from the customer's send to
// the agent's socket (p50, p99) and from the agent's send to the customer's
// socket (back).
type ChatResult struct {
	Sockets      int     `json:"sockets"`
	Rate         int     `json:"rate"`
	Sent         int64   `json:"sent"`
	Acked        int64   `json:"acked"`
	Lost         int64   `json:"lost"`
	Doubled      int64   `json:"doubled"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	BackP50      float64 `json:"back_p50_ms"`
	BackP99      float64 `json:"back_p99_ms"`
	AssignP50    float64 `json:"assign_p50_ms"` // from queued to assigned while agents are free, committed both times
	AssignP99    float64 `json:"assign_p99_ms"`
	MsgsPerS     float64 `json:"msgs_per_s"`
	KibPerSocket float64 `json:"kib_per_socket"` // heap and stacks in use after a collection, per open and assigned socket
	RSSMiB       float64 `json:"rss_mib"`        // of the process, every socket open
	CPUPerMsg    float64 `json:"cpu_us_per_msg"`
	SQLPerMsg    float64 `json:"sql_per_msg"`
	ReadyMs      int64   `json:"ready_ms"`
	IdleMiB      float64 `json:"idle_mib"`
	Store        string  `json:"store"`
	Bus          string  `json:"bus"`
}

const (
	chatEach     = 20  // conversations of one agent: more is more than anybody serves
	chatArrivals = 200 // customers who come to free agents, 20 ms apart
	chatFlight   = 256 // messages under way at once at rate max
)

// Chat measures the path customer → agent and back with every socket open.
// Conversations are assigned beforehand, so that the path and not the bot is
// measured. Lost and doubled are counted from SQL after the drain.
func Chat(ctx context.Context, cfg ChatConfig) (ChatResult, error) {
	say := func(format string, a ...any) { fmt.Fprintf(cfg.Progress, format+"\n", a...) }
	dir, err := os.MkdirTemp("", "zjbench")
	if err != nil {
		return ChatResult{}, err
	}
	defer os.RemoveAll(dir)
	agents := max(10, cfg.Sockets/chatEach)
	dep := demo.Plain(agents, (cfg.Sockets+chatArrivals)/agents+10)
	in, err := demo.Prepare(ctx, dir, cfg.Env, dep)
	if err != nil {
		return ChatResult{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in.Server.Bin, in.Server.Output = cfg.Bin, in.LogFile()
	in.Server.Log = slog.New(slog.DiscardHandler)
	served := make(chan error, 1)
	go func() { served <- in.Server.Run(ctx) }()
	if err := in.Server.WaitReady(ctx); err != nil {
		return ChatResult{}, err
	}
	b := &chatBench{cfg: cfg, in: in, ledger: demo.NewLedger(), ends: map[string]int64{}, counted: map[int64]bool{}}
	res := ChatResult{Sockets: cfg.Sockets, Rate: cfg.Rate}
	time.Sleep(time.Second)
	_, ready := in.Server.Starts()
	res.ReadyMs = ready.Milliseconds()
	res.IdleMiB = float64(rss(in.Server.Pid())) / (1 << 20)
	idle := in.Figures(ctx).Memory
	say("ready in %d ms, idle %.0f MiB; opening %d sockets", res.ReadyMs, res.IdleMiB, cfg.Sockets)

	g, gctx := errgroup.WithContext(ctx)
	if err := b.open(gctx, g); err != nil {
		return res, err
	}
	res.RSSMiB = float64(rss(in.Server.Pid())) / (1 << 20)
	figures := in.Figures(ctx)
	res.KibPerSocket = float64(figures.Memory-idle) / 1024 / float64(cfg.Sockets+agents)
	say("open and assigned, %.1f KiB a socket; measuring for %v", res.KibPerSocket, cfg.Duration)
	cpu, sql := cpuTime(in.Server.Pid()), figures.Statements
	res.Store, res.Bus = figures.Store, figures.Bus

	began := time.Now()
	if err := b.drive(gctx); err != nil {
		return res, err
	}
	took := time.Since(began)
	b.drain(gctx)
	res.Sent, res.Acked = b.sent.Load(), b.acked.Load()
	res.MsgsPerS = float64(res.Acked) / took.Seconds()
	if res.Acked > 0 {
		res.CPUPerMsg = float64((cpuTime(in.Server.Pid()) - cpu).Microseconds()) / float64(res.Acked)
		res.SQLPerMsg = float64(in.Figures(ctx).Statements-sql) / float64(res.Acked)
	}
	if err := b.arrive(gctx, g); err != nil {
		return res, err
	}
	res.AssignP50, res.AssignP99 = b.assigned.quantiles()
	res.P50, res.P99 = b.to.quantiles()
	res.BackP50, res.BackP99 = b.back.quantiles()
	stop()
	_ = g.Wait() // each ended because we stopped it
	if err := <-served; err != nil {
		return res, err
	}
	stored, err := in.StoredCIDs(context.WithoutCancel(ctx))
	if err != nil {
		return res, err
	}
	c := b.ledger.Compare(stored)
	res.Lost, res.Doubled = int64(c.Lost)+b.undelivered(), int64(c.Doubled)
	return res, nil
}

// chatBench is one run.
type chatBench struct {
	cfg      ChatConfig
	in       *demo.Installation
	ledger   *demo.Ledger
	visitors []*chatVisitor
	agents   []*client.Agent
	byConv   sync.Map // conv → *chatVisitor

	sent, acked, arrived atomic.Int64
	to, back, assigned   latencies
	arriving             atomic.Bool // assignments are measured now

	mu      sync.Mutex
	counted map[int64]bool   // events
	ends    map[string]int64 // client id → times it reached the other end
}

type chatVisitor struct {
	v     *client.Visitor
	conv  atomic.Int64
	agent atomic.Pointer[client.Agent]
}

// stamp is the text of a measured message: its client id and when it left.
func stamp(cid string) string { return cid + " " + strconv.FormatInt(time.Now().UnixNano(), 10) }

func (b *chatBench) reached(text string, l *latencies) {
	cid, at, ok := strings.Cut(text, " ")
	ns, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return
	}
	l.add(time.Duration(time.Now().UnixNano() - ns))
	b.arrived.Add(1)
	b.mu.Lock()
	b.ends[cid]++
	b.mu.Unlock()
}

// logins opens a session for each agent: checking passwords takes its time.
func (b *chatBench) logins(ctx context.Context) ([]*client.REST, error) {
	rests := make([]*client.REST, len(b.in.Seats))
	var g errgroup.Group
	g.SetLimit(4)
	for i, s := range b.in.Seats {
		g.Go(func() (err error) {
			if rests[i], err = client.Login(ctx, b.in.Base, s.Login, s.Password); err != nil {
				return fmt.Errorf("log in %s: %w", s.Login, err)
			}
			return nil
		})
	}
	return rests, g.Wait()
}

// open connects everybody and waits until each conversation has its agent.
func (b *chatBench) open(ctx context.Context, g *errgroup.Group) error {
	rests, err := b.logins(ctx)
	if err != nil {
		return err
	}
	for _, rest := range rests {
		var a *client.Agent
		a = client.NewAgent(client.AgentConfig{
			REST:  rest,
			Heard: func(m zongji.Message) { b.reached(m.Text, &b.to) },
			Event: func(e zongji.Event) {
				b.took(e)
				if e.Row == nil || e.Row.Status != zongji.StatusAssigned || e.Row.Owner != a.Me().User {
					return
				}
				if v, ok := b.byConv.Load(e.Conv); ok {
					v.(*chatVisitor).agent.Store(a)
				}
			},
		})
		b.agents = append(b.agents, a)
		g.Go(func() error { return a.Run(ctx) })
		if err := a.State(ctx, zongji.AgentReady, ""); err != nil {
			return err
		}
	}
	var opening errgroup.Group
	opening.SetLimit(64)
	for i := range b.cfg.Sockets {
		v := &chatVisitor{}
		v.v = client.NewVisitor(client.VisitorConfig{Base: b.in.Base, Channel: b.in.Channel, Lang: "zh-CN", Heard: func(m zongji.VisitorMessage) {
			if m.From == zongji.FromAgent {
				b.reached(m.Text, &b.back)
			}
		}})
		b.visitors = append(b.visitors, v)
		g.Go(func() error { return v.v.Run(ctx) })
		opening.Go(func() error {
			ack, err := v.v.Send(ctx, client.Say{CID: fmt.Sprintf("open-%d", i), Text: "转人工"})
			if err == nil {
				v.conv.Store(ack.Conv)
				b.byConv.Store(ack.Conv, v)
			}
			return err
		})
	}
	if err := opening.Wait(); err != nil {
		return fmt.Errorf("open conversations: %w", err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		missing := 0
		for _, a := range b.agents {
			for conv, c := range a.Convs() {
				if c.Row.Status == zongji.StatusAssigned && c.Row.Owner == a.Me().User {
					if v, ok := b.byConv.Load(conv); ok {
						v.(*chatVisitor).agent.Store(a)
					}
				}
			}
		}
		for _, v := range b.visitors {
			if v.agent.Load() == nil {
				missing++
			}
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d conversations have no agent after 2 minutes", missing, len(b.visitors))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// took books how long an assigned conversation had waited.
func (b *chatBench) took(e zongji.Event) {
	var d zongji.AssignedData
	if e.Kind == zongji.EvAssigned && b.arriving.Load() && json.Unmarshal(e.Data, &d) == nil {
		b.mu.Lock()
		fresh := !b.counted[e.ID] // a team sees it on several screens
		b.counted[e.ID] = true
		b.mu.Unlock()
		if fresh {
			b.assigned.add(time.Duration(d.Wait) * time.Millisecond)
		}
	}
}

// arrive lets customers ask for a person, one after the other, while agents
// are free.
func (b *chatBench) arrive(ctx context.Context, g *errgroup.Group) error {
	b.arriving.Store(true)
	for i := range chatArrivals {
		v := client.NewVisitor(client.VisitorConfig{Base: b.in.Base, Channel: b.in.Channel, Lang: "zh-CN"})
		g.Go(func() error { return v.Run(ctx) })
		if _, err := v.Send(ctx, client.Say{CID: fmt.Sprintf("arrive-%d", i), Text: "转人工"}); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	for wait := time.Now().Add(10 * time.Second); b.assigned.count() < chatArrivals && time.Now().Before(wait); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := b.assigned.count(); n < chatArrivals {
		return fmt.Errorf("%d of %d customers found an agent", n, chatArrivals)
	}
	return nil
}

// drive sends at the asked rate, or as fast as answers come back.
func (b *chatBench) drive(ctx context.Context) error {
	end := time.Now().Add(b.cfg.Duration)
	var g errgroup.Group
	if b.cfg.Rate == 0 {
		for w := range chatFlight {
			g.Go(func() error {
				r := rand.New(rand.NewPCG(1, uint64(w)))
				for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
					if err := b.one(ctx, r, w, n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return g.Wait()
	}
	r := rand.New(rand.NewPCG(1, 1))
	gap := time.Second / time.Duration(b.cfg.Rate)
	g.SetLimit(4096)
	for n, next := 0, time.Now(); next.Before(end) && ctx.Err() == nil; n++ {
		if d := time.Until(next); d > 0 {
			time.Sleep(d)
		}
		seed := r.Uint64()
		g.Go(func() error { return b.one(ctx, rand.New(rand.NewPCG(seed, 2)), 0, n) })
		next = next.Add(gap)
	}
	return g.Wait()
}

// one sends one message, by turns of a customer and of an agent.
func (b *chatBench) one(ctx context.Context, r *rand.Rand, worker, n int) error {
	v := b.visitors[r.IntN(len(b.visitors))]
	cid := fmt.Sprintf("b-%d-%d", worker, n)
	b.sent.Add(1)
	if n%2 == 0 {
		a, err := v.v.Send(ctx, client.Say{CID: cid, Text: stamp(cid)})
		if err != nil {
			return err
		}
		b.ledger.Acked(cid, a)
	} else {
		m, err := v.agent.Load().Reply(ctx, v.conv.Load(), cid, stamp(cid))
		if err != nil {
			return err
		}
		b.ledger.Acked(cid, client.Ack{Conv: m.Conv, Msg: m.ID, Seq: m.Seq})
	}
	b.acked.Add(1)
	return nil
}

// drain waits until what was acknowledged has arrived, or nothing more comes.
func (b *chatBench) drain(ctx context.Context) {
	for last, still := int64(-1), 0; still < 10 && b.arrived.Load() < b.acked.Load() && ctx.Err() == nil; {
		time.Sleep(100 * time.Millisecond)
		if n := b.arrived.Load(); n != last {
			last, still = n, 0
		} else {
			still++
		}
	}
}

// undelivered counts acknowledged messages that never reached the other end.
func (b *chatBench) undelivered() (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for cid := range b.ledger.Acks() {
		if strings.HasPrefix(cid, "b-") && b.ends[cid] == 0 {
			n++
		}
	}
	return n
}
