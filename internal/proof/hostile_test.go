package proof

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"zongji/internal/auth"
	"zongji/internal/client"
	"zongji/internal/demo"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// site is a served installation with two teams that must know nothing of each
// other: channel "bench" belongs to the first, "other" to the second.
type site struct {
	t     *testing.T
	in    *demo.Installation
	base  string
	teams [2]int64
	ids   map[string]int64 // users by login
	other zongji.ChannelAccount
	stop  func() // SIGINT, and waits
}

const (
	scratch    = "scratch-password"
	shopSecret = "the shop's signing secret"
)

// serveSite prepares an installation in dir and serves it with env.
func serveSite(t *testing.T, dir string, env ...string) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server")
	}
	b, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	in, err := demo.Prepare(t.Context(), dir, env, demo.Plain(2, 100))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, in: in, base: in.Base, ids: map[string]int64{}}
	s.people()
	ctx, cancel := context.WithCancel(context.Background())
	in.Server.Bin, in.Server.Log = b, slog.New(slog.DiscardHandler)
	done := make(chan error, 1)
	go func() { done <- in.Server.Run(ctx) }()
	s.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(func() {
		s.stop()
		s.quiet()
	})
	wait, giveUp := context.WithTimeout(t.Context(), 20*time.Second)
	defer giveUp()
	if err := in.Server.WaitReady(wait); err != nil {
		t.Fatalf("not ready: %v\n%s", err, s.log())
	}
	for range 100 { // accounts open a moment later
		if s.ask("GET", "/c/bench/config", nil).status == 200 && s.ask("GET", "/c/other/config", nil).status == 200 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return s
}

// people adds the second team, the roles, and a channel with a secret and
// origins.
func (s *site) people() {
	s.t.Helper()
	ctx := s.t.Context()
	db, err := s.in.Open(ctx)
	must(s.t, err)
	defer db.Close()
	team, err := db.PutTeam(ctx, zongji.Team{Key: "second", Name: "二组"})
	must(s.t, err)
	q, err := db.PutQueue(ctx, zongji.Queue{Key: "second", Name: "二线", Team: team.ID, Calendar: "7x24", OfferS: 30, AutoAccept: true, MaxOffers: 20, ReopenS: 1800, WrapupS: 60, FirstS: 60, Units: 1, LostS: 600})
	must(s.t, err)
	s.other, err = db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: "other", Key: "other", Queue: q.ID, Secret: shopSecret,
		Settings: map[string]string{"origins": "https://shop.example"}})
	must(s.t, err)
	s.teams[1] = team.ID
	hash := auth.Hash(scratch)
	for _, u := range []zongji.User{
		{Login: "b1", Name: "二组一号", Role: zongji.RoleAgent, Team: team.ID, Capacity: 100},
		{Login: "sup", Name: "主管", Role: zongji.RoleSupervisor},
		{Login: "aud", Name: "审计", Role: zongji.RoleAuditor},
		{Login: "root", Name: "管理员", Role: zongji.RoleAdmin},
	} {
		u, err = db.PutUser(ctx, u)
		must(s.t, err)
		must(s.t, db.SetPassword(ctx, u.ID, hash))
	}
	users, err := db.Users(ctx)
	must(s.t, err)
	for _, u := range users {
		s.ids[u.Login] = u.ID
		if u.Login == "agent1" {
			s.teams[0] = u.Team
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) log() string {
	b, _ := os.ReadFile(filepath.Join(s.in.Dir, "serve.log"))
	return string(b)
}

// secrets are texts that stand in messages, numbers and tokens of these tests
// and must not come into the log.
var secrets = []string{"hush-text", "13987654321", "hush@shop.example", scratch, shopSecret}

// quiet fails when the log tells what it must not, or of a panic.
func (s *site) quiet() {
	log := s.log()
	for _, word := range append(secrets, "panicked", "panic:") {
		if i := strings.Index(log, word); i >= 0 {
			s.t.Errorf("the log says %q: …%s…", word, log[max(i-200, 0):min(i+200, len(log))])
		}
	}
}

// store opens the installation's database beside the server.
func (s *site) store() *store.DB {
	db, err := s.in.Open(s.t.Context())
	must(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// as logs in.
func (s *site) as(login string) *client.REST {
	s.t.Helper()
	r, err := client.Login(s.t.Context(), s.base, login, scratch)
	must(s.t, err)
	return r
}

// answer is what came back over HTTP.
type answer struct {
	status int
	head   http.Header
	body   []byte
	code   string // of a problem
}

// ask sends one request; header is "Name: value" lines.
func (s *site) ask(method, path string, body any, header ...string) answer {
	s.t.Helper()
	var rd io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		rd = strings.NewReader(b)
	case []byte:
		rd = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		must(s.t, err)
		rd = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, rd)
	must(s.t, err)
	if rd != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	c := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	must(s.t, err)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, head: resp.Header}
	a.body, err = io.ReadAll(resp.Body)
	must(s.t, err)
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.body, &p) == nil {
		a.code = p.Code
	}
	return a
}

