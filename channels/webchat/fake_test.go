package webchat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"zongji/channels"
	"zongji/internal/zongji"
)

// house is a small switchboard: it stores messages once, in order, and tells
// the channel of each, as the router does.
type house struct {
	mu      sync.Mutex
	chat    *Chat
	down    bool // storage answers errors
	blocked bool
	convs   map[string][]*talk
	seen    map[string]zongji.Message
	tokens  map[string]string
	files   map[string]zongji.File
	marks   []zongji.Inbound
	rates   []zongji.Inbound
	typed   []string
	ids     int64
	place   int
	noBus   bool
	quiet   bool // no events: as if the stream were broken
	bytes   map[string][]byte
	answer  func(*house, string, *talk, zongji.Inbound) // the other side, if any
}

type talk struct {
	id, rev int64
	status  string
	msgs    []zongji.VisitorMessage
}

var errDown = errors.New("disk on fire")

func (h *house) newest(thread string) *talk {
	if l := h.convs[thread]; len(l) > 0 {
		return l[len(l)-1]
	}
	return nil
}

func (h *house) id() int64 { h.ids++; return h.ids }

func (h *house) Accept(_ context.Context, in zongji.Inbound) (zongji.Stored, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.down:
		return zongji.Stored{}, errDown
	case h.blocked:
		return zongji.Stored{}, zongji.Errorf(zongji.Denied, "blocked", "blocked")
	case in.Text == "panic":
		panic("a bug")
	case in.Kind == zongji.InStatus:
		h.marks = append(h.marks, in)
		return zongji.Stored{}, nil
	case in.Kind == zongji.InRating:
		h.rates = append(h.rates, in)
		return zongji.Stored{}, nil
	}
	if m, ok := h.seen[in.ExtID]; ok {
		return zongji.Stored{Msg: m, Repeat: true}, nil
	}
	t := h.newest(in.Thread)
	if t == nil || t.status == "ended" && in.Fresh {
		t = &talk{id: h.id(), status: "bot"}
		h.convs[in.Thread] = append(h.convs[in.Thread], t)
	}
	if t.status == "ended" {
		t.status = "bot"
	}
	m := h.say(in.Thread, t, zongji.FromContact, in.Text, in.CID, in.Files)
	st := zongji.Message{ID: m.ID, Conv: t.id, Seq: m.Seq, From: m.From, Text: m.Text, At: m.At, CID: m.CID}
	h.seen[in.ExtID] = st
	if h.answer != nil {
		h.answer(h, in.Thread, t, in)
	}
	return zongji.Stored{Conv: zongji.Conversation{ID: t.id, Thread: in.Thread}, Msg: st}, nil
}

func (h *house) say(thread string, t *talk, from zongji.Party, text, cid string, files []zongji.File) zongji.VisitorMessage {
	return h.add(thread, t, zongji.VisitorMessage{From: from, Kind: zongji.KindText, Text: text, CID: cid, Files: files})
}

func (h *house) add(thread string, t *talk, m zongji.VisitorMessage) zongji.VisitorMessage {
	t.rev++
	m.ID, m.Conv, m.Seq, m.At = h.id(), t.id, int64(len(t.msgs))+1, zongji.NowMs(h.chat.Clock)
	t.msgs = append(t.msgs, m)
	if !h.quiet {
		h.chat.Deliver(zongji.VisitorEvent{Conv: t.id, Rev: t.rev, Thread: thread, Msg: &m, Status: t.status})
	}
	return m
}

// reply is an agent's message to the visitor.
func (h *house) reply(thread, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.say(thread, h.newest(thread), zongji.FromAgent, text, "", nil)
}

func (h *house) status(thread, status string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.newest(thread)
	t.status = status
	t.rev++
	h.chat.Deliver(zongji.VisitorEvent{Conv: t.id, Rev: t.rev, Thread: thread, Status: status})
}

func (h *house) Visit(_ context.Context, _ int64, thread string, after int64) (channels.VisitorView, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return channels.VisitorView{}, errDown
	}
	t := h.newest(thread)
	if t == nil {
		return channels.VisitorView{}, nil
	}
	v := channels.VisitorView{Conv: t.id, Rev: t.rev, Status: t.status}
	v.Messages = append(v.Messages, t.msgs[min(int(after), len(t.msgs)):]...)
	return v, nil
}

func (h *house) History(_ context.Context, _ int64, thread string, conv, before int64, limit int) ([]zongji.VisitorMessage, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []zongji.VisitorMessage
	for _, t := range h.convs[thread] {
		for _, m := range t.msgs {
			if t.id == conv && m.Seq >= before {
				break
			}
			all = append(all, m)
		}
		if t.id == conv {
			break
		}
	}
	return all[max(0, len(all)-limit):], nil
}

func (h *house) Place(context.Context, int64) (int, int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.place, h.place * 60, nil
}

func (h *house) Typing(_ context.Context, _ int64, text string, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.typed = append(h.typed, strconv.FormatBool(on)+":"+text)
}

func (h *house) End(_ context.Context, _ int64, thread string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.newest(thread); t != nil {
		t.status = "ended"
		return nil
	}
	return zongji.Errorf(zongji.NotFound, "no_conversation", "none")
}

func (h *house) Staffed(context.Context, int64) (bool, zongji.Ms) { return true, 0 }

func (h *house) ByToken(_ context.Context, _ int64, hash string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return "", errDown
	}
	if ext, ok := h.tokens[hash]; ok {
		return ext, nil
	}
	return "", zongji.Errorf(zongji.NotFound, "no_visitor", "none")
}

