// Package client drives a running product from outside, over the sockets and
// REST of docs/protocol.md: a customer (Visitor) and an agent (Agent) that
// keep what is unsent, reconnect and resume as the widget and the desk do.
// Demonstrations, benches and proofs are built on it.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	firstBackoff = 50 * time.Millisecond // shorter than a browser's: clients here wait for tests and people
	maxBackoff   = 2 * time.Second
	writeWait    = 5 * time.Second
	readWait     = 70 * time.Second // the server pings every 25 s
	replyWait    = 10 * time.Second // then the request is sent again on a new socket, where that is safe
)

// ErrFinal says that the server does not want this client back: wrong token,
// origin or identity.
var ErrFinal = errors.New("client: refused for good")

// Error is an answer {"t":"error"} or a problem of REST.
type Error struct {
	Code string
	Text string
}

func (e *Error) Error() string { return e.Code + ": " + e.Text }

// CodeOf returns the code of an answered error, "" for any other.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// link is a socket that comes back: one goroutine (run) owns the connection;
// do may be called from anywhere.
type link struct {
	urls    []string                          // nodes: each try takes the next
	origin  string                            // "" = the node's own
	hello   func() map[string]any             // the first frame, made anew for each connection
	welcome func(json.RawMessage) error       // its answer, before anything else is handed on
	push    func(t string, b json.RawMessage) // frames without re, in order

	tries   int // belongs to run
	mu      sync.Mutex
	ws      *websocket.Conn // nil while away
	up      chan struct{}   // closed when ws is there, or never will be; replaced when it goes
	dead    error           // why run ended
	next    int64
	waiting map[int64]chan json.RawMessage
}

type head struct {
	T    string `json:"t"`
	Re   int64  `json:"re"`
	Code string `json:"code"`
	Text string `json:"text"`
}

var dialer = &websocket.Dialer{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   1024,
	WriteBufferSize:  1024,
	WriteBufferPool:  &sync.Pool{},
	NetDialContext:   (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
}

func (l *link) init() {
	l.up = make(chan struct{})
	l.waiting = map[int64]chan json.RawMessage{}
}

// run connects and reconnects until ctx ends or the server refuses for good.
func (l *link) run(ctx context.Context) (err error) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.dead = err; err == nil {
			l.dead = errGone
		}
		close(l.up)
	}()
	back := firstBackoff
	for {
		began := time.Now()
		err := l.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrFinal) {
			return err
		}
		if time.Since(began) > 5*time.Second {
			back = firstBackoff
		}
		pause := time.Duration(float64(back) * (0.7 + 0.6*rand.Float64()))
		if websocket.IsCloseError(err, 4429) {
			pause = 5 * time.Second
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		back = min(back*2, maxBackoff)
	}
}

