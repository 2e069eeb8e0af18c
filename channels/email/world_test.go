package email

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/email/eml"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// hang is how long anything may take before a test gives up.
const hang = 15 * time.Second

// world is an installation that a mailbox is connected to.
type world struct {
	keep    channeltest.Keep
	threads channeltest.Threads
	shelf   channeltest.Shelf

	mu       sync.Mutex
	refuse   func(zongji.Inbound) error // nil: everything is stored
	health   []channels.Health
	problems []string
}

func newWorld() *world { return &world{threads: channeltest.Threads{Subject: eml.Subject}} }

// accept stores, or refuses.
func (w *world) accept(_ context.Context, in zongji.Inbound) (zongji.Stored, error) {
	w.mu.Lock()
	refuse := w.refuse
	w.mu.Unlock()
	if refuse != nil {
		if err := refuse(in); err != nil {
			return zongji.Stored{}, err
		}
	}
	return w.threads.Save(in), nil
}

func (w *world) refuses(fn func(zongji.Inbound) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = fn
}

// state is how the account said it is, last.
func (w *world) state() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.health) == 0 {
		return ""
	}
	h := w.health[len(w.health)-1]
	return strings.TrimSpace(h.State + " " + h.Code)
}

// mails is what was stored of customers.
func (w *world) mails() (out []zongji.Inbound) {
	for _, in := range w.threads.Mails() {
		if in.Kind == zongji.InMessage {
			out = append(out, in)
		}
	}
	return out
}

// texts is what they say, in the order in which they were stored.
func (w *world) texts() string {
	var out []string
	for _, in := range w.mails() {
		out = append(out, in.Text)
	}
	return strings.Join(out, " ")
}

// quick is the pace of tests.
var quick = pace{command: 2 * time.Second, first: 20 * time.Millisecond, most: 200 * time.Millisecond, idle: time.Second,
	held: 50 * time.Millisecond, barred: time.Hour, balance: time.Hour, authTries: 3}

// open opens an account of the world on a server.
func (w *world) open(t *testing.T, set map[string]string) *Account {
	t.Helper()
	acct := zongji.ChannelAccount{ID: 7, Kind: "email", Name: "客服", Settings: map[string]string{"provider": "own", "from": "box@example.test",
		"imap_host": "127.0.0.1", "imap_tls": "plain", "imap_user": "box", "smtp_host": "127.0.0.1", "smtp_tls": "plain", "poll_s": "5"},
		Secrets: map[string]string{"imap_password": testenv.MailPassword}}
	for k, v := range set {
		acct.Settings[k] = v
	}
	if p, ok := acct.Settings["imap_password"]; ok {
		acct.Secrets["imap_password"] = p
	}
	a, err := open(t.Context(), acct, channels.Deps{Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})), Clock: zongji.Wall{}, Keep: &w.keep,
		Threads: &w.threads, Blobs: &w.shelf, Accept: w.accept,
		Health: func(h channels.Health) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.health = append(w.health, h)
		},
		Problem: func(code, text string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.problems = append(w.problems, code+" "+text)
		}})
	if err != nil {
		t.Fatal(err)
	}
	a.pace = quick
	return a
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	if l.t.Context().Err() == nil {
		l.t.Logf("%s", b)
	}
	return len(b), nil
}

// run runs an account until stop, which waits for its end.
func (w *world) run(t *testing.T, a *Account) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, w.accept) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case <-ended:
			case <-time.After(hang):
				t.Error("Run did not end with its ctx")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// until waits for what must come.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(hang); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in %s", what, hang)
		}
	}
}

// placed waits until the place of INBOX is written with at least count mails.
func (w *world) placed(t *testing.T, count int) {
	t.Helper()
	until(t, "the place of the mailbox", func() bool { return w.count() >= count })
}

var countIn = regexp.MustCompile(`"count":(\d+)`)

func (w *world) count() int {
	text, _ := w.keep.Get(context.Background(), keepPlace("INBOX"))
	m := countIn.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// letterOf is a mail of a customer that says n.
func letterOf(n int, more ...string) string {
	return testenv.CRLF(fmt.Sprintf("Message-ID: <m%d@customer.test>\nFrom: =?utf-8?B?5byg5LiJ?= <Zhang%d@customer.test>\nTo: box@example.test\nSubject: order %d\nDate: Mon, 02 Mar 2026 10:00:00 +0800\n%s\n%d\n",
		n, n, n, strings.Join(more, ""), n))
}

func letters(from, to int) (out []string) {
	for n := from; n <= to; n++ {
		out = append(out, letterOf(n))
	}
	return out
}

// wants is the texts of mails from…to, as texts gives them.
func wants(from, to int) string {
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, fmt.Sprint(n))
	}
	return strings.Join(out, " ")
}

// memoryServer is go-imap's server in memory, with a user "box".
func memoryServer(t *testing.T) (port int, user *imapmemserver.User) {
	t.Helper()
	mem := imapmemserver.New()
	user = imapmemserver.NewUser("box", testenv.MailPassword)
	mem.AddUser(user)
	for _, box := range []string{"INBOX", "Sent"} {
		if err := user.Create(box, nil); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := imapserver.New(&imapserver.Options{InsecureAuth: true,
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		}})
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().(*net.TCPAddr).Port, user
}

func put(t *testing.T, user *imapmemserver.User, mails ...string) {
	t.Helper()
	for _, m := range mails {
		if _, err := user.Append("INBOX", literal{strings.NewReader(m), int64(len(m))}, &imap.AppendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// What a proxy does with a line of the client.
var (
	errPass    = errors.New("passed on")
	errCut     = errors.New("the connection is cut")
	errSilence = errors.New("nothing passes any more")
)

// proxy stands before a server and does to connections what networks and bad
// servers do.
type proxy struct {
	port   int
	target int

	mu   sync.Mutex
	hook func(line string) (reply string, what error)
	cons map[net.Conn]bool
	dead bool // no byte passes
	seen []string
}

func newProxy(t *testing.T, target int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{port: l.Addr().(*net.TCPAddr).Port, target: target, cons: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	t.Cleanup(func() { l.Close(); p.cut() })
	return p
}

// on sets what happens to lines; nil: they pass.
func (p *proxy) on(hook func(line string) (string, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = hook
}

// die makes the network swallow everything, or work again.
func (p *proxy) die(dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = dead
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.cons {
		c.Close()
	}
}

// lines counts the client's lines with a word in them.
func (p *proxy) lines(word string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.seen {
		if strings.Contains(l, word) {
			n++
		}
	}
	return n
}

func (p *proxy) serve(c net.Conn) {
	s, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.target))
	if err != nil {
		c.Close()
		return
	}
	p.mu.Lock()
	p.cons[c], p.cons[s] = true, true
	p.mu.Unlock()
	defer c.Close()
	defer s.Close()
	silent := make(chan struct{})
	go func() {
		defer c.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := s.Read(buf)
			p.mu.Lock()
			dead := p.dead
			p.mu.Unlock()
			select {
			case <-silent:
				dead = true
			default:
			}
			if !dead {
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		p.mu.Lock()
		hook, dead := p.hook, p.dead
		p.seen = append(p.seen, line)
		p.mu.Unlock()
		reply, what := "", errPass
		if hook != nil && line != "" {
			reply, what = hook(line)
		}
		switch {
		case dead:
		case what == errCut:
			return
		case what == errSilence:
			close(silent)
			_, _ = io.Copy(io.Discard, r)
			return
		case what == errPass:
			if _, err := io.WriteString(s, line); err != nil {
				return
			}
		default:
			if _, err := io.WriteString(c, reply); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
