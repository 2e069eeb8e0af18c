package wecom

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wechattest"
	"zongji/internal/zongji"
)

const (
	hang   = 20 * time.Second // a step that takes longer has failed
	corpID = "ww12345678910"
	kfID   = "wkAAAA"
	aesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	secret = "the-very-secret-of-the-app"
)

// world is WeCom, its customers, and a desk with one account.
type world struct {
	*wechattest.Server
	t    *testing.T
	corp *wechattest.Corp
	app  *wechattest.App
	ming *wechattest.User

	clock *shifted
	keeps map[string]*keep // by the key of their account
	desk  *desk
	shelf *shelf
	kind  channels.Kind
	logs  *lines
	edge  *httptest.Server // where callbacks arrive: /c/{key}/

	mu    sync.Mutex
	nodes map[string]*node // by the key of their account, the newest
	told  []channels.Health
	said  []string // codes of problems
}

// node is one process that runs the account.
type node struct {
	*Account
	stop func()
}

func newWorld(t *testing.T) *world {
	w := &world{Server: wechattest.New(wechattest.Options{}), t: t, clock: &shifted{}, keeps: map[string]*keep{}, shelf: &shelf{files: map[string][]byte{}},
		kind: Kind(), logs: &lines{}, nodes: map[string]*node{}}
	w.desk = &desk{seen: map[string]bool{}, convs: map[string]bool{}}
	if err := w.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	w.edge = httptest.NewServer(http.HandlerFunc(w.callback))
	t.Cleanup(w.edge.Close)
	w.corp = w.Corp(wechattest.CorpConfig{CorpID: corpID, Secret: secret, Token: "tok3n", AESKey: aesKey, Callback: w.edge.URL + "/c/kf"})
	w.app = w.corp.Account(kfID, "售后客服")
	w.ming = w.User("小明", "unionid-ming")
	return w
}

func (w *world) callback(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	n := w.nodes[strings.Split(r.URL.Path, "/")[2]]
	w.mu.Unlock()
	if n == nil {
		http.Error(rw, "being opened", http.StatusServiceUnavailable)
		return
	}
	n.Handler().ServeHTTP(rw, r)
}

func settings(base string) zongji.ChannelAccount {
	return zongji.ChannelAccount{ID: 7, Kind: "wecom", Name: "售后", Key: "kf",
		Settings: map[string]string{"corpid": corpID, "open_kfid": kfID, "api_base": base},
		Secrets:  map[string]string{"secret": secret, "token": "tok3n", "aes_key": aesKey}}
}

// open runs the account on another node, which callbacks reach from now on.
func (w *world) open() *node { return w.openAs(settings(w.URL()), w.kind) }

func (w *world) openAs(set zongji.ChannelAccount, kind channels.Kind) *node {
	w.t.Helper()
	deps := channels.Deps{Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Clock: w.clock, Blobs: w.shelf,
		Accept: w.desk.accept, Keep: w.keep(set.Key),
		Health: func(h channels.Health) { w.mu.Lock(); defer w.mu.Unlock(); w.told = append(w.told, h) },
		Problem: func(code, _ string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.said = append(w.said, code)
		}}
	ch, err := kind.Open(w.t.Context(), set, deps)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = ch.Run(ctx, deps.Accept)
	}()
	var once sync.Once
	n := &node{Account: ch.(*Account)}
	n.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case <-ended:
			case <-time.After(hang):
				w.t.Error("Run did not end with its ctx")
			}
		})
	}
	w.t.Cleanup(n.stop)
	w.mu.Lock()
	w.nodes[set.Key] = n
	w.mu.Unlock()
	return n
}

// healthy reports the newest state and the problems so far.
func (w *world) health() (channels.Health, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var h channels.Health
	if len(w.told) > 0 {
		h = w.told[len(w.told)-1]
	}
	return h, append([]string(nil), w.said...)
}

// until waits for what must become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(hang); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", hang, what)
		}
	}
}

// started waits for the first pass, before which nothing is a customer's.
func (w *world) started(n *node) {
	w.t.Helper()
	until(w.t, "the first pass", func() bool {
		s, _ := n.Keep.Get(context.Background(), keepSynced)
		return s != ""
	})
}