// once serves one connection until it ends.
func (l *link) once(ctx context.Context) error {
	url := l.urls[l.tries%len(l.urls)]
	l.tries++
	origin := l.origin
	if origin == "" {
		node, _, _ := strings.Cut(url, "/ws/")
		origin = "http" + strings.TrimPrefix(node, "ws")
	}
	ws, resp, err := dialer.DialContext(ctx, url, http.Header{"Origin": {origin}})
	if err != nil {
		if resp != nil && (resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound) {
			return fmt.Errorf("%w: %s", ErrFinal, resp.Status)
		}
		return err
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	ws.SetReadLimit(8 << 20)
	ws.SetPingHandler(func(s string) error {
		_ = ws.SetReadDeadline(time.Now().Add(readWait))
		return ws.WriteControl(websocket.PongMessage, []byte(s), time.Now().Add(writeWait))
	})
	_ = ws.SetReadDeadline(time.Now().Add(replyWait))
	_ = ws.SetWriteDeadline(time.Now().Add(writeWait))
	if err := ws.WriteJSON(l.hello()); err != nil {
		return err
	}
	first, err := read(ws)
	if err != nil {
		return err
	}
	var h head
	if err := json.Unmarshal(first, &h); err != nil {
		return err
	}
	if h.T != "welcome" {
		return &Error{h.Code, h.Text}
	}
	if err := l.welcome(first); err != nil {
		return err
	}
	l.mu.Lock()
	l.ws = ws
	close(l.up)
	l.mu.Unlock()
	defer l.down()
	for {
		_ = ws.SetReadDeadline(time.Now().Add(readWait))
		b, err := read(ws)
		if err != nil {
			return err
		}
		var h head
		if err := json.Unmarshal(b, &h); err != nil {
			return err
		}
		if h.Re == 0 {
			l.push(h.T, b)
			continue
		}
		l.mu.Lock()
		c := l.waiting[h.Re]
		delete(l.waiting, h.Re)
		l.mu.Unlock()
		if c != nil {
			c <- b
		}
	}
}

func read(ws *websocket.Conn) (json.RawMessage, error) {
	_, b, err := ws.ReadMessage()
	if websocket.IsCloseError(err, 4401, 4403) {
		return nil, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	return b, err
}

// down forgets the connection; whoever waits for an answer is told.
func (l *link) down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ws = nil
	l.up = make(chan struct{})
	for id, c := range l.waiting {
		close(c)
		delete(l.waiting, id)
	}
}

// cut closes the connection under the client's feet, as a bad network does.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ws != nil {
		l.ws.UnderlyingConn().Close()
	}
}

var errGone = errors.New("client: left")

var errAway = errors.New("client: the connection went before the answer came")

// do sends one frame and waits for its answer. errAway means that nobody
// knows whether it was handled.
func (l *link) do(ctx context.Context, frame map[string]any, answer any) error {
	l.mu.Lock()
	for l.ws == nil {
		up := l.up
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-up:
		}
		l.mu.Lock()
		if l.dead != nil {
			defer l.mu.Unlock()
			return l.dead
		}
	}
	l.next++
	id := l.next
	c := make(chan json.RawMessage, 1)
	l.waiting[id] = c
	f := map[string]any{"id": id}
	for k, v := range frame {
		f[k] = v
	}
	_ = l.ws.SetWriteDeadline(time.Now().Add(writeWait))
	err := l.ws.WriteJSON(f)
	if err != nil {
		l.ws.Close()
	}
	l.mu.Unlock()
	timeout := time.NewTimer(replyWait)
	defer timeout.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		l.cut()
		return errAway
	case b, ok := <-c:
		if !ok {
			return errAway
		}
		var h head
		if err := json.Unmarshal(b, &h); err != nil {
			return err
		}
		if h.T == "error" {
			return &Error{h.Code, h.Text}
		}
		if answer == nil {
			return nil
		}
		return json.Unmarshal(b, answer)
	}
}

// sure does what do does until an answer came. Only for frames that carry a
// client id or may be repeated without harm.
func (l *link) sure(ctx context.Context, frame map[string]any, answer any) error {
	for {
		err := l.do(ctx, frame, answer)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var e *Error
		switch {
		case errors.Is(err, errAway):
			continue
		case errors.As(err, &e) && (e.Code == "unavailable" || e.Code == "rate"):
			pause(ctx)
			continue
		}
		return err
	}
}

// say sends a frame that has no answer; it is lost while the link is down.
func (l *link) say(frame map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ws == nil {
		return
	}
	_ = l.ws.SetWriteDeadline(time.Now().Add(writeWait))
	if err := l.ws.WriteJSON(frame); err != nil {
		l.ws.Close()
	}
}

// wsURLs returns path at base and, where there are more nodes, at those.
func wsURLs(base string, more []string, path string) []string {
	var urls []string
	for _, b := range append([]string{base}, more...) {
		urls = append(urls, "ws"+strings.TrimPrefix(strings.TrimRight(b, "/"), "http")+path)
	}
	return urls
}

// pause waits a moment before a failed request is tried again.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
}
