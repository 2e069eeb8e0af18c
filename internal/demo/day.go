package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/internal/client"
	"zongji/internal/packs"
	"zongji/internal/zongji"
)

// DayConfig says what a synthetic day is like.
type DayConfig struct {
	Seed      uint64
	Length    time.Duration // of the whole day; the customers' pace follows from it
	Customers int
	Agents    int
	Bin       string
	Export    io.Writer // each side's view as JSON lines; may be nil
	Progress  io.Writer
	Out       io.Writer
}

// line is one exported line: a message as one side saw it.
type line struct {
	Side string `json:"side"` // customer | agent | sql
	Who  string `json:"who,omitempty"`
	Conv int64  `json:"conv"`
	Seq  int64  `json:"seq"`
	From string `json:"from"`
	CID  string `json:"cid,omitempty"`
	Text string `json:"text,omitempty"`
}

// Day lets customers come and go through the real sockets while agents serve
// them, kills the process once and flushes the bus once, and compares the
// three views: customers', agents' and SQL. It fails unless every
// acknowledged message is stored once and everything stored reached the
// customer who was there to see it.
func Day(ctx context.Context, cfg DayConfig) error {
	d := &day{cfg: cfg, ledger: NewLedger(), r: rand.New(rand.NewPCG(cfg.Seed, 1)), seen: map[[2]int64]bool{}}
	dir, err := os.MkdirTemp("", "zjday")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pack, err := Sample()
	if err != nil {
		return err
	}
	if d.customers, err = Recorded(pack); err != nil {
		return err
	}
	if d.in, err = prepareDay(ctx, dir, pack, cfg.Agents); err != nil {
		return err
	}
	sock := filepath.Join(dir, "control.sock")
	d.in.Server.Env = append(d.in.Server.Env, controlEnv+"="+sock, "ZONGJI_BUS="+privateBus())
	controlled, release := context.WithCancel(ctx)
	var parent errgroup.Group
	parent.Go(func() error { return serveControl(controlled, sock, d, http.NotFoundHandler(), http.NotFoundHandler()) })
	err = d.live(ctx, pack)
	release()
	if err = errors.Join(err, parent.Wait()); err != nil {
		return err
	}
	return d.judge(ctx)
}

// day is one run.
type day struct {
	cfg       DayConfig
	in        *Installation
	customers []Customer
	ledger    *Ledger
	r         *rand.Rand
	flushed   atomic.Bool

	mu    sync.Mutex
	seen  map[[2]int64]bool // (conv, seq) on a customer's screen
	lines []line
}

// prepareDay is the sample department with so many agents in all its teams.
func prepareDay(ctx context.Context, dir string, pack *packs.Pack, agents int) (*Installation, error) {
	in := &Installation{Dir: dir, Channel: pack.Channel.Key}
	db, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for i := len(pack.Users); i < agents+2; i++ { // two are no agents
		u := pack.Users[i%8]
		u.Login, u.Name, u.Nick = fmt.Sprintf("a%d", i+1), fmt.Sprintf("%s%d", u.Name, i), ""
		pack.Users = append(pack.Users, u)
	}
	if err := pack.Load(ctx, db); err != nil {
		return nil, err
	}
	logins, err := passwords(ctx, db)
	if err != nil {
		return nil, err
	}
	in.Seats = seats(logins)
	in.Serve()
	return in, nil
}

// live runs the day: customers arrive during its first four fifths.
func (d *day) live(ctx context.Context, pack *packs.Pack) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	srv := d.in.Server
	srv.Bin, srv.Log = d.cfg.Bin, slog.New(slog.DiscardHandler)
	served := make(chan error, 1)
	go func() { served <- srv.Run(ctx) }()
	if err := srv.WaitReady(ctx); err != nil {
		return err
	}
	crewCtx, dismiss := context.WithCancel(ctx)
	defer dismiss()
	speed := max(1, 8*float64(time.Hour)/float64(d.cfg.Length)/60)
	crew := &Crew{Base: d.in.Base, Lines: pack.Agents, Speed: func() float64 { return speed }, Log: slog.New(slog.DiscardHandler),
		Replied: func(m zongji.Message, cid string) {
			d.ledger.Sent()
			d.ledger.Acked(cid, client.Ack{Conv: m.Conv, Msg: m.ID, Seq: m.Seq})
		},
		Heard: func(agent string, m zongji.Message) {
			d.add(line{Side: "agent", Who: agent, Conv: m.Conv, Seq: m.Seq, From: string(m.From), CID: m.CID})
		}}
	var crewed sync.WaitGroup
	crewed.Go(func() { crew.Run(crewCtx, d.in.Seats) })
	arriving := d.cfg.Length * 8 / 10
	kill := arriving/4 + time.Duration(d.r.Int64N(int64(arriving)/4))
	flush := arriving/2 + time.Duration(d.r.Int64N(int64(arriving)/4))
	timers := []*time.Timer{time.AfterFunc(kill, srv.Kill), time.AfterFunc(flush, func() { d.flush(ctx) })}
	defer func() {
		for _, t := range timers {
			t.Stop()
		}
	}()
	fmt.Fprintf(d.cfg.Progress, "%d customers in %v, %d agents; the process is killed after %v, the bus flushed after %v\n",
		d.cfg.Customers, d.cfg.Length, len(d.in.Seats), kill.Round(time.Second), flush.Round(time.Second))
	progress := &bar{w: d.cfg.Progress, total: d.cfg.Customers}
	var all sync.WaitGroup
	p := &Player{Base: d.in.Base, Channel: d.in.Channel, Speed: speed, Ledger: d.ledger, Run: fmt.Sprintf("d%d", d.cfg.Seed), Seen: d.customer}
	gap := arriving / time.Duration(d.cfg.Customers)
	for i := range d.cfg.Customers {
		c := d.customers[d.r.IntN(len(d.customers))]
		c.ID = fmt.Sprintf("%s-%d", c.ID, i)
		all.Go(func() {
			out, _ := p.Play(ctx, c)
			d.ledger.Count(out.End)
			progress.step()
		})
		sleep(ctx, time.Duration(float64(gap)*(0.3+1.4*d.r.Float64())))
	}
	all.Wait()
	fmt.Fprintln(d.cfg.Progress)
	dismiss()
	crewed.Wait()
	stop()
	return <-served
}