func bearer(r *client.REST) string { return "Authorization: Bearer " + r.Token }

// wire is a socket on which anything may be said.
type wire struct {
	t  *testing.T
	ws *websocket.Conn
}

func (s *site) dial(path string, header ...string) *wire {
	s.t.Helper()
	h := http.Header{}
	for _, line := range header {
		k, v, _ := strings.Cut(line, ": ")
		h.Set(k, v)
	}
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second, NetDial: func(network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		if err == nil {
			_ = c.(*net.TCPConn).SetReadBuffer(64 << 10) // small, so that not reading is felt
		}
		return c, err
	}}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(s.base, "http")+path, h)
	must(s.t, err)
	s.t.Cleanup(func() { ws.Close() })
	return &wire{s.t, ws}
}

const (
	chatPath  = "/ws/chat?channel=bench"
	otherPath = "/ws/chat?channel=other"
)

// say writes a text frame: a string as it is, all else as JSON.
func (w *wire) say(frame any) {
	w.t.Helper()
	b, ok := []byte(nil), false
	if text, is := frame.(string); is {
		b, ok = []byte(text), true
	}
	if !ok {
		b, _ = json.Marshal(frame)
	}
	_ = w.ws.WriteMessage(websocket.TextMessage, b) // a socket that was ended is told by what it says
}

type frame = map[string]any

// hear returns the next frame of one of the types, or the close code.
func (w *wire) hear(types ...string) (frame, int) {
	w.t.Helper()
	for {
		_ = w.ws.SetReadDeadline(time.Now().Add(15 * time.Second))
		_, b, err := w.ws.ReadMessage()
		if err != nil {
			var ce *websocket.CloseError
			if errors.As(err, &ce) {
				return nil, ce.Code
			}
			return nil, -1 // cut, or silent
		}
		var f frame
		must(w.t, json.Unmarshal(b, &f))
		for _, t := range types {
			if f["t"] == t {
				return f, 0
			}
		}
	}
}

// end returns the code with which the socket was closed.
func (w *wire) end() int {
	_, code := w.hear()
	return code
}

func (w *wire) want(types ...string) frame {
	w.t.Helper()
	f, code := w.hear(types...)
	if f == nil {
		w.t.Fatalf("closed with %d while waiting for %v", code, types)
	}
	return f
}

// visitor is a fresh visitor on bench, greeted.
func (s *site) visitor() (*wire, string) {
	s.t.Helper()
	w := s.dial(chatPath)
	w.say(frame{"t": "hello", "id": 1})
	return w, w.want("welcome")["token"].(string)
}

// desk is a greeted desk socket.
func (s *site) desk(r *client.REST) *wire {
	s.t.Helper()
	w := s.dial("/ws/desk")
	w.say(frame{"t": "hello", "id": 1, "token": r.Token, "tab": "x"})
	w.want("welcome")
	return w
}

func id(v any) int64 { return int64(v.(float64)) }

// send stores one message and returns its conversation.
func (w *wire) send(cid, text string) (conv int64) {
	w.t.Helper()
	w.say(frame{"t": "send", "id": 7, "cid": cid, "text": text})
	f := w.want("ok", "error")
	if f["t"] != "ok" {
		w.t.Fatalf("not stored: %v", f)
	}
	return id(f["conv"])
}

