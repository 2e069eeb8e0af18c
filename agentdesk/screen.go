package agentdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/websocket"

	"zongji/internal/zongji"
)

const (
	maxFrame   = 32 << 10 // bytes of one frame from a screen
	maxUnsent  = 256      // frames that wait for one screen; then it is slow
	maxMissed  = 200      // frames of one resume; beyond it a snapshot is cheaper
	helloWait  = 10 * time.Second
	writeWait  = 10 * time.Second
	lingerWait = time.Second // for a screen to see why it was cut
	frameBurst = 60
	frameRate  = 20.0             // a second
	askWait    = 20 * time.Second // for one request of a screen
)

var upgrader = websocket.Upgrader{
	ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: &sync.Pool{}, HandshakeTimeout: helloWait,
	CheckOrigin: func(*http.Request) bool { return true }, // checked after the upgrade, so that the close code tells
}

// screen is one open desk. Its reader is the request's goroutine, its writer
// one more; user and tab never change, what hub.mu guards is marked.
type screen struct {
	d     *Desk
	ws    *websocket.Conn
	user  int64
	tab   string
	token string
	out   chan []byte // limit maxUnsent
	done  chan struct{}
	once  sync.Once
	code  int
	why   string

	me       zongji.Actor  // hub.mu
	resuming bool          // hub.mu: entries are held until the missed ones are sent
	held     []zongji.Live // hub.mu, at most maxUnsent
	late     [][]byte      // hub.mu: frames beside the stream that came before the welcome
}

// socket serves one desk until it ends.
func (d *Desk) socket(c *gin.Context, _ zongji.Actor) error {
	if d.draining.Load() {
		return zongji.Errorf(zongji.Busy, "moving", "this node stops: connect again")
	}
	ws, err := upgrader.Upgrade(c.Writer, c.Request, nil)
	if err != nil {
		return nil // answered already
	}
	s := &screen{d: d, ws: ws, out: make(chan []byte, maxUnsent), done: make(chan struct{})}
	d.hub.mu.Lock()
	if d.hub.closed {
		s.cut(closeMoving, "moving")
	}
	d.hub.wg.Add(1)
	d.hub.mu.Unlock()
	defer d.hub.wg.Done()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.Request.Context()))
	defer cancel()
	if !d.sameOrigin(c.Request) {
		s.cut(closeDenied, "denied")
	}
	var writer sync.WaitGroup
	writer.Go(s.write)
	s.read(ctx)
	d.hub.leave(s)
	s.cut(websocket.CloseNormalClosure, "bye")
	writer.Wait()
	s.linger()
	return nil
}

// linger reads what the screen still sends until it has seen the close: a
// socket closed with unread bytes is reset, and the code would be lost.
func (s *screen) linger() {
	defer s.ws.Close()
	conn := s.ws.NetConn()
	_ = conn.SetReadDeadline(time.Now().Add(lingerWait))
	_, _ = io.CopyN(io.Discard, conn, 1<<20)
}

// sameOrigin reports whether the page that connects is ours. Who sends no
// Origin is no browser.
func (d *Desk) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	o, err := url.Parse(origin)
	if err != nil || o.Host == "" {
		return false
	}
	own, err := url.Parse(d.cfg.URL)
	return o.Host == r.Host || err == nil && o.Host == own.Host
}

// cut ends the screen with a code, once: the writer sends what waits, then the
// code. It never waits.
func (s *screen) cut(code int, why string) {
	s.once.Do(func() {
		s.code, s.why = code, why
		close(s.done)
	})
}

// push queues a frame; a screen that does not read is cut.
func (s *screen) push(b []byte) {
	select {
	case s.out <- b:
	default:
		s.cut(closeSlow, "slow")
	}
}

// give is push for what comes beside the stream: it waits for the welcome.
func (s *screen) give(b []byte) {
	if !s.resuming {
		s.push(b)
	} else if s.late = append(s.late, b); len(s.late) > maxUnsent {
		s.cut(closeSlow, "slow")
	}
}

// hold keeps an entry until the missed ones are sent.
func (s *screen) hold(l zongji.Live) {
	if len(s.held) >= maxUnsent {
		s.cut(closeSlow, "slow")
		return
	}
	s.held = append(s.held, l)
}

