// Package agentdesk is what people and scripts speak with: the REST interface,
// the desk's socket, the web app, health and metrics. Every route and every
// socket frame stands in one list with its permission and its row scope
// (routes.go, frames.go).
package agentdesk

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"zongji/bot"
	"zongji/channels"
	"zongji/internal/auth"
	"zongji/internal/blob"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// Config is what a desk needs.
type Config struct {
	Store  *store.DB
	Router *router.Router
	Auth   *auth.Auth
	Blobs  *blob.Blobs
	Bot    *bot.Bot
	Bus    *bus.Bus // for the depths of queues
	Clock  zongji.Clock
	Log    *slog.Logger
	Zone   *time.Location // in which a day of the wall begins; nil = Asia/Shanghai

	Version string
	URL     string   // how browsers reach the product; its host is an allowed origin
	Trusted []string // networks whose X-Forwarded-For is believed

	Kinds []channels.Kind // the kinds of channel that this build knows

	Web    fs.FS        // the built web app; without index.html one page says how to build it
	Widget http.Handler // widget.js
	Demo   Demo         // nil outside the demo

	Gather prometheus.Gatherer // nil = the default one
}

// Desk serves people and scripts.
type Desk struct {
	cfg      Config
	log      *slog.Logger
	engine   *gin.Engine
	api      huma.API
	hub      *hub
	imports  imports
	people   people
	proof    proof
	assets   sync.Map      // name → *asset
	reading  chan struct{} // one place for each mail that is read
	draining atomic.Bool
}

// once sets what gin and huma keep in package variables.
var once sync.Once

// New wires a desk. It does no I/O.
func New(cfg Config) *Desk {
	once.Do(func() {
		gin.SetMode(gin.ReleaseMode)
		huma.NewError = newProblem
	})
	if cfg.Clock == nil {
		cfg.Clock = zongji.Wall{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Zone == nil {
		cfg.Zone = time.FixedZone("Asia/Shanghai", 8*3600)
	}
	if cfg.Gather == nil {
		cfg.Gather = prometheus.DefaultGatherer
	}
	d := &Desk{cfg: cfg, log: cfg.Log.With("part", "agentdesk"), proof: proof{wanted: make(chan struct{}, 1)},
		reading: make(chan struct{}, readers)}
	d.imports.init(cfg.Clock)
	d.hub = newHub(d)
	if cfg.Router != nil {
		cfg.Router.Listen(d.hub.live)
		cfg.Router.OnTyping(d.hub.typing)
	}
	d.engine = gin.New()
	d.engine.HandleMethodNotAllowed = true
	_ = d.engine.SetTrustedProxies(cfg.Trusted) // checked by configs
	d.engine.Use(d.recover, headers)
	d.engine.NoRoute(d.web)
	d.engine.NoMethod(func(c *gin.Context) {
		d.fail(c, &Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: c.Request.Method + " is not known here"})
	})
	d.api = humagin.New(d.engine, apiConfig(cfg.Version))
	for _, r := range d.routes() {
		r.mount(d, r)
	}
	return d
}

// Handler serves everything under one host.
func (d *Desk) Handler() http.Handler { return d.engine }

// Run serves the screens until ctx ends, then tells them to go elsewhere and
// waits for them.
func (d *Desk) Run(ctx context.Context) error {
	var side sync.WaitGroup
	side.Go(func() { d.runProof(ctx) })
	defer side.Wait()
	return d.hub.run(ctx)
}

// Drain makes /readyz say no, so that no new work comes; Run's end does the
// rest.
func (d *Desk) Drain() { d.draining.Store(true) }

func (d *Desk) now() zongji.Ms { return zongji.NowMs(d.cfg.Clock) }

// OpenAPI returns the description of the REST interface as JSON.
func OpenAPI(version string) ([]byte, error) {
	return New(Config{Version: version}).api.OpenAPI().MarshalJSON()
}
