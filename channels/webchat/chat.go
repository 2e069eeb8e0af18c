package webchat

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Chat is one webchat account: its page key, its sockets, its limits.
type Chat struct {
	channels.Deps
	acct    zongji.ChannelAccount
	origins origins
	hub     *hub
	limits  *limiter
	mux     *http.ServeMux
	asked   chan struct{}  // somebody began to wait
	wg      sync.WaitGroup // readers and writers
}

var (
	_ channels.Channel   = (*Chat)(nil)
	_ channels.EventSink = (*Chat)(nil)
	_ channels.Resumer   = (*Chat)(nil)
)

// Open makes the account ready; Run keeps its sockets alive.
func Open(a zongji.ChannelAccount, d channels.Deps) (*Chat, error) {
	d.Log = d.Log.With("part", "webchat", "channel", a.ID)
	c := &Chat{Deps: d, acct: a, origins: parseOrigins(a.Settings["origins"]), hub: newHub(), asked: make(chan struct{}, 1),
		limits: &limiter{clock: d.Clock, shared: d.Shared, prefix: "webchat:" + a.Key + ":",
			buckets: map[string]*bucket{}, sockets: map[string]int{}}}
	c.mux = c.routes()
	return c, nil
}

// Name returns the account's name.
func (c *Chat) Name() string { return c.acct.Name }

// Handler serves /ws, /files, /hello, /send, /messages and /config.
func (c *Chat) Handler() http.Handler { return c.mux }

// Send is not how customers with sockets are told; Deliver is. A message is
// delivered when the widget says so.
func (c *Chat) Send(context.Context, zongji.Outbound) (channels.Sent, error) {
	return channels.Sent{State: zongji.StateSent}, nil
}

// Deliver tells the visitor's sockets of an event. It never blocks.
func (c *Chat) Deliver(ev zongji.VisitorEvent) {
	if c.hub.deliver(ev) {
		select {
		case c.asked <- struct{}{}:
		default:
		}
	}
}

// Typing tells the visitor that somebody writes. It never blocks.
func (c *Chat) Typing(conv int64, name string, on bool) {
	c.hub.typing(zongji.NowMs(c.Clock), conv, name, on)
}

// Resume makes all widgets connect again and ask for what they miss.
func (c *Chat) Resume() { c.move() }

// move sends the sockets away, spread over a moment by the widgets themselves.
func (c *Chat) move() {
	c.hub.each(func(s *socket) {
		s.push(encode(answer{T: "moving", RetryMs: int64(jitter())}))
		s.stop(closeMoving, "moving")
	})
}

// Run keeps the sockets alive until ctx ends, then sends them to another node
// and waits for them.
func (c *Chat) Run(ctx context.Context, _ channels.Accept) error {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.beat(gctx) })
	g.Go(func() error { return c.places(gctx) })
	err := g.Wait()
	c.hub.close()
	c.move()
	late := time.AfterFunc(closeWait, func() { c.hub.each(func(s *socket) { s.ws.NetConn().Close() }) })
	defer late.Stop()
	c.wg.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// beat is the one pulse of all sockets.
func (c *Chat) beat(ctx context.Context) error {
	for n := 1; ; n++ {
		if err := c.sleep(ctx, beat, nil); err != nil {
			return err
		}
		now := zongji.NowMs(c.Clock)
		c.hub.each(func(s *socket) { s.tick(now) })
		if n%60 == 0 {
			c.limits.sweep()
		}
	}
}

// places tells waiting visitors their place: at once when they begin to wait,
// then every few seconds if it changed.
func (c *Chat) places(ctx context.Context) error {
	next := c.Clock.Now().Add(placeEvery)
	for {
		if err := c.sleep(ctx, next.Sub(c.Clock.Now()), c.asked); err != nil {
			return err
		}
		all := !c.Clock.Now().Before(next)
		if all {
			next = c.Clock.Now().Add(placeEvery)
		}
		for _, conv := range c.hub.waits(!all) {
			place, waitS, err := c.place(ctx, conv)
			if err != nil {
				break // the live side is down: they keep what they know
			}
			c.hub.placed(conv, place, waitS)
		}
	}
}

func (c *Chat) place(ctx context.Context, conv int64) (place, waitS int, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	return c.Desk.Place(ctx, conv)
}

// sleep waits for d, for a word on early, or for the end of ctx.
func (c *Chat) sleep(ctx context.Context, d time.Duration, early <-chan struct{}) error {
	t, stop := c.Clock.Timer(d)
	defer stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t:
	case <-early:
	}
	return nil
}

// upgrader keeps little per socket: 512 bytes to read into, and write buffers
// that are borrowed for one frame. Origins are checked after the upgrade, so
// that the widget hears why.
var upgrader = websocket.Upgrader{
	HandshakeTimeout: writeWait,
	ReadBufferSize:   512,
	WriteBufferSize:  2048,
	WriteBufferPool:  &sync.Pool{},
	CheckOrigin:      func(*http.Request) bool { return true },
}

// serveSocket turns a request into a socket with a goroutine of its own, so
// that the server's memory for the request is free again.
func (c *Chat) serveSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	now := zongji.NowMs(c.Clock)
	s := &socket{chat: c, ws: ws, ip: c.clientIP(r), since: now, pinged: now, frames: bucket{left: frameBurst, at: now}}
	s.alive()
	few, in := c.limits.enter(s.ip), c.hub.enter(s, c.wg.Add)
	if !in {
		c.limits.leave(s.ip)
		ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeMoving, "moving"), time.Now().Add(time.Second))
		ws.Close()
		return
	}
	switch {
	case c.acct.Disabled:
		s.stop(closeDenied, "disabled")
	case !c.origins.allow(r):
		s.stop(closeDenied, "origin")
	case !few:
		s.bye(closeRate, "rate")
	}
	go func() {
		defer c.wg.Done()
		s.read()
	}()
}
