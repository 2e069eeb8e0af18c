package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/configs"
)

// Config says how the demo runs.
type Config struct {
	Listen   string // 127.0.0.1:8080
	Data     string // folder; made when it is missing
	Bin      string // the zongji binary
	Scripted bool   // agents accept and answer by themselves
	History  bool   // 30 days of history are loaded in the background
	Out      io.Writer
	Log      *slog.Logger
}

// parent is the process that survives: it serves the cockpit's state, plays
// customers, seats scripted agents and kills the child when told to.
type parent struct {
	cfg       Config
	in        *Installation
	customers []Customer
	ledger    *Ledger
	plays     chan playArgs
	served    configs.Config

	mu      sync.Mutex
	logins  []Login
	play    Progress
	stop    context.CancelFunc // of the running play
	flushes int
	trails  []Trail
	fresh   chan struct{} // trails to look up
}

type playArgs struct {
	Speed     float64 `json:"speed"`
	Customers int     `json:"customers"` // 0 = 100
}

// Run runs the demo until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	p := &parent{cfg: cfg, ledger: NewLedger(), plays: make(chan playArgs, 1), fresh: make(chan struct{}, 1)}
	control, err := os.MkdirTemp("", "zj") // short: the path of a socket ends at 108 bytes
	if err != nil {
		return err
	}
	defer os.RemoveAll(control)
	sock := filepath.Join(control, "control.sock")
	pack, err := Sample()
	if err != nil {
		return err
	}
	if p.customers, err = Recorded(pack); err != nil {
		return err
	}
	served := configs.Default()
	served.Data, served.Listen = cfg.Data, cfg.Listen
	if err := served.Validate(); err != nil {
		return err
	}
	wx, err := openWeChat("http://" + cfg.Listen)
	if err != nil {
		return err
	}
	defer wx.Close()
	mail, err := openMail()
	if err != nil {
		return err
	}
	defer mail.close()
	if p.logins, err = install(ctx, served, pack, append(wx.accounts, mail.account()), cfg.Log); err != nil {
		return err
	}
	p.served = served
	p.in = &Installation{Dir: cfg.Data, Base: "http://" + cfg.Listen, Channel: pack.Channel.Key, Seats: seats(p.logins)}
	p.in.Server = &Server{Bin: cfg.Bin, Base: "http://" + cfg.Listen, Output: p.in.LogFile(), Log: cfg.Log, Env: []string{
		"ZONGJI_DATA=" + cfg.Data, "ZONGJI_LISTEN=" + cfg.Listen, "ZONGJI_BUS=" + privateBus(), "ZONGJI_NODE=demo", "ZONGJI_LIMITS_LOOPBACK=false",
		controlEnv + "=" + sock, fmt.Sprintf("ZONGJI_DEMO_HISTORY=%v", cfg.History)}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveControl(ctx, sock, p, p.phones(wx), mail.handler()) })
	g.Go(func() error { return mail.run(ctx) })
	g.Go(func() error { return p.in.Server.Run(ctx) })
	g.Go(func() error {
		if err := p.in.Server.WaitReady(ctx); err != nil {
			return nil // stopped before it was ready
		}
		p.tell(ctx)
		if cfg.Scripted {
			crew := &Crew{Base: p.in.Server.Base, Lines: pack.Agents, Speed: p.pace, Log: cfg.Log}
			crew.Run(ctx, p.in.Seats)
		}
		return nil
	})
	g.Go(func() error { p.player(ctx); return nil })
	g.Go(func() error { p.looker(ctx); return nil })
	return g.Wait()
}

// pace is how fast scripted agents work: as fast as customers come.
func (p *parent) pace() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.play.Running {
		return p.play.Speed
	}
	return 1
}

// privateBus is a redis-server of one's own where one is installed.
func privateBus() string {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return "memory"
	}
	return "child"
}

// tell prints where to go and who may log in.
func (p *parent) tell(ctx context.Context) {
	_, ready := p.in.Server.Starts()
	for ready == 0 && ctx.Err() == nil { // measured beside us
		sleep(ctx, 5*time.Millisecond)
		_, ready = p.in.Server.Starts()
	}
	w, base := p.cfg.Out, p.in.Server.Base
	fmt.Fprintf(w, "\n总机演示已就绪 / Zongji demo is ready (%d ms)\n\n", ready.Milliseconds())
	fmt.Fprintf(w, "  驾驶舱 cockpit   %s/demo\n  微信   wechat    %s/demo/wechat\n  坐席台 desk      %s/desk\n  大屏   wall      %s/wall\n  管理   admin     %s/admin/system\n\n", base, base, base, base, base)
	fmt.Fprintf(w, "  %-12s %-22s %-12s %s\n", "账号 login", "密码 password", "角色 role", "姓名 name")
	for _, l := range p.logins {
		fmt.Fprintf(w, "  %-14s %-24s %-12s %s\n", l.Login, l.Password, l.Role, l.Name)
	}
	fmt.Fprintf(w, "\n  账号也在 / also in %s\n  停止 / stop: Ctrl+C\n\n", filepath.Join(p.cfg.Data, "demo-logins.json"))
}