// flush asks the served process to empty its bus until it has.
func (d *day) flush(ctx context.Context) {
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.in.Base+"/api/v1/demo/flush", nil)
		if err != nil {
			return
		}
		req.Header.Set("X-Zongji-Demo", "1")
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode < 300 {
				d.flushed.Store(true)
				return
			}
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

// Info and Do make the day the parent of its served process.
func (d *day) Info(context.Context) Info                         { return Info{} }
func (d *day) Do(context.Context, string, json.RawMessage) error { return nil }

func (d *day) add(l line) {
	d.mu.Lock()
	d.lines = append(d.lines, l)
	d.mu.Unlock()
}

func (d *day) customer(conv int64, m zongji.VisitorMessage) {
	d.mu.Lock()
	d.seen[[2]int64{conv, m.Seq}] = true
	d.lines = append(d.lines, line{Side: "customer", Conv: conv, Seq: m.Seq, From: string(m.From), CID: m.CID, Text: m.Text})
	d.mu.Unlock()
}

// judge reads SQL after the drain, writes the export and compares.
func (d *day) judge(ctx context.Context) error {
	db, err := d.in.Open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	stored, err := db.CIDs(ctx)
	if err != nil {
		return err
	}
	c := d.ledger.Compare(stored)
	con, err := db.Conservation(ctx)
	if err != nil {
		return err
	}
	missing, err := d.unseen(ctx, db.Messages)
	if err != nil {
		return err
	}
	if d.cfg.Export != nil {
		enc := json.NewEncoder(d.cfg.Export)
		for _, l := range d.lines {
			if err := enc.Encode(l); err != nil {
				return err
			}
		}
	}
	starts, _ := d.in.Server.Starts()
	fmt.Fprintf(d.cfg.Out, "%d customers %v; acknowledged %d, lost %d, doubled %d, gaps on screens %d; %d starts; conserved: %v\n",
		d.cfg.Customers, c.Stats, c.Acked, c.Lost, c.Doubled, missing, starts, con.OK())
	if !con.OK() {
		return fmt.Errorf("not conserved: %+v", con)
	}
	if missing > 0 {
		return fmt.Errorf("%d messages never reached the screen of a customer who saw later ones", missing)
	}
	if starts < 2 {
		return fmt.Errorf("the process was not killed: the day was too short")
	}
	if !d.flushed.Load() {
		return fmt.Errorf("the bus was not flushed: the day was too short")
	}
	return conserved(c)
}

// unseen counts messages that a customer did not see although he saw later
// ones of the same conversation, and adds SQL's view to the export.
func (d *day) unseen(ctx context.Context, messages func(ctx context.Context, conv, after, before int64, limit int) ([]zongji.Message, error)) (n int, err error) {
	last := map[int64]int64{}
	for k := range d.seen {
		last[k[0]] = max(last[k[0]], k[1])
	}
	for conv, upTo := range last {
		for after := int64(0); ; {
			ms, err := messages(ctx, conv, after, 0, 200)
			if err != nil {
				return n, err
			}
			if len(ms) == 0 {
				break
			}
			for _, m := range ms {
				after = m.Seq
				d.lines = append(d.lines, line{Side: "sql", Conv: conv, Seq: m.Seq, From: string(m.From), CID: m.CID, Text: m.Text})
				if m.From != zongji.FromNote && m.Seq <= upTo && !d.seen[[2]int64{conv, m.Seq}] {
					n++
				}
			}
		}
	}
	return n, nil
}
