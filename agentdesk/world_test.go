package agentdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"zongji/bot"
	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/auth"
	"zongji/internal/blob"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// world is a whole desk on a SQLite file: two teams with a queue each, two
// agents, a supervisor, an auditor and an admin.
type world struct {
	t      *testing.T
	db     *store.DB
	router *router.Router
	desk   *Desk
	auth   *auth.Auth
	url    string

	teams    [2]zongji.Team
	queues   [2]zongji.Queue
	channels [2]zongji.ChannelAccount
	users    map[string]zongji.User
	tokens   map[string]string
	said     int
	phone    *channeltest.Phone // a kind that the house may connect
	stop     func()             // ends router and desk, and waits
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, phone: channeltest.NewPhone("phone", nil), db: testenv.SQLite(t, nil), users: map[string]zongji.User{}, tokens: map[string]string{}}
	w.fill()
	b := bus.NewMemory()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	w.auth = auth.New(auth.Config{Store: w.db, SetupCode: "code", Loopback: true})
	blobs, err := blob.Open(t.TempDir(), w.db)
	w.ok(err)
	brain := bot.New(bot.Config{Clock: zongji.Wall{}})
	cfg := Config{Store: w.db, Auth: w.auth, Blobs: blobs, Bot: brain, Bus: b, Log: log, Version: "test", Demo: noDemo{}, Kinds: []channels.Kind{w.phone.Kind()}}
	for _, fn := range change {
		fn(&cfg)
	}
	w.router = router.New(router.Config{Store: w.db, Bus: b, Bot: brain, Log: log, Node: "test", Kinds: cfg.Kinds})
	cfg.Router = w.router
	w.desk = New(cfg)
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = w.router.Run(ctx) })
	parts.Go(func() { _ = w.desk.Run(ctx) })
	srv := httptest.NewServer(w.desk.Handler())
	w.url = srv.URL
	w.stop = func() { stop(); parts.Wait() }
	t.Cleanup(func() { w.stop(); srv.Close() })
	<-w.router.Ready()
	for login := range w.users {
		w.login(login)
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fill writes the house.
func (w *world) fill() {
	ctx := w.t.Context()
	var err error
	for i, key := range []string{"sales", "care"} {
		w.teams[i], err = w.db.PutTeam(ctx, zongji.Team{Key: key, Name: key})
		w.ok(err)
		w.queues[i], err = w.db.PutQueue(ctx, zongji.Queue{Key: key, Name: key, Team: w.teams[i].ID, Calendar: "7x24", OfferS: 20, MaxOffers: 5, Units: 1, LostS: 60, ReopenS: 60, WrapupS: 60})
		w.ok(err)
		w.channels[i], err = w.db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: key, Key: key, Queue: w.queues[i].ID})
		w.ok(err)
	}
	for login, u := range map[string]zongji.User{
		"ann": {Role: zongji.RoleAgent, Team: w.teams[0].ID, Capacity: 5}, "ben": {Role: zongji.RoleAgent, Team: w.teams[1].ID, Capacity: 5},
		"sue": {Role: zongji.RoleSupervisor, Capacity: 5}, "ada": {Role: zongji.RoleAuditor}, "bos": {Role: zongji.RoleAdmin}} {
		u.Login, u.Name = login, "名"+login
		u, err = w.db.PutUser(ctx, u)
		w.ok(err)
		w.ok(w.db.SetPassword(ctx, u.ID, auth.Hash("password of "+login)))
		w.users[login] = u
	}
}

func (w *world) login(login string) {
	w.t.Helper()
	var s session
	if code := w.call("", "POST", "/api/v1/login", map[string]string{"login": login, "password": "password of " + login}, &s); code != 200 {
		w.t.Fatalf("login of %s: %d", login, code)
	}
	w.tokens[login] = s.Token
}

// call sends JSON as somebody and decodes the answer, a Problem too.
func (w *world) call(login, method, path string, body, into any) int {
	w.t.Helper()
	var rd io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		rd = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		w.ok(err)
		rd = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, w.url+path, rd)
	w.ok(err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return w.do(login, req, into)
}

func (w *world) do(login string, req *http.Request, into any) int {
	w.t.Helper()
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+w.tokens[login])
	}
	resp, err := http.DefaultClient.Do(req)
	w.ok(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.ok(err)
	switch v := into.(type) {
	case nil:
	case *string:
		*v = string(b)
	default:
		if len(b) > 0 {
			if err := json.Unmarshal(b, v); err != nil {
				w.t.Fatalf("%s %s: %d %.300s: %v", req.Method, req.URL.Path, resp.StatusCode, b, err)
			}
		}
	}
	return resp.StatusCode
}

// code sends and returns status and problem code.
func (w *world) code(login, method, path string, body any) (int, string) {
	w.t.Helper()
	var text string
	status := w.call(login, method, path, body, &text)
	var p Problem
	_ = json.Unmarshal([]byte(text), &p)
	return status, p.Code
}

// upload sends one file as multipart.
func (w *world) upload(login, path, name, content string, into any) int {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	w.ok(err)
	_, _ = io.WriteString(part, content)
	w.ok(m.Close())
	req, err := http.NewRequest("POST", w.url+path, &b)
	w.ok(err)
	req.Header.Set("Content-Type", m.FormDataContentType())
	return w.do(login, req, into)
}