// out is a message for a customer.
func (w *world) out(u *wechattest.User, id int64, m zongji.Message) zongji.Outbound {
	m.ID = id
	if m.Kind == "" {
		m.Kind = zongji.KindText
	}
	return zongji.Outbound{ID: id, Msg: m, Thread: u.OpenID(w.app), To: zongji.Identity{Ext: u.OpenID(w.app)}, Try: 1,
		Conv: zongji.Conversation{ID: 1, Lang: "zh-CN", Thread: u.OpenID(w.app)}}
}

// sendError is the error of a send that must fail.
func sendError(t *testing.T, n *node, out zongji.Outbound) *channels.SendError {
	t.Helper()
	_, err := n.Send(t.Context(), out)
	var se *channels.SendError
	if !errors.As(err, &se) {
		t.Fatalf("Send: %v, want a *SendError", err)
	}
	return se
}

// desk stores each inbound once, as the router does.
type desk struct {
	mu    sync.Mutex
	ins   []zongji.Inbound
	seen  map[string]bool
	convs map[string]bool // threads with a conversation
	tries int
	fail  func(zongji.Inbound) error
	then  func(zongji.Inbound) // for new ones, outside the lock
}

func (d *desk) accept(_ context.Context, in zongji.Inbound) (zongji.Stored, error) {
	d.mu.Lock()
	d.tries++
	if d.fail != nil {
		if err := d.fail(in); err != nil {
			d.mu.Unlock()
			return zongji.Stored{}, err
		}
	}
	var st zongji.Stored
	if key := in.ExtID; in.Kind == zongji.InMessage || in.Kind == zongji.InEvent {
		st.Repeat = d.seen[key]
		d.seen[key] = true
	}
	if !st.Repeat {
		d.ins = append(d.ins, in)
		st.Opened = !d.convs[in.Thread] && (in.Kind == zongji.InMessage || in.Shown)
		d.convs[in.Thread] = d.convs[in.Thread] || st.Opened
	}
	then := d.then
	d.mu.Unlock()
	if then != nil && !st.Repeat {
		then(in)
	}
	return st, nil
}

func (d *desk) set(fn func(*desk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fn(d)
}

// got returns what was stored, without the profiles.
func (d *desk) got() []zongji.Inbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []zongji.Inbound
	for _, in := range d.ins {
		if in.Event != "profile" {
			out = append(out, in)
		}
	}
	return out
}

func (d *desk) texts() []string {
	var out []string
	for _, in := range d.got() {
		if in.Kind == zongji.InMessage {
			out = append(out, in.Text)
		}
	}
	return out
}

// wait waits for n inbounds and returns them.
func (d *desk) wait(t *testing.T, n int) []zongji.Inbound {
	t.Helper()
	until(t, strconv.Itoa(n)+" inbounds", func() bool { return len(d.got()) >= n })
	return d.got()
}

// keep is the durable memory of one account, whose cursor may be kept from
// being written.
type keep struct {
	channeltest.Keep
	stuck atomic.Bool
}

func (k *keep) Put(ctx context.Context, key, value string, fence int64) error {
	if key == keepCursor && k.stuck.Load() {
		return errors.New("killed")
	}
	return k.Keep.Put(ctx, key, value, fence)
}

// keep returns the memory of the account with this key.
func (w *world) keep(account string) *keep {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keeps[account] == nil {
		w.keeps[account] = &keep{}
	}
	return w.keeps[account]
}

// shelf keeps files in memory.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (s *shelf) PutRaw(ctx context.Context, name, _ string, src io.Reader, limit int64) (zongji.File, error) {
	return s.Put(ctx, name, src, limit)
}

func (s *shelf) Put(_ context.Context, name string, r io.Reader, limit int64) (zongji.File, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return zongji.File{}, err
	}
	return s.add(name, http.DetectContentType(b), b), nil
}

func (s *shelf) add(name, mediaType string, b []byte) zongji.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strconv.Itoa(len(s.files) + 1)
	s.files[token] = b
	return zongji.File{Name: name, Type: mediaType, Size: int64(len(b)), URL: "/f/" + token + "/" + name}
}

func (s *shelf) ByToken(context.Context, string) (zongji.File, error) { return zongji.File{}, nil }

func (s *shelf) Open(_ context.Context, f zongji.File) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[strings.Split(f.URL, "/")[2]]
	if !ok {
		return nil, zongji.Errorf(zongji.NotFound, "no_file", "no such file")
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// shifted is the wall clock, moved.
type shifted struct {
	zongji.Wall
	mu sync.Mutex
	by time.Duration
}

func (s *shifted) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.by)
}

func (s *shifted) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by += d
}

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
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
