package webchat

import (
	"bytes"
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"zongji/internal/zongji"
)

// Close codes: docs/protocol.md §1.
const (
	closeMoving      = websocket.CloseGoingAway
	closeTooBig      = websocket.CloseMessageTooBig
	closeBadFrame    = 4400
	closeNoSession   = 4401
	closeDenied      = 4403
	closeSlow        = 4408
	closeReplaced    = 4409
	closeRate        = 4429
	closeUnavailable = 4503
)

// socket is one visitor's connection. Its only steady cost is one reading
// goroutine: a writer runs while there is something to write, and pings and
// deadlines come from the one loop in Chat.Run.
type socket struct {
	chat  *Chat
	ws    *websocket.Conn
	ip    string
	since zongji.Ms
	heard atomic.Int64 // zongji.Ms of the last sign of life

	tab   string // hub's lock
	guest *guest // set once by hub.join; reader and hub

	mu      sync.Mutex
	queue   [][]byte // an empty frame is a ping
	unsent  int      // bytes of the queue and of what the writer holds
	held    [][]byte // what came before the welcome; counts as unsent
	ready   bool     // welcomed
	writing bool
	gone    bool // the reader has ended
	code    int  // close code, once closing
	reason  string
	ended   zongji.Ms // when closing began
	pinged  zongji.Ms

	// The reader's own.
	visitor            *visitor
	frames             bucket
	typedAt            zongji.Ms
	markConv, saw, got int64
}

// push queues what the hub has to say and never blocks; a client that lets it
// pile up is cut and resumes later. Before the welcome it is held back.
func (s *socket) push(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		s.add(frame)
	} else if len(s.held) < maxQueue && s.unsent < maxUnsent {
		s.held = append(s.held, frame)
		s.unsent += len(frame)
	} else {
		s.stopLocked(closeSlow, "slow")
	}
}

// say queues an answer.
func (s *socket) say(frame any) {
	b := encode(frame)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(b)
}

func (s *socket) add(frame []byte) {
	switch {
	case s.code != 0 || s.gone:
	case len(s.queue) >= maxQueue, s.unsent > 0 && s.unsent+len(frame) > maxUnsent:
		s.queue = nil
		s.stopLocked(closeSlow, "slow")
		s.ws.NetConn().SetWriteDeadline(time.Now().Add(closeWait)) // frees a writer that is stuck
	default:
		s.queue = append(s.queue, frame)
		s.unsent += len(frame)
		s.wake()
	}
}

// open sends the welcome, then everything that came since the socket joined.
func (s *socket) open(w *welcome) {
	b := encode(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held
	s.held, s.ready, s.unsent = nil, true, 0
	s.add(b)
	for _, frame := range held {
		s.add(frame)
	}
}

// stop ends the socket with a code after what is queued has been written.
func (s *socket) stop(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopLocked(code, reason)
}

func (s *socket) stopLocked(code int, reason string) {
	if s.code != 0 || s.gone {
		return
	}
	s.held = nil
	s.code, s.reason, s.ended = code, reason, zongji.NowMs(s.chat.Clock)
	s.wake()
}

// wake starts the writer unless it runs.
func (s *socket) wake() {
	if !s.writing && !s.gone {
		s.writing = true
		s.chat.wg.Go(s.write)
	}
}

// write empties the queue and ends. A panic ends this socket alone.
func (s *socket) write() {
	defer s.recover()
	for {
		s.mu.Lock()
		batch, code, reason := s.queue, s.code, s.reason
		s.queue = nil
		if len(batch) == 0 {
			if code == 0 || s.gone {
				s.writing = false
				s.mu.Unlock()
				return
			}
			s.mu.Unlock() // writing stays true: the goodbye is the last frame
			s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(closeWait))
			return
		}
		s.mu.Unlock()
		for _, frame := range batch {
			kind := websocket.TextMessage
			if len(frame) == 0 {
				kind = websocket.PingMessage
			}
			s.ws.SetWriteDeadline(time.Now().Add(writeWait))
			if err := s.ws.WriteMessage(kind, frame); err != nil {
				s.ws.NetConn().Close() // the reader notices
				return
			}
			if s.wrote(len(frame)) {
				break
			}
		}
	}
}

// wrote notes a frame that is sent and reports whether the rest of a batch is
// not worth writing.
func (s *socket) wrote(n int) (cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsent -= n
	return s.code == closeSlow || s.gone
}

// closing reports whether the goodbye has begun.
func (s *socket) closing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code != 0
}

// tick is one look of the beat: pings, deadlines, overdue goodbyes.
func (s *socket) tick(now zongji.Ms) {
	s.mu.Lock()
	ready, code, ended := s.ready, s.code, s.ended
	ping := ready && code == 0 && now.Sub(s.pinged) >= pingEvery
	if ping {
		s.pinged = now
	}
	s.mu.Unlock()
	switch {
	case code != 0:
		if now.Sub(ended) > closeWait {
			s.ws.NetConn().Close()
		}
	case !ready && now.Sub(s.since) >= helloWait:
		s.stop(closeBadFrame, "no hello")
	case now.Sub(zongji.Ms(s.heard.Load())) >= silence:
		s.ws.NetConn().Close()
	case ping:
		s.push(nil)
	}
}

// buffers holds what one frame is read into.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read serves the socket until it ends. One socket's panic ends that socket.
func (s *socket) read() {
	defer s.end()
	defer s.recover()
	s.ws.SetReadLimit(maxFrame)
	s.ws.SetPongHandler(func(string) error { s.alive(); return nil })
	s.ws.SetCloseHandler(func(code int, _ string) error {
		s.stop(code, "")
		return nil
	})
	for {
		kind, r, err := s.ws.NextReader()
		if err == nil {
			err = s.frame(kind, r)
		}
		if errors.Is(err, websocket.ErrReadLimit) {
			s.stop(closeTooBig, "too_big")
			s.linger()
			return
		}
		if err != nil {
			if !s.closing() { // broken framing gets its goodbye, a dead line hears nothing
				s.stop(closeBadFrame, "bad_frame")
				s.linger()
			}
			return
		}
	}
}

// frame reads one message into a borrowed buffer and serves it.
func (s *socket) frame(kind int, r io.Reader) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(r); err != nil {
		return err
	}
	s.alive()
	if s.closing() {
		return nil // what comes after the goodbye is not answered
	}
	if kind != websocket.TextMessage {
		s.stop(closeBadFrame, "binary")
		return nil
	}
	s.serve(buf.Bytes())
	return nil
}

func (s *socket) alive() { s.heard.Store(int64(zongji.NowMs(s.chat.Clock))) }

// linger reads what is on its way, so that the goodbye is not overtaken by
// the reset that closing with unread bytes causes.
func (s *socket) linger() {
	conn := s.ws.NetConn()
	conn.SetReadDeadline(time.Now().Add(closeWait))
	io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
}

// recover ends a socket whose goroutine panicked; deferred alone.
func (s *socket) recover() {
	if p := recover(); p != nil {
		s.chat.Log.Error("socket panicked", "panic", p, "stack", string(debug.Stack()))
		s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeUnavailable, "internal"), time.Now().Add(time.Second))
		s.ws.NetConn().Close()
	}
}

// end takes the socket out of everything.
func (s *socket) end() {
	s.chat.hub.leave(s)
	s.chat.limits.leave(s.ip)
	s.mu.Lock()
	s.gone, s.queue = true, nil
	s.mu.Unlock()
	s.ws.NetConn().Close()
}
