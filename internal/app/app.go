// Package app puts the parts together: one straight list of constructors.
package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"zongji/agentdesk"
	"zongji/agentdesk/web"
	"zongji/bot"
	"zongji/channels"
	"zongji/channels/email"
	"zongji/channels/webchat"
	"zongji/channels/webchat/widget"
	"zongji/channels/wechat"
	"zongji/channels/wecom"
	"zongji/configs"
	"zongji/internal/auth"
	"zongji/internal/blob"
	"zongji/internal/secret"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// How a node serves and stops. Who is slower with a request than readWait is
// cut (uploads set their own), who is slower with the answer than writeWait
// too (the largest file at 90 kB/s).
const (
	readWait   = 20 * time.Second
	writeWait  = 10 * time.Minute
	unreadyFor = time.Second      // so long /readyz says 503 before the door closes
	drainWait  = 15 * time.Second // for requests to end; then they are cut
)

// Options is what differs between serve and demo.
type Options struct {
	Version string
	Log     *slog.Logger
	Demo    func(*Parts) agentdesk.Demo // nil outside the demo
}

// Parts is a running installation, for those who look inside: doctor, demo.
type Parts struct {
	Config configs.Config
	Log    *slog.Logger
	Clock  zongji.Clock
	Reg    *prometheus.Registry
	Store  *store.DB
	Bus    *bus.Bus
	Bot    *bot.Bot
	Blobs  *blob.Blobs
	Auth   *auth.Auth
	Router *router.Router
	Desk   *agentdesk.Desk

	demo agentdesk.Demo // nil outside the demo
}

// Kinds lists the channel kinds.
func Kinds() []channels.Kind {
	return []channels.Kind{webchat.Kind(), wechat.Kind(), wecom.Kind(), email.Kind()}
}

// OpenStore opens the database of cfg, for commands that need no more.
func OpenStore(ctx context.Context, cfg configs.Config, log *slog.Logger, reg prometheus.Registerer) (*store.DB, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	sealer, err := openSealer(cfg)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{Node: cfg.Node, DSN: cfg.DB, Clock: zongji.Wall{}, Log: log, Sealer: sealer, Reg: reg})
}

// openSealer takes the configured secret or, on a single node, the one that
// lies in the data folder, made at the first start.
func openSealer(cfg configs.Config) (*secret.Sealer, error) {
	s := cfg.Secret
	if s == "" {
		path := filepath.Join(cfg.Data, "secret")
		b, err := os.ReadFile(path)
		switch {
		case err == nil:
			s = strings.TrimSpace(string(b))
		case errors.Is(err, os.ErrNotExist):
			raw := make([]byte, 32)
			rand.Read(raw)
			s = hex.EncodeToString(raw)
			if err := os.WriteFile(path, []byte(s+"\n"), 0o600); err != nil {
				return nil, fmt.Errorf("secret: %w", err)
			}
		default:
			return nil, fmt.Errorf("secret: %w", err)
		}
	}
	return secret.New(s)
}

func openBus(ctx context.Context, cfg configs.Config, log *slog.Logger) (*bus.Bus, error) {
	switch cfg.Bus {
	case "redis":
		return bus.OpenRedis(ctx, cfg.Redis)
	case "child":
		return bus.OpenChild(ctx, filepath.Join(cfg.Data, "redis"))
	}
	log.Info("bus in memory: one node only; queue places and offers are rebuilt from SQL at each start")
	return bus.NewMemory(), nil
}

// Open builds the parts; nothing runs yet. Close ends what it opened.
func Open(ctx context.Context, cfg configs.Config, opt Options) (_ *Parts, err error) {
	p := &Parts{Config: cfg, Log: opt.Log, Clock: zongji.Wall{}, Reg: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			_ = p.Close() // the first error tells more
		}
	}()
	p.Reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if p.Store, err = OpenStore(ctx, cfg, p.Log, p.Reg); err != nil {
		return nil, err
	}
	if err := firstRun(ctx, p.Store); err != nil {
		return nil, fmt.Errorf("first run: %w", err)
	}
	if p.Bus, err = openBus(ctx, cfg, p.Log); err != nil {
		return nil, err
	}
	p.Bot = bot.New(bot.Config{Clock: p.Clock})
	if p.Blobs, err = blob.Open(filepath.Join(cfg.Data, "blobs"), p.Store); err != nil {
		return nil, err
	}
	kinds := Kinds() // once: the accounts of a kind know each other
	p.Auth = auth.New(auth.Config{Store: p.Store, Clock: p.Clock, Loopback: cfg.Limits.Loopback})
	p.Router = router.New(router.Config{Store: p.Store, Bus: p.Bus, Bot: p.Bot, Clock: p.Clock, Log: p.Log, Reg: p.Reg, Node: cfg.Node,
		Kinds: kinds, Deps: channels.Deps{Blobs: p.Blobs, FreeLoopback: !cfg.Limits.Loopback}, KeepAudit: days(cfg.Keep.Audit), KeepAgent: days(cfg.Keep.Agent)})
	dc := agentdesk.Config{Router: p.Router, Store: p.Store, Auth: p.Auth, Blobs: p.Blobs, Bot: p.Bot, Bus: p.Bus, Kinds: kinds, Log: p.Log, Clock: p.Clock,
		URL: cfg.URL, Trusted: cfg.Trusted, Gather: p.Reg, Web: web.Files(), Widget: widget.Handler(), Version: opt.Version}
	if opt.Demo != nil {
		p.demo = opt.Demo(p)
		dc.Demo = p.demo
	}
	p.Desk = agentdesk.New(dc)
	return p, nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// Close closes bus and database.
func (p *Parts) Close() error {
	var errs []error
	if p.Bus != nil {
		errs = append(errs, p.Bus.Close())
	}
	if p.Store != nil {
		errs = append(errs, p.Store.Close())
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends, then drains: no new sockets, screens are told to
// move, what is being sent is finished.
func Run(ctx context.Context, cfg configs.Config, opt Options) error {
	began := time.Now()
	p, err := Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer p.Close()
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{Handler: p.Desk.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readWait, WriteTimeout: writeWait, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug)}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Router.Run(ctx) })
	g.Go(func() error { return p.Desk.Run(ctx) })
	if d, ok := p.demo.(interface{ Run(context.Context) error }); ok {
		g.Go(func() error { return d.Run(ctx) })
	}
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if cfg.Debug != "" {
		g.Go(func() error { return serveProfiles(ctx, cfg.Debug) })
	}
	g.Go(func() error {
		<-ctx.Done()
		p.Desk.Drain()
		time.Sleep(unreadyFor)
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWait)
		defer cancel()
		if err := srv.Shutdown(drain); errors.Is(err, context.DeadlineExceeded) {
			p.Log.Warn("requests cut: they did not end in time", "waited", drainWait)
			return srv.Close()
		} else {
			return err
		}
	})
	if needed, err := p.Auth.SetupNeeded(ctx); err == nil && needed {
		p.Log.Warn("nobody can log in yet: open /setup with this one-time code", "setup_code", p.Auth.SetupCode(), "listen", ln.Addr().String())
	}
	p.Log.Info("serving", "listen", ln.Addr().String(), "store", p.Store.Info().Kind, "bus", p.Bus.Kind, "version", opt.Version, "start_ms", time.Since(began).Milliseconds())
	err = g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// serveProfiles serves Go's profiles on a loopback address until ctx ends.
func serveProfiles(ctx context.Context, addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("debug: %w", err)
	}
	return nil
}