// write is the only writer of frames. When the screen is cut it sends what
// waits and the code.
func (s *screen) write() {
	defer func() { _ = s.ws.NetConn().SetReadDeadline(time.Now().Add(lingerWait)) }() // the reader ends too
	defer s.recover("screen writer")
	for {
		select {
		case b := <-s.out:
			if !s.send(b) {
				s.cut(closeSlow, "slow")
				_ = s.ws.Close()
				return
			}
		case <-s.done:
			for s.code != closeSlow {
				select {
				case b := <-s.out:
					if !s.send(b) {
						return
					}
					continue
				default:
				}
				break
			}
			_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(s.code, s.why), time.Now().Add(time.Second))
			return
		}
	}
}

func (s *screen) send(b []byte) bool {
	_ = s.ws.SetWriteDeadline(time.Now().Add(writeWait))
	return s.ws.WriteMessage(websocket.TextMessage, b) == nil
}

func (s *screen) ping() {
	if err := s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
		s.cut(closeSlow, "slow")
	}
}

// recover keeps a panic of one screen from ending the others.
func (s *screen) recover(what string) {
	if r := recover(); r != nil {
		s.d.log.Error(what+" panicked", "agent", s.user, "err", fmt.Sprint(r), "stack", string(debug.Stack()))
		s.cut(websocket.CloseInternalServerErr, "internal")
	}
}

// read is the only reader: hello, then requests one after the other, so that
// they take effect in the order in which they were sent.
func (s *screen) read(ctx context.Context) {
	defer s.recover("screen reader")
	s.ws.SetReadLimit(maxFrame)
	_ = s.ws.SetReadDeadline(time.Now().Add(helloWait))
	b, ok := s.next()
	if !ok {
		s.cut(closeBadFrame, "bad_frame")
		return
	}
	if !s.hello(ctx, b) {
		return
	}
	alive := func() {
		select {
		case <-s.done: // the writer has set the last deadline
		default:
			_ = s.ws.SetReadDeadline(time.Now().Add(pongWait))
		}
	}
	alive()
	s.ws.SetPongHandler(func(string) error { alive(); return nil })
	tokens, at := float64(frameBurst), time.Now()
	for {
		b, ok := s.next()
		if !ok {
			return
		}
		alive()
		now := time.Now()
		tokens = min(frameBurst, tokens+now.Sub(at).Seconds()*frameRate)
		at = now
		if tokens--; tokens < 0 {
			s.push(encode(answer{"t": "moving", "retry_ms": 5000 + rand.IntN(2000)}))
			s.cut(closeRate, "rate")
			return
		}
		if !s.serve(ctx, b) {
			return
		}
	}
}

// next returns the next text frame; false when the screen ended.
func (s *screen) next() ([]byte, bool) {
	kind, b, err := s.ws.ReadMessage()
	select {
	case <-s.done:
		return nil, false
	default:
	}
	if err == nil && kind != websocket.TextMessage {
		s.cut(closeBadFrame, "bad_frame")
	}
	if err == websocket.ErrReadLimit {
		s.cut(websocket.CloseMessageTooBig, "too_big")
	}
	return b, err == nil && kind == websocket.TextMessage
}

// hello opens the session, sends the welcome and what was missed.
func (s *screen) hello(ctx context.Context, b []byte) bool {
	var f hello
	if ok, err := decodeFrame(b, &f); !ok || err != nil || f.T != "hello" || len(f.Tab) > 64 {
		if err != nil {
			s.push(encode(fault(f.ID, err)))
		}
		s.cut(closeBadFrame, "bad_frame")
		return false
	}
	user, err := s.d.cfg.Auth.User(ctx, f.Token)
	if err == nil && !user.Role.May(zongji.PermDesk) {
		err = errDenied
	}
	var me zongji.Actor
	if err == nil {
		me, err = s.d.actor(ctx, user)
	}
	if err != nil {
		s.refuse(f.ID, err)
		return false
	}
	s.user, s.tab, s.token, s.me, s.resuming = user.ID, f.Tab, f.Token, me, true
	if !s.d.hub.enter(s) {
		s.cut(closeMoving, "moving")
		return false
	}
	s.resume(ctx, f)
	return true
}

func (s *screen) refuse(id int64, err error) {
	s.push(encode(fault(id, err)))
	switch zongji.KindOf(err) {
	case zongji.Unauthenticated:
		s.cut(closeNoLogin, "unauthenticated")
	case zongji.Denied:
		s.cut(closeDenied, "denied")
	default:
		s.d.log.Warn("screen refused", "err", err)
		s.cut(closeDown, "unavailable")
	}
}