// Info is the cockpit's state.
func (p *parent) Info(context.Context) Info {
	starts, ready := p.in.Server.Starts()
	p.mu.Lock()
	defer p.mu.Unlock()
	return Info{Logins: p.logins, Counters: p.ledger.Counters(), Play: p.play, Starts: starts, ReadyMs: ready.Milliseconds(), Flushes: p.flushes, Channel: p.in.Channel}
}

// Do runs an action of the cockpit.
func (p *parent) Do(_ context.Context, action string, args json.RawMessage) error {
	switch action {
	case "kill":
		// The child that asks is the one that dies: it answers first.
		time.AfterFunc(150*time.Millisecond, func() { p.in.Server.Kill(); p.lookAgain() })
	case "flushed":
		p.mu.Lock()
		p.flushes++
		p.mu.Unlock()
		p.lookAgain()
	case "stop":
		p.mu.Lock()
		if p.stop != nil {
			p.stop()
		}
		p.mu.Unlock()
	case "play":
		var a playArgs
		if len(args) > 0 {
			if err := json.Unmarshal(args, &a); err != nil {
				return err
			}
		}
		if a.Speed <= 0 || a.Speed > 100 {
			a.Speed = 1
		}
		if a.Customers <= 0 || a.Customers > 2000 {
			a.Customers = 100
		}
		select {
		case p.plays <- a:
		default:
			return errors.New("customers are playing already")
		}
	default:
		return fmt.Errorf("unknown action %q", action)
	}
	return nil
}

// player plays one stream of customers after the other.
func (p *parent) player(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-p.plays:
			run, stop := context.WithCancel(ctx)
			p.ledger.Begin()
			p.mu.Lock()
			p.stop = stop
			p.play = Progress{Running: true, Total: a.Customers, Speed: a.Speed}
			p.mu.Unlock()
			p.stream(run, a)
			stop()
			p.mu.Lock()
			p.play.Running = false
			p.mu.Unlock()
		}
	}
}

// stream lets customers arrive one after the other, 1.5 s apart at speed 1.
func (p *parent) stream(ctx context.Context, a playArgs) {
	secret, err := shopSecret(ctx, p.served, p.in.Channel, p.cfg.Log)
	if err != nil {
		p.cfg.Log.Warn("customers stay strangers", "err", err)
	}
	pl := &Player{Base: p.in.Server.Base, Channel: p.in.Channel, Speed: a.Speed, Ledger: p.ledger, Run: fmt.Sprintf("p%d", time.Now().UnixMilli()),
		Identify: func(run string, c Customer) string { return identify(secret, run, c) }}
	var all errgroup.Group
	all.SetLimit(200)
	for i := range a.Customers {
		c := p.customers[i%len(p.customers)]
		c.ID = fmt.Sprintf("%s-%d", c.ID, i)
		c.Known = i%5 != 4
		all.Go(func() error {
			out, trail := pl.Play(ctx, c)
			p.ledger.Count(out.End)
			p.mu.Lock()
			p.play.Done++
			p.trails = append(p.trails, trail)
			p.mu.Unlock()
			p.lookAgain()
			return nil
		})
		if !pl.rest(ctx, 1500*time.Millisecond) {
			break
		}
	}
	_ = all.Wait() // they return no errors
}

// identify signs who a customer is, as the shop's server would; one in five
// has not logged in.
func identify(secret, run string, c Customer) string {
	if secret == "" || c.Name == "" || !c.Known {
		return ""
	}
	n := crc32.ChecksumIEEE([]byte(c.ID))
	level := 0
	if n%10 == 0 {
		level = 2 + int(n/10%2) // gold, diamond
	}
	return sign(secret, claims{Sub: run + "-" + c.ID, Name: c.Name, Phone: fmt.Sprintf("138%08d", n%100_000_000), Level: level, Exp: time.Now().Add(24 * time.Hour).Unix()})
}

func (p *parent) lookAgain() {
	select {
	case p.fresh <- struct{}{}:
	default:
	}
}

// looker asks the product, after each finished customer, kill and flush, what
// it has stored of every customer that has left.
func (p *parent) looker(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.fresh:
		}
		if p.in.Server.WaitReady(ctx) != nil {
			return
		}
		p.mu.Lock()
		trails := p.trails
		p.mu.Unlock()
		for _, t := range trails {
			p.lookUp(ctx, t)
		}
		sleep(ctx, time.Second)
	}
}

// lookUp compares one customer; what cannot be asked now is asked again.
func (p *parent) lookUp(ctx context.Context, t Trail) {
	if err := look(ctx, p.ledger, p.in.Server.Base, p.in.Channel, t); err != nil {
		p.lookAgain()
	}
}

// writeLogins keeps the passwords where only their owner reads them.
func writeLogins(path string, logins []Login) error {
	b, err := json.MarshalIndent(map[string]any{"logins": logins}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}

func readLogins(path string) ([]Login, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f struct {
		Logins []Login `json:"logins"`
	}
	return f.Logins, json.Unmarshal(b, &f)
}

var _ Control = (*parent)(nil)
