package wechattest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"zongji/internal/zongji"
)

// Options are set once; the zero value is WeChat as it is.
type Options struct {
	Clock zongji.Clock // nil: the wall clock. Windows, tokens and days follow it; waiting on the network is real time
	// RetryAfter is how long a callback may take; then it is closed and sent
	// again, three tries in all. 0: 5 s, as WeChat does.
	RetryAfter time.Duration
	// ClickShortens lets a click, scan or tap replace an open 48 h window by
	// its 3 messages in 1 minute. WeChat's documents do not say; false keeps
	// both and spends those of the click first.
	ClickShortens bool
	Risky         []string // texts that contain one of these are refused with 87014
}

// Server is one WeChat. Make it with New.
type Server struct {
	opt    Options
	http   *http.Client // for callbacks
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // what WeChat does by itself
	srv    *http.Server
	url    string
	sim    http.Handler

	endpoints map[string]endpoint // by path

	// began is when the server was made. Numbers, openids and cursors grow
	// from it, so that those of a restarted server are new ones.
	began int64 // ms

	mu      sync.Mutex
	ahead   time.Duration // by Jump
	seq     int64
	apps    []*App
	corps   []*Corp
	users   []*User
	byExt   map[string]*User // owner + "/" + openid or external_userid
	grants  map[string]*grant
	media   map[string]*media
	qrs     map[string]*qr
	knobs   knobs
	calls   map[Count]int
	refused []Refusal
}

// New returns a server without accounts and users; it does nothing by itself.
func New(opt Options) *Server {
	if opt.Clock == nil {
		opt.Clock = zongji.Wall{}
	}
	if opt.RetryAfter == 0 {
		opt.RetryAfter = 5 * time.Second
	}
	s := &Server{opt: opt, byExt: map[string]*User{}, grants: map[string]*grant{}, media: map[string]*media{}, qrs: map[string]*qr{},
		calls: map[Count]int{}, knobs: newKnobs(), endpoints: table(),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxIdle, MaxIdleConns: maxIdle},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s.began = s.opt.Clock.Now().UnixMilli()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.sim = s.simRoutes()
	return s
}

// maxIdle is how many connections to callbacks are kept for the next ones.
const maxIdle = 512

// Start listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func (s *Server) Start(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.url = "http://" + ln.Addr().String()
	s.srv = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.srv.Serve(ln) }) // ends by Close
	return nil
}

// URL is where Start listens, without a final slash: the adapters' api_base.
func (s *Server) URL() string { return s.url }

// Close ends all connections and what runs in the background, and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	if s.srv != nil {
		_ = s.srv.Close()
	}
	s.work.Wait()
	s.http.CloseIdleConnections()
}

// Now is the server's time: the clock's, and what Jump added.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.opt.Clock.Now().Add(s.ahead) }

func (s *Server) nowMs() zongji.Ms { return zongji.MsOf(s.now()) }

// background runs fn so that Close waits for it.
func (s *Server) background(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.work.Go(fn)
	}
}

// nextID returns a message number as WeChat makes them: 64 bits, more than a
// JavaScript number holds.
func (s *Server) nextID() int64 {
	s.seq++
	return 24_000_000_000_000_000 + s.began*1000 + s.seq
}

// random returns n characters of base64url.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// digits returns a random number of up to nine digits, as nonces are.
func digits() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprint(binary.BigEndian.Uint32(b[:]) % 1_000_000_000)
}