func (h *house) Put(_ context.Context, _ int64, hash, ext string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errDown
	}
	h.tokens[hash] = ext
	return nil
}

// Take is a bus without limits of its own: this node's buckets decide.
func (h *house) Take(context.Context, string, int, int, float64) (bool, time.Duration, error) {
	if h.noBus {
		return false, 0, errDown
	}
	return true, 0, nil
}

// shelf keeps uploads.
type shelf struct{ *house }

func (s shelf) Put(_ context.Context, name string, r io.Reader, limit int64) (zongji.File, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return zongji.File{}, err
	}
	if int64(len(b)) > limit {
		return zongji.File{}, zongji.Errorf(zongji.TooLarge, "too_large", "too large")
	}
	typ := http.DetectContentType(b)
	if !slices.Contains(theSizes.Types, strings.Split(typ, ";")[0]) {
		return zongji.File{}, zongji.Errorf(zongji.Invalid, "type_not_allowed", "type %s", typ)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := randomHex(16)
	f := zongji.File{ID: s.id(), Name: name, Type: typ, Size: int64(len(b)), URL: "/f/" + token + "/" + name}
	s.files[token] = f
	s.bytes[token] = b
	return f, nil
}

func (s shelf) PutRaw(ctx context.Context, name, _ string, r io.Reader, limit int64) (zongji.File, error) {
	return s.Put(ctx, name, r, limit)
}

func (s shelf) ByToken(_ context.Context, token string) (zongji.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[token]; ok {
		return f, nil
	}
	return zongji.File{}, zongji.Errorf(zongji.NotFound, "no_file", "none")
}

func (s shelf) Open(_ context.Context, f zongji.File) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _, _ := strings.Cut(strings.TrimPrefix(f.URL, "/f/"), "/")
	return io.NopCloser(bytes.NewReader(s.bytes[token])), nil
}

// clock is the real time plus what a test adds.
type clock struct {
	mu  sync.Mutex
	add time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.add)
}

func (c *clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	return zongji.Wall{}.Timer(min(d, beat/20))
}

func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add += d
}

// rig is one open account behind a real server.
type rig struct {
	*house
	clock *clock
	url   string
	stop  func()
}

func open(t testing.TB, set func(*zongji.ChannelAccount, *channels.Deps)) *rig {
	t.Helper()
	h := &house{convs: map[string][]*talk{}, seen: map[string]zongji.Message{}, tokens: map[string]string{}, files: map[string]zongji.File{}, bytes: map[string][]byte{}}
	r := &rig{house: h, clock: &clock{}}
	acct := zongji.ChannelAccount{ID: 7, Key: "shop", Name: "shop", Bot: true, Secret: "s3cret", Settings: map[string]string{
		"title": "客服|客服|Help", "menu": "退款|退款|Refund\n物流", "greeting": "您好", "greeting_en": "Hello"}}
	deps := channels.Deps{Log: slog.New(slog.DiscardHandler), Clock: r.clock, Shared: h, Blobs: shelf{h}, Desk: h, Visitors: h, Accept: h.Accept, FreeLoopback: true}
	if set != nil {
		set(&acct, &deps)
	}
	chat, err := Open(acct, deps)
	if err != nil {
		t.Fatal(err)
	}
	h.chat = chat
	srv := httptest.NewServer(chat.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chat.Run(ctx, h.Accept) }()
	r.url = srv.URL
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		srv.Close()
	})
	t.Cleanup(r.stop)
	return r
}

type obj = map[string]any

// client is a customer's socket.
type client struct {
	t  testing.TB
	ws *websocket.Conn
	id int
}

func (r *rig) dial(t testing.TB, hd http.Header) *client {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.url, "http")+"/ws", hd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	ws.SetReadDeadline(time.Now().Add(30 * time.Second))
	return &client{t: t, ws: ws}
}

func (c *client) tell(f obj) {
	if err := c.ws.WriteJSON(f); err != nil {
		c.t.Helper()
		c.t.Fatalf("write %v: %v", f, err)
	}
}

// until reads frames up to the first that fits.
func (c *client) until(fits func(obj) bool) obj {
	c.t.Helper()
	for {
		var f obj
		if err := c.ws.ReadJSON(&f); err != nil {
			c.t.Fatalf("read: %v", err)
		}
		if fits(f) {
			return f
		}
	}
}

func (c *client) type1(t string) obj {
	c.t.Helper()
	return c.until(func(f obj) bool { return f["t"] == t })
}

// ask sends a request and returns its answer.
func (c *client) ask(f obj) obj {
	c.t.Helper()
	c.id++
	f["id"] = c.id
	c.tell(f)
	return c.until(func(a obj) bool { return a["re"] == float64(c.id) })
}

// closed reads until the end and returns the close code.
func (c *client) closed() int {
	c.t.Helper()
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			var ce *websocket.CloseError
			if errors.As(err, &ce) {
				return ce.Code
			}
			c.t.Fatalf("no close frame: %v", err)
		}
	}
}

// visitor is a client that has said hello.
func (r *rig) visitor(t testing.TB, hello obj) (*client, obj) {
	t.Helper()
	c := r.dial(t, nil)
	if hello == nil {
		hello = obj{}
	}
	hello["t"] = "hello"
	w := c.ask(hello)
	if w["t"] != "welcome" {
		t.Fatalf("hello answered %v", w)
	}
	return c, w
}
