package wecom

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// Account is one kf account.
type Account struct {
	channels.Deps
	acct    zongji.ChannelAccount
	kf      string // open_kfid
	crypt   *wxcrypt.Crypt
	api     *wxapi.Client
	company *company

	poked chan struct{} // limit 1: WeCom says that there is something new
	who   chan string   // limit maxWho: customers whose names are to be asked for

	mu     sync.Mutex
	ticket ticket    // of the newest callback
	synced zongji.Ms // when the last pass was done
	noted  zongji.Ms // when WeCom called last
	wrote  zongji.Ms // when times were last noted in Keep
	barred zongji.Ms // when a refused callback was last told to operators
	thumb  thumb
}

// ticket is a callback's Token: with it sync_msg is not limited so strictly.
type ticket struct {
	token string
	until zongji.Ms
}

var (
	_ channels.Channel    = (*Account)(nil)
	_ channels.Windowed   = (*Account)(nil)
	_ channels.Fetcher    = (*Account)(nil)
	_ channels.Idempotent = (*Account)(nil)
	_ channels.Parallel   = (*Account)(nil)
	_ channels.Operator   = (*Account)(nil)
)

const (
	sendAtOnce = 8
	ticketFor  = 9 * time.Minute // WeCom: ten minutes
	noteEvery  = time.Minute     // refused callbacks are told, and times noted in Keep, so often at most
)

// Keys of Keep.
const (
	keepCursor   = "cursor"   // next_cursor of the last page that was taken
	keepSince    = "since"    // ms: items older than that are not ours
	keepSynced   = "synced"   // ms: when all was fetched last
	keepCallback = "callback" // ms: when WeCom called last
)

// open makes an account ready; Run fetches its messages.
func open(a zongji.ChannelAccount, d channels.Deps, c *company) (*Account, error) {
	if err := complete(a); err != nil {
		return nil, err
	}
	crypt, err := wxcrypt.New(a.Secrets["token"], a.Settings["corpid"], a.Secrets["aes_key"], a.Secrets["aes_key_previous"])
	if err != nil {
		return nil, err
	}
	api, err := wxapi.New(clientOf(a, d.Keep, d.Clock))
	if err != nil {
		return nil, err
	}
	d.Log = d.Log.With("part", "wecom", "channel", a.ID)
	return &Account{Deps: d, acct: a, kf: a.Settings["open_kfid"], crypt: crypt, api: api, company: c,
		poked: make(chan struct{}, 1), who: make(chan string, maxWho)}, nil
}

func clientOf(a zongji.ChannelAccount, keep channels.Keep, clock zongji.Clock) wxapi.Config {
	return wxapi.Config{Corp: true, Base: a.Settings["api_base"], App: a.Settings["corpid"], Secret: a.Secrets["secret"],
		Keep: keep, Clock: clock, Idempotent: true}
}

// complete names the first setting that is missing.
func complete(a zongji.ChannelAccount) error {
	for _, k := range []string{"corpid", "open_kfid"} {
		if a.Settings[k] == "" {
			return zongji.Errorf(zongji.Invalid, "bad_setting", "%s is missing", k)
		}
	}
	for _, k := range []string{"secret", "token", "aes_key"} {
		if a.Secrets[k] == "" {
			return zongji.Errorf(zongji.Invalid, "bad_setting", "%s is missing", k)
		}
	}
	return nil
}

// Name returns the account's name.
func (a *Account) Name() string { return a.acct.Name }

// Idempotent is true: each message bears a msgid, and WeCom shows a msgid once.
func (a *Account) Idempotent() bool { return true }

// Ways is how many customers are written to at once: a welcome code lives 20
// seconds, and many may enter together.
func (a *Account) Ways() int { return sendAtOnce }

// Run fetches what customers wrote until ctx ends.
func (a *Account) Run(ctx context.Context, _ channels.Accept) error {
	a.company.enter(a)
	defer a.company.leave(a)
	defer a.api.Close()
	var g errgroup.Group
	g.Go(func() error { a.follow(ctx); return nil })
	g.Go(func() error { a.learn(ctx); return nil })
	return g.Wait()
}

// Handler answers WeCom's callbacks at the account's address, whatever comes
// behind it.
func (a *Account) Handler() http.Handler { return http.HandlerFunc(a.serve) }

// serve verifies a callback. The body says only that there is something new,
// so it is answered at once; what is lost, the next poll finds.
func (a *Account) serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sealed := strings.ReplaceAll(q.Get("echostr"), " ", "+") // some proxies undo the encoding of +
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wxcrypt.MaxBody))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		f, err := wxcrypt.Parse(body)
		if err != nil {
			a.refuse(w, err)
			return
		}
		sealed = f["Encrypt"]
	} else if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
		return
	}
	plain, err := a.crypt.Open(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), sealed)
	if err != nil {
		a.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method == http.MethodGet {
		a.called()
		_, _ = w.Write(plain) // the caller is gone otherwise
		return
	}
	if ev, err := wxcrypt.Parse(plain); err == nil && ev["Event"] == "kf_msg_or_event" {
		a.told(ev["OpenKfId"], ev["Token"])
	}
	_, _ = io.WriteString(w, "success")
}

// refuse answers a callback that is not WeCom's, and tells the operators once
// in a while: mostly it is a wrong Token or EncodingAESKey.
func (a *Account) refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, wxcrypt.ErrSignature) || errors.Is(err, wxcrypt.ErrReceiver) {
		status = http.StatusForbidden
	}
	http.Error(w, err.Error(), status)
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	tell := now.Sub(a.barred) >= noteEvery
	if tell {
		a.barred = now
	}
	a.mu.Unlock()
	if tell {
		a.Problem(code("callback"), err.Error())
	}
}

// told wakes the account that a callback is about.
func (a *Account) told(kf, token string) {
	a.called()
	b := a
	if kf != a.kf && kf != "" {
		if b = a.company.find(a.acct.Settings["corpid"], kf); b == nil {
			return // a kf account that is not ours
		}
		b.called()
	}
	b.mu.Lock()
	b.ticket = ticket{token, zongji.NowMs(b.Clock).Add(ticketFor)}
	b.mu.Unlock()
	select {
	case b.poked <- struct{}{}:
	default:
	}
}

// called remembers that WeCom called, for the connection test.
func (a *Account) called() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noted = zongji.NowMs(a.Clock)
}

// sleep waits for d, for a word on early, or for the end of ctx. It reports
// whether the word came.
func (a *Account) sleep(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	t, stop := a.Clock.Timer(d)
	defer stop()
	select {
	case <-ctx.Done():
	case <-t:
	case <-early:
		return true
	}
	return false
}

// number reads a number of Keep, 0 for none.
func (a *Account) number(ctx context.Context, key string) (zongji.Ms, error) {
	s, err := a.Keep.Get(ctx, key)
	n, _ := strconv.ParseInt(s, 10, 64)
	return zongji.Ms(n), err
}

func (a *Account) putNumber(ctx context.Context, key string, n zongji.Ms) error {
	return a.Keep.Put(ctx, key, strconv.FormatInt(int64(n), 10), 0)
}
