package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wechattest"
	"zongji/internal/zongji"
)

const (
	appSecret = "0123456789abcdef0123456789abcdef"
	appToken  = "CallbackToken0123456789"
	aesKey    = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	oldKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	signing   = "the company's own secret"
)

// store is a router that keeps what it accepts, once.
type store struct {
	mu   sync.Mutex
	err  error
	ins  []zongji.Inbound
	seen map[string]bool
	wait time.Duration
}

func (s *store) accept(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
	s.mu.Lock()
	wait := s.wait
	s.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return zongji.Stored{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return zongji.Stored{}, s.err
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	if s.seen[in.ExtID] {
		return zongji.Stored{Repeat: true}, nil
	}
	s.seen[in.ExtID] = true
	s.ins = append(s.ins, in)
	return zongji.Stored{}, nil
}

func (s *store) set(err error, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.wait = err, wait
}

func (s *store) all() []zongji.Inbound {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]zongji.Inbound(nil), s.ins...)
}

// last waits for the newest inbound of an event or kind.
func (s *store) last(t testing.TB, what string) zongji.Inbound {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		all := s.all()
		for i := len(all) - 1; i >= 0; i-- {
			if in := all[i]; in.Event == what || string(in.Kind) == what {
				return in
			}
		}
	}
	t.Fatalf("no inbound %s came", what)
	return zongji.Inbound{}
}

// shelf keeps files.
type shelf struct {
	mu    sync.Mutex
	files map[int64][]byte
}

func (s *shelf) PutRaw(ctx context.Context, name, _ string, src io.Reader, limit int64) (zongji.File, error) {
	return s.Put(ctx, name, src, limit)
}

func (s *shelf) Put(_ context.Context, name string, r io.Reader, limit int64) (zongji.File, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return zongji.File{}, err
	}
	if len(b) == 0 {
		return zongji.File{}, zongji.Errorf(zongji.Invalid, "empty_file", "the file is empty")
	}
	t := http.DetectContentType(b)
	if strings.HasPrefix(string(b), "#!AMR") {
		t = "audio/amr"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = map[int64][]byte{}
	}
	id := int64(len(s.files) + 1)
	s.files[id] = b
	return zongji.File{ID: id, Name: name, Type: t, Size: int64(len(b)), URL: fmt.Sprintf("/f/%032d/%s", id, name)}, nil
}

func (s *shelf) ByToken(context.Context, string) (zongji.File, error) {
	return zongji.File{}, zongji.Errorf(zongji.NotFound, "no_file", "no such file")
}

func (s *shelf) Open(_ context.Context, f zongji.File) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[f.ID]
	if !ok {
		return nil, zongji.Errorf(zongji.NotFound, "no_file", "no such file")
	}
	return io.NopCloser(strings.NewReader(string(b))), nil
}

// world is one account with its WeChat, over real HTTP on both sides.
type world struct {
	*wechattest.Server
	t     testing.TB
	app   *wechattest.App
	acct  *Account
	set   zongji.ChannelAccount
	kind  channels.Kind
	edge  *httptest.Server
	store *store
	shelf *shelf
	keep  *channeltest.Keep
	ming  *wechattest.User
	logs  *lines

	mu       sync.Mutex
	problems []string
	health   channels.Health
}

// lines keeps a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newWorld opens a WeChat and an account of it in a mode; change alters the
// account on both sides.
func newWorld(t testing.TB, mode string, change func(*wechattest.Account, *zongji.ChannelAccount)) *world {
	t.Helper()
	w := &world{Server: wechattest.New(wechattest.Options{RetryAfter: 500 * time.Millisecond, Risky: []string{"违禁"}}), t: t, store: &store{}, shelf: &shelf{}, keep: &channeltest.Keep{}, logs: &lines{}}
	if err := w.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	wa := wechattest.Account{AppID: "wx1", Secret: appSecret, Token: appToken, AESKey: aesKey, Mode: wechattest.Mode(mode)}
	w.set = zongji.ChannelAccount{ID: 7, Kind: "wechat", Name: "公众号", Key: "oa", Secret: signing,
		Settings: map[string]string{"appid": "wx1", "mode": mode, "api_base": w.URL()},
		Secrets:  map[string]string{"secret": appSecret, "token": appToken, "aes_key": aesKey}}
	if change != nil {
		change(&wa, &w.set)
	}
	w.edge = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.acct.Handler().ServeHTTP(rw, r) }))
	w.edge.Start()
	t.Cleanup(w.edge.Close)
	wa.Callback = w.edge.URL + "/"
	if w.set.Settings["type"] == mini {
		w.app = w.MiniProgram(wa)
	} else {
		w.app = w.OfficialAccount(wa)
	}
	w.kind = Kind()
	w.open()
	w.ming = w.User("小明", "union-of-ming-0123456789")
	return w
}

// open opens the account, as a node does at its start.
func (w *world) open() {
	w.t.Helper()
	ch, err := w.kind.Open(w.t.Context(), w.set, channels.Deps{Log: slog.New(slog.NewTextHandler(w.logs, nil)), Clock: zongji.Wall{}, Blobs: w.shelf, Keep: w.keep,
		Accept: w.store.accept, URL: "https://cs.example.com", Problem: func(code, text string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.problems = append(w.problems, code+" "+text)
		}, Health: func(h channels.Health) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.health = h
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.acct = ch.(*Account)
}

// run runs the account until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.acct.Run(ctx, w.store.accept) }()
	w.t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			w.t.Error("Run did not end with its ctx")
		}
	})
}

func (w *world) told() (problems string, h channels.Health) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.problems, "\n"), w.health
}

// must fails the test when WeChat was not answered as it wants.
func (w *world) must(d wechattest.Delivery) wechattest.Delivery {
	w.t.Helper()
	if d.Err != nil {
		w.t.Fatalf("callback: %v (status %d)", d.Err, d.Status)
	}
	return d
}

// in returns the only inbound that came.
func (w *world) in() zongji.Inbound {
	w.t.Helper()
	all := w.store.all()
	if len(all) == 0 {
		w.t.Fatal("nothing was accepted")
	}
	return all[len(all)-1]
}

// send sends a message to Ming as outbox row row.
func (w *world) send(row int64, m zongji.Message) (channels.Sent, error) {
	openid := w.ming.OpenID(w.app)
	return w.acct.Send(w.t.Context(), zongji.Outbound{ID: row, Msg: m, Thread: openid, To: zongji.Identity{Ext: openid}, Conv: zongji.Conversation{Lang: "zh-CN"}})
}

func class(err error) channels.Class {
	var se *channels.SendError
	if !errors.As(err, &se) {
		return ""
	}
	return se.Class
}