// resume sends the welcome, then what came after f.Pos, then what came
// meanwhile. Too much or an unknown position is a snapshot.
func (s *screen) resume(ctx context.Context, f hello) {
	r := s.d.cfg.Router
	var missed []zongji.Live
	var frames [][]byte
	pos, resumed := "", false
	if f.Pos != "" {
		evs, head, err := r.Range(ctx, f.Pos)
		if err == nil {
			missed, pos, resumed = evs, head, true
		}
	}
	s.d.hub.mu.Lock()
	me := s.me
	s.d.hub.mu.Unlock()
	seen := map[string]bool{}
	probe := &screen{user: s.user, me: me}
	for _, l := range missed {
		seen[l.Pos] = true
		enc := encoded{l: l}
		if b := enc.For(probe); b != nil {
			frames = append(frames, b)
		}
	}
	if len(frames) > maxMissed {
		frames, resumed = nil, false
	}
	if !resumed {
		pos, seen = r.Head(ctx), nil
	}
	s.push(encode(answer{"t": "welcome", "re": f.ID, "pos": pos, "resumed": resumed, "me": s.d.status(s.user), "offers": s.offers(ctx), "now": s.d.now()}))
	for _, b := range frames {
		s.push(b)
	}
	s.d.hub.mu.Lock()
	defer s.d.hub.mu.Unlock()
	s.resuming = false
	for _, l := range s.held {
		enc := encoded{l: l}
		if b := enc.For(s); b != nil && !(l.Pos != "" && seen[l.Pos]) {
			s.push(b)
		}
	}
	for _, b := range s.late {
		s.push(b)
	}
	s.held, s.late = nil, nil
}

// offer is an offer with its card, as welcome lists them.
type offer struct {
	zongji.Offer
	Card card `json:"card"`
}

func (s *screen) offers(ctx context.Context) []offer {
	out := []offer{}
	for _, o := range s.d.cfg.Router.OffersOf(s.user) {
		if !o.Auto {
			out = append(out, offer{o, s.d.hub.card(ctx, o.Conv)})
		}
	}
	return out
}

// serve answers one request; false when the frame was so bad that the socket
// ends.
func (s *screen) serve(ctx context.Context, b []byte) bool {
	var f request
	ok, err := decodeFrame(b, &f)
	if !ok {
		s.cut(closeBadFrame, "bad_frame")
		return false
	}
	var a answer
	if err == nil {
		a, err = s.ask(ctx, f)
	}
	switch {
	case err != nil:
		s.push(encode(s.d.fault(f, err)))
	case a["t"] != nil: // not an answer to a request: pong
		s.push(encode(a))
	case f.ID != 0:
		if a == nil {
			a = answer{}
		}
		a["t"], a["re"] = "ok", f.ID
		s.push(encode(a))
	}
	return true
}

func (s *screen) ask(ctx context.Context, f request) (answer, error) {
	entry, known := s.d.hub.frames[f.T]
	if !known {
		return nil, zongji.Errorf(zongji.Invalid, "unknown_frame", "frames of type %.40q are not known", f.T)
	}
	s.d.hub.mu.Lock()
	me := s.me
	s.d.hub.mu.Unlock()
	if !me.Role.May(entry.Perm) {
		return nil, errDenied
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	return entry.serve(ctx, s, me, f)
}

// fault is the answer to a request that failed.
func fault(id int64, err error) answer {
	p := problemOf(err)
	a := answer{"t": "error", "re": id, "code": p.Code, "text": p.Detail}
	if p.Params != nil {
		a["params"] = p.Params
	}
	return a
}

func (d *Desk) fault(f request, err error) answer {
	d.logged("frame "+f.T, err)
	return fault(f.ID, err)
}

// recheck ends the screen when its session ended, and refreshes what it may
// see.
func (s *screen) recheck(ctx context.Context) {
	user, err := s.d.cfg.Auth.User(ctx, s.token)
	if err == nil && !user.Role.May(zongji.PermDesk) {
		err = errDenied
	}
	if err != nil {
		switch zongji.KindOf(err) {
		case zongji.Unauthenticated:
			s.cut(closeNoLogin, "unauthenticated")
		case zongji.Denied:
			s.cut(closeDenied, "denied")
		}
		return // SQL is down: the screen keeps what it had
	}
	me, err := s.d.actor(ctx, user)
	if err != nil {
		return
	}
	s.d.hub.mu.Lock()
	s.me = me
	s.d.hub.mu.Unlock()
}

// reasonOf reads why a conversation waits.
func reasonOf(e zongji.Event) string {
	var data zongji.RoutedData
	_ = json.Unmarshal(e.Data, &data) // the card then says nothing
	return data.Reason
}