// TestHostileFrames: what is no frame ends the socket with its code, what is
// a wrong frame is answered and the socket goes on.
func TestHostileFrames(t *testing.T) {
	s := serveSite(t, t.TempDir())
	agent := s.as("agent1")
	type talk struct {
		name   string
		binary bool
		text   string
		code   int    // the socket ends with it
		err    string // or it is answered with it
	}
	both := []talk{
		{name: "binary", binary: true, text: `{"t":"ping"}`, code: 4400},
		{name: "bad UTF-8", text: "{\"t\":\"ping\",\"x\":\"\xff\"}", code: 4400},
		{name: "U+0000", text: "{\"t\":\"typing\",\"text\":\"a\x00\"}", code: 4400},
		{name: "escaped U+0000", text: `{"t":"typing","on":true,"text":"a\u0000"}`, code: 4400},
		{name: "no JSON", text: `hello`, code: 4400},
		{name: "empty", text: ``, code: 4400},
		{name: "half JSON", text: `{"t":"ping"`, code: 4400},
		{name: "an array", text: `[1]`, code: 4400},
		{name: "oversize", text: `{"t":"ping","x":"` + strings.Repeat("a", 33<<10) + `"}`, code: 1009},
		{name: "deep nesting", text: strings.Repeat(`[`, 16000) + strings.Repeat(`]`, 16000), code: 4400},
		{name: "deep nesting in a field", text: `{"t":"typing","id":9,"text":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`, err: "*"},
		{name: "unknown field", text: `{"t":"typing","id":9,"admin":true}`, err: "unknown_field"},
		{name: "unknown type", text: `{"t":"drop table","id":9}`, err: "*"},
		{name: "number as type", text: `{"t":5,"id":9}`, err: "*"},
		{name: "huge id", text: `{"t":"ping","id":1e400}`, err: "*"},
		{name: "a second hello", text: `{"t":"hello","id":9}`, err: "*"},
	}
	only := map[string][]talk{
		"visitor": {
			{name: "no cid", text: `{"t":"send","id":9,"text":"x"}`, err: "bad_cid"},
			{name: "cid with a path", text: `{"t":"send","id":9,"cid":"../x","text":"x"}`, err: "bad_cid"},
			{name: "long cid", text: `{"t":"send","id":9,"cid":"` + strings.Repeat("a", 65) + `","text":"x"}`, err: "bad_cid"},
			{name: "blank text", text: `{"t":"send","id":9,"cid":"a","text":" \n "}`, err: "empty"},
			{name: "long text", text: `{"t":"send","id":9,"cid":"a","text":"` + strings.Repeat("字", 4001) + `"}`, err: "too_long"},
			{name: "a file of nobody", text: `{"t":"send","id":9,"cid":"a","files":["/f/00000000000000000000000000000000/x.png"]}`, err: "unknown_file"},
			{name: "a file elsewhere", text: `{"t":"send","id":9,"cid":"a","files":["http://169.254.169.254/latest/meta-data"]}`, err: "unknown_file"},
			{name: "a file on the disk", text: `{"t":"send","id":9,"cid":"a","files":["file:///etc/passwd"]}`, err: "unknown_file"},
			{name: "ten files", text: `{"t":"send","id":9,"cid":"a","files":["1","2","3","4","5","6","7","8","9","10"]}`, err: "too_many_files"},
			{name: "a choice with SQL", text: `{"t":"send","id":9,"cid":"a","text":"x","choice":"faq:1' OR 1=1--"}`, err: "bad_choice"},
			{name: "six stars", text: `{"t":"rate","id":9,"stars":6}`, err: "bad_stars"},
			{name: "a note", text: `{"t":"send","id":9,"cid":"a","text":"x","note":true}`, err: "unknown_field"},
			{name: "an agent's frame", text: `{"t":"reply","id":9,"conv":1,"cid":"a","text":"x"}`, err: "*"},
		},
		"desk": {
			{name: "no cid", text: `{"t":"reply","id":9,"conv":1,"text":"x"}`, err: "bad_cid"},
			{name: "no such conversation", text: `{"t":"reply","id":9,"conv":1,"cid":"a","text":"x"}`, err: "no_conversation"},
			{name: "negative conversation", text: `{"t":"read","id":9,"conv":-1,"seq":1}`, err: "no_conversation"},
			{name: "no such offer", text: `{"t":"accept","id":9,"offer":1}`, err: "*"},
			{name: "state wrapup", text: `{"t":"state","id":9,"state":"wrapup"}`, err: "bad_state"},
			{name: "a visitor's frame", text: `{"t":"send","id":9,"cid":"a","text":"x"}`, err: "*"},
		},
	}
	open := map[string]func() *wire{
		"visitor": func() *wire { w, _ := s.visitor(); return w },
		"desk":    func() *wire { return s.desk(agent) },
	}
	for side, dial := range open {
		for _, tt := range append(append([]talk{}, both...), only[side]...) {
			t.Run(side+"/"+tt.name, func(t *testing.T) {
				w := dial()
				w.t = t
				if kind := websocket.BinaryMessage; tt.binary {
					_ = w.ws.WriteMessage(kind, []byte(tt.text))
				} else {
					w.say(tt.text)
				}
				if tt.code != 0 {
					if got := w.end(); got != tt.code {
						t.Errorf("closed with %d, want %d", got, tt.code)
					}
					return
				}
				f := w.want("error")
				if f["code"] == "internal" || tt.err != "*" && f["code"] != tt.err {
					t.Errorf("answered %v, want %s", f, tt.err)
				}
				w.say(`{"t":"ping"}`)
				w.want("pong")
			})
		}
	}
	for _, tt := range []struct{ name, path, first string }{
		{"a visitor without hello", chatPath, `{"t":"send","id":1,"cid":"a","text":"x"}`},
		{"a desk without hello", "/ws/desk", `{"t":"ping"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.dial(tt.path)
			w.t = t
			w.say(tt.first)
			w.say(`{"t":"state","id":2,"state":"ready"}`)
			if f, code := w.hear("ok", "welcome", "error"); f != nil && f["t"] != "error" || code == 1000 {
				t.Errorf("answered %v (%d)", f, code)
			}
		})
	}
	t.Run("stars without end", func(t *testing.T) {
		w, _ := s.visitor()
		w.t = t
		w.send("a", "x")
		var last frame
		for n := range 13 {
			w.say(frame{"t": "rate", "id": n + 2, "stars": 1 + n%5})
			last = w.want("ok", "error")
		}
		if last["code"] != "rate" {
			t.Errorf("the 13th change of the stars in a moment: %v", last)
		}
	})
	t.Run("garbage instead of websocket frames", func(t *testing.T) {
		w, _ := s.visitor()
		conn := w.ws.NetConn()
		_, _ = conn.Write(bytes.Repeat([]byte{0xff, 0x00, 0x13}, 1000))
		if code := (&wire{t, w.ws}).end(); code != 4400 && code != 1002 {
			t.Errorf("closed with %d", code)
		}
	})
}

func sign(secret, claims string) string {
	body := base64.RawURLEncoding.EncodeToString([]byte(claims))
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// TestHostileIdentity: nobody becomes somebody else.
func TestHostileIdentity(t *testing.T) {
	s := serveSite(t, t.TempDir())
	const shop = "Origin: https://shop.example"
	exp := time.Now().Add(time.Hour).Unix()
	good := fmt.Sprintf(`{"sub":"c-1","name":"王","phone":"13987654321","email":"hush@shop.example","exp":%d}`, exp)
	b64 := func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) }
	ok := sign(shopSecret, good)
	for _, tt := range []struct {
		name, path, identity string
		code                 int // 0 = welcome
	}{
		{"the right one", otherPath, ok, 0},
		{"signed with another secret", otherPath, sign("guess", good), 4403},
		{"signed with nothing", otherPath, sign("", good), 4403},
		{"no signature", otherPath, b64(good) + ".", 4403},
		{"no dot", otherPath, b64(good), 4403},
		{"a JWT with alg none", otherPath, b64(`{"alg":"none"}`) + "." + b64(good) + ".", 4403},
		{"a JWT with the right key", otherPath, func() string {
			h := b64(`{"alg":"HS256"}`) + "." + b64(good)
			m := hmac.New(sha256.New, []byte(shopSecret))
			m.Write([]byte(h))
			return h + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
		}(), 4403},
		{"claims exchanged under a good signature", otherPath, b64(strings.Replace(good, "c-1", "c-2", 1)) + ok[strings.Index(ok, "."):], 4403},
		{"signature with padding", otherPath, ok + "=", 4403},
		{"ended", otherPath, sign(shopSecret, fmt.Sprintf(`{"sub":"c-1","exp":%d}`, time.Now().Add(-time.Minute).Unix())), 4403},
		{"without end", otherPath, sign(shopSecret, `{"sub":"c-1"}`), 4403},
		{"end in text", otherPath, sign(shopSecret, `{"sub":"c-1","exp":"9999999999"}`), 4403},
		{"without sub", otherPath, sign(shopSecret, fmt.Sprintf(`{"exp":%d}`, exp)), 4403},
		{"level out of range", otherPath, sign(shopSecret, fmt.Sprintf(`{"sub":"c-1","level":99,"exp":%d}`, exp)), 4403},
		{"U+0000 in sub", otherPath, sign(shopSecret, fmt.Sprintf(`{"sub":"c\u0000","exp":%d}`, exp)), 4403},
		{"a channel without secret takes none", chatPath, sign("", good), 4403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.dial(tt.path, shop)
			w.t = t
			w.say(frame{"t": "hello", "id": 1, "identity": tt.identity})
			f, code := w.hear("welcome")
			if code != tt.code {
				t.Fatalf("closed with %d, want %d (%v)", code, tt.code, f)
			}
			rest := s.ask("POST", strings.Replace(tt.path, "/ws/chat?channel=", "/c/", 1)+"/hello", frame{"t": "hello", "identity": tt.identity}, shop)
			if want := map[int]int{0: 200, 4403: 403}[tt.code]; rest.status != want {
				t.Errorf("over REST %d %s, want %d", rest.status, rest.body, want)
			}
		})
	}
	t.Run("an anonymous visitor cannot name himself a customer", func(t *testing.T) {
		for _, token := range []string{"u:c-1", strings.Repeat("0", 32), strings.Repeat("0", 31), strings.Repeat("'", 32), strings.Repeat("\u00e9", 16)} {
			w := s.dial(otherPath, shop)
			w.t = t
			w.say(frame{"t": "hello", "id": 1, "token": token})
			if code := w.end(); code != 4401 {
				t.Errorf("token %q closed with %d, want 4401", token, code)
			}
			if a := s.ask("GET", "/c/other/messages", nil, shop, "X-Visitor: "+url.QueryEscape(token)); a.status != 401 {
				t.Errorf("token %q over REST %d", token, a.status)
			}
		}
	})
	t.Run("a token of one channel opens nothing on another", func(t *testing.T) {
		_, token := s.visitor()
		if a := s.ask("GET", "/c/other/messages", nil, shop, "X-Visitor: "+token); a.status != 401 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("origins", func(t *testing.T) {
		for origin, want := range map[string]int{"https://shop.example": 0, "https://evil.example": 4403, "https://shop.example.evil.example": 4403, "https://evilshop.example": 4403,
			"http://shop.example": 4403, "https://shop.example:444": 4403, "null": 4403, "https://user@shop.example": 4403, "": 0} {
			var h []string
			if origin != "" {
				h = []string{"Origin: " + origin}
			}
			w := s.dial(otherPath, h...)
			w.t = t
			w.say(frame{"t": "hello", "id": 1})
			if _, code := w.hear("welcome"); code != want {
				t.Errorf("origin %q: %d, want %d", origin, code, want)
			}
			if origin != "" && want != 0 {
				a := s.ask("POST", "/c/other/hello", frame{"t": "hello"}, h...)
				if a.status != 403 || a.head.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("origin %q over REST: %d, %v", origin, a.status, a.head)
				}
			}
		}
		agent := s.as("agent1")
		w := s.dial("/ws/desk", "Origin: https://evil.example")
		w.t = t
		w.say(frame{"t": "hello", "id": 1, "token": agent.Token})
		if code := w.end(); code != 4403 {
			t.Errorf("the desk closed with %d, want 4403", code)
		}
	})
	t.Run("sessions", func(t *testing.T) {
		agent := s.as("agent1")
		_, visitor := s.visitor()
		for _, header := range []string{"Bearer " + strings.Repeat("0", 32), "Bearer ", "Bearer " + visitor, "Bearer " + agent.Token + "x", "Bearer " + strings.ToUpper(agent.Token),
			"Basic " + agent.Token, agent.Token, "Bearer null", "Bearer ' OR '1'='1"} {
			if a := s.ask("GET", "/api/v1/me", nil, "Authorization: "+header); a.status != 401 {
				t.Errorf("%q: %d", header, a.status)
			}
		}
		if a := s.ask("GET", "/api/v1/me?token="+agent.Token, nil); a.status != 401 {
			t.Errorf("token in the query: %d", a.status)
		}
		if a := s.ask("GET", "/api/v1/me", nil, "Cookie: token="+agent.Token); a.status != 401 {
			t.Errorf("token in a cookie: %d", a.status)
		}
		desk := s.desk(agent)
		desk.t = t
		must(t, agent.Do(t.Context(), "POST", "/api/v1/logout", nil, nil))
		if a := s.ask("GET", "/api/v1/me", nil, bearer(agent)); a.status != 401 {
			t.Errorf("after the logout: %d", a.status)
		}
		if code := desk.end(); code != 4401 {
			t.Errorf("the desk of an ended session closed with %d, want 4401", code)
		}
	})
}

// upload sends one file with a raw file name.
func (s *site) upload(path, name string, content []byte, header ...string) answer {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="file"; filename="`+name+`"`)
	h.Set("Content-Type", "image/png")
	p, err := m.CreatePart(h)
	must(s.t, err)
	_, _ = p.Write(content)
	m.Close()
	return s.ask("POST", path, b.Bytes(), append(header, "Content-Type: "+m.FormDataContentType())...)
}

var pngBytes, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

// TestHostileFiles: names are only names, types are what the bytes say, and
// nothing that is served can act.
func TestHostileFiles(t *testing.T) {
	s := serveSite(t, t.TempDir())
	agent := s.as("agent1")
	sides := map[string]func(name string, b []byte) answer{
		"visitor": func(name string, b []byte) answer {
			_, token := s.visitor()
			return s.upload("/c/bench/files", name, b, "X-Visitor: "+token)
		},
		"agent": func(name string, b []byte) answer { return s.upload("/api/v1/files", name, b, bearer(agent)) },
	}
	gif := append([]byte("GIF89a/*\x01\x00\x01\x00\x80*/=alert(1)//"), make([]byte, 20)...)
	for side, send := range sides {
		for _, tt := range []struct {
			name, file string
			content    []byte
			status     int
			typ        string
		}{
			{"a path", "../../../../etc/cron.d/x.png", pngBytes, 200, "image/png"},
			{"a Windows path", `C:\\Windows\\x.png`, pngBytes, 200, "image/png"},
			{"right-to-left", "invoice\u202egnp.exe", pngBytes, 200, "image/png"},
			{"control characters", "a\x01\x1b[31m\x7f.png", pngBytes, 0, "image/png"},
			{"tabs", "a\tb.png", pngBytes, 200, "image/png"},
			{"10 kB", strings.Repeat("长", 3400) + ".png", pngBytes, 200, "image/png"},
			{"a header", "a%0d%0aSet-Cookie: x=1\u2028.png", pngBytes, 200, "image/png"},
			{"dots", "..", pngBytes, 200, "image/png"},
			{"markup", "<img src=x onerror=alert(1)>.png", pngBytes, 200, "image/png"},
			{"html as png", "a.png", []byte("<!doctype html><script>alert(1)</script>"), 415, ""},
			{"html behind blanks", "a.png", []byte(" \n\t <script>alert(1)</script>"), 415, ""},
			{"svg as png", "a.png", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), 415, ""},
			{"svg without head", "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), 0, "text/plain"},
			{"script", "a.js", []byte(`alert(1)`), 0, "text/plain"},
			{"gif and script", "a.js", gif, 200, "image/gif"},
			{"png and html", "a.html", append(append([]byte{}, pngBytes...), "<script>alert(1)</script>"...), 200, "image/png"},
			{"a program", "a.png", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00"), 415, ""},
			{"ELF", "a.png", []byte("\x7fELF\x02\x01\x01\x00"), 415, ""},
			{"a broken zip", "a.docx", []byte("PK\x03\x04 nothing"), 415, ""},
			{"a zip of too many names", "a.zip", manyNames(), 415, ""},
			{"nothing", "a.png", nil, 0, ""},
			{"over the limit", "a.txt", bytes.Repeat([]byte("a"), zongji.MaxFile+1), 413, ""},
		} {
			t.Run(side+"/"+tt.name, func(t *testing.T) {
				a := send(tt.file, tt.content)
				if tt.status != 0 && a.status != tt.status || a.status >= 500 {
					t.Fatalf("%d %s, want %d", a.status, a.body, tt.status)
				}
				if a.status != 200 {
					return
				}
				var f zongji.File
				must(t, json.Unmarshal(a.body, &f))
				if f.Type != tt.typ {
					t.Errorf("type %q, want %q", f.Type, tt.typ)
				}
				if strings.ContainsAny(f.Name, "/\\\x00\r\n\u202e\u2028<>") || len(f.Name) > zongji.MaxName || strings.Trim(f.Name, ". ") == "" || strings.HasSuffix(f.Name, ".exe") ||
					strings.HasSuffix(f.Name, ".svg") || strings.HasSuffix(f.Name, ".html") || strings.HasSuffix(f.Name, ".js") {
					t.Errorf("name %q", f.Name)
				}
				got := s.ask("GET", f.URL, nil)
				if got.status != 200 || !bytes.Equal(got.body, tt.content) {
					t.Fatalf("served %d, %d bytes", got.status, len(got.body))
				}
				h := got.head
				if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Type"), tt.typ) ||
					h.Get("Set-Cookie") != "" || h.Get("Content-Disposition") == "" {
					t.Errorf("headers %v", h)
				}
				if !strings.HasPrefix(tt.typ, "image/") && !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
					t.Errorf("served %s", h.Get("Content-Disposition"))
				}
			})
		}
	}
	t.Run("only who knows the link", func(t *testing.T) {
		for _, p := range []string{"/f/" + strings.Repeat("0", 32) + "/x", "/f/../../secret/x", "/f/%2e%2e%2f%2e%2e%2fsecret/x", "/f/%00%00/x", "/f/" + strings.Repeat("%00", 32) + "/x", "/f/" + strings.Repeat("%ff", 32) + "/x",
			"/assets/../../zongji.db", "/%2e%2e/zongji.db", "/..%2fsecret", "/secret", "/zongji.db"} {
			a := s.ask("GET", p, nil)
			if a.status >= 500 || a.status == 200 && !bytes.Contains(a.body, []byte("<!doctype html>")) {
				t.Errorf("%s: %d %.80s", p, a.status, a.body)
			}
		}
		if a := s.upload("/c/bench/files", "a.png", pngBytes); a.status != 401 {
			t.Errorf("upload of nobody: %d", a.status)
		}
		if a := s.upload("/api/v1/files", "a.png", pngBytes); a.status != 401 {
			t.Errorf("upload of nobody at the desk: %d", a.status)
		}
	})
}

// manyNames is a zip of 200,000 empty entries: small on the wire, large in
// the memory of whoever lists it.
func manyNames() []byte {
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	b := append([]byte("PK\x03\x04"), make([]byte, 26)...)
	at := len(b)
	for range 200_000 {
		b = append(b, entry...)
	}
	n := len(b) - at
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	end[8], end[9], end[10], end[11] = 0x40, 0x0d, 0x40, 0x0d // 200,000 mod 65,536
	for i := range 4 {
		end[12+i], end[16+i] = byte(n>>(8*i)), byte(at>>(8*i))
	}
	return append(b, end...)
}