// says makes a customer write to one of the channels; without the bot he waits
// for people.
func (w *world) says(channel int, who, text string) zongji.Stored {
	w.t.Helper()
	w.said++
	in := zongji.Inbound{Channel: w.channels[channel].ID, ChanKind: "webchat", ExtID: fmt.Sprint("m", w.said), CID: fmt.Sprint("c", w.said), Thread: who,
		Kind: zongji.InMessage, From: zongji.Identity{Ext: who, Name: who, Phone: "13800001111", Email: "anna@example.com"}, Text: text, At: zongji.NowMs(zongji.Wall{})}
	st, err := w.router.Accept(w.t.Context(), in)
	w.ok(err)
	return st
}

// until waits for something to become true.
func (w *world) until(what string, fn func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !fn(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never: %s", what)
		}
	}
}

func (w *world) conv(id int64) zongji.Conversation {
	w.t.Helper()
	c, err := w.db.Conversation(w.t.Context(), id)
	w.ok(err)
	return c
}

// queued returns a conversation that waits for people.
func (w *world) queued(channel int, who string) zongji.Conversation {
	w.t.Helper()
	id := w.says(channel, who, "我要转人工").Conv.ID
	w.until("the conversation waits", func() bool { return w.conv(id).Status == zongji.StatusQueued })
	return w.conv(id)
}

// served returns a conversation that an agent holds.
func (w *world) served(channel int, who, login string) zongji.Conversation {
	w.t.Helper()
	c := w.queued(channel, who)
	if code := w.call(login, "POST", fmt.Sprintf("/api/v1/conversations/%d/take", c.ID), nil, nil); code != 200 {
		w.t.Fatalf("take: %d", code)
	}
	return w.conv(c.ID)
}

// got is a frame that a screen got.
type got map[string]any

// tab is a desk's socket in a test.
type tab struct {
	w   *world
	ws  *websocket.Conn
	in  chan got
	end chan int // close code
	n   int
}

func (w *world) dial(header http.Header) *websocket.Conn {
	w.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(w.url, "http")+"/ws/desk", header)
	w.ok(err)
	w.t.Cleanup(func() { ws.Close() })
	return ws
}

// open connects somebody's desk and returns it after the welcome.
func (w *world) open(login, pos string) (*tab, got) {
	w.t.Helper()
	tb := w.raw(nil)
	tb.send(got{"t": "hello", "id": 1, "token": w.tokens[login], "tab": fmt.Sprint(login, time.Now().UnixNano()), "pos": pos})
	return tb, tb.next("welcome")
}

// raw connects without hello.
func (w *world) raw(header http.Header) *tab {
	w.t.Helper()
	tb := &tab{w: w, ws: w.dial(header), in: make(chan got, 10_000), end: make(chan int, 1)}
	go func() {
		defer close(tb.in)
		for {
			_, b, err := tb.ws.ReadMessage()
			if err != nil {
				code := 0
				if ce, ok := err.(*websocket.CloseError); ok {
					code = ce.Code
				}
				tb.end <- code
				return
			}
			var f got
			if json.Unmarshal(b, &f) == nil {
				tb.in <- f
			}
		}
	}()
	return tb
}

func (tb *tab) send(f any) {
	tb.w.t.Helper()
	tb.w.ok(tb.ws.WriteJSON(f))
}

// next returns the next frame of a type, dropping others.
func (tb *tab) next(kind string) got {
	tb.w.t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case f, ok := <-tb.in:
			if !ok {
				tb.w.t.Fatalf("socket ended before %q", kind)
			}
			if f["t"] == kind {
				return f
			}
		case <-late:
			tb.w.t.Fatalf("no %q came", kind)
		}
	}
}

// ask sends a request and returns its answer.
func (tb *tab) ask(f got) got {
	tb.w.t.Helper()
	tb.n++
	f["id"] = 100 + tb.n
	tb.send(f)
	late := time.After(10 * time.Second)
	for {
		select {
		case a, ok := <-tb.in:
			if !ok {
				tb.w.t.Fatalf("socket ended before the answer to %v", f)
			}
			if a["re"] == float64(100+tb.n) {
				return a
			}
		case <-late:
			tb.w.t.Fatalf("no answer to %v", f)
		}
	}
}

// closed waits for the close code.
func (tb *tab) closed() int {
	tb.w.t.Helper()
	select {
	case code := <-tb.end:
		return code
	case <-time.After(15 * time.Second):
		tb.w.t.Fatal("socket did not end")
	}
	return 0
}

// about lists the types of the frames about a conversation that are there by
// the time a ping is answered.
func (tb *tab) about(conv int64) []string {
	tb.w.t.Helper()
	tb.send(got{"t": "ping"})
	var kinds []string
	late := time.After(10 * time.Second)
	for {
		select {
		case f := <-tb.in:
			if f["t"] == "pong" {
				return kinds
			}
			ev, _ := f["event"].(map[string]any)
			if f["conv"] == float64(conv) || ev["conv"] == float64(conv) {
				kinds = append(kinds, fmt.Sprint(f["t"]))
			}
		case <-late:
			tb.w.t.Fatal("no pong")
		}
	}
}
