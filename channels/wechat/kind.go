// Package wechat is the channel of customers who write to an official account
// (公众号) or to a mini-program. WeChat posts what they do to our callback and
// takes what we send with "customer service messages", a few after each deed
// of theirs. The rules are WeChat's:
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html.
package wechat

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// Paths of the API.
const (
	sendPath       = "/cgi-bin/message/custom/send"
	typingPath     = "/cgi-bin/message/custom/typing"
	miniTypingPath = "/cgi-bin/message/custom/business/typing"
	templatePath   = "/cgi-bin/message/template/send"
	noticePath     = "/cgi-bin/message/subscribe/bizsend"
	miniNoticePath = "/cgi-bin/message/subscribe/send"
	templatesPath  = "/cgi-bin/template/get_all_private_template"
	uploadPath     = "/cgi-bin/media/upload"
	mediaPath      = "/cgi-bin/media/get"
	userPath       = "/cgi-bin/user/info"
	menuPath       = "/cgi-bin/menu/get"
	menuPutPath    = "/cgi-bin/menu/create"
	menuDropPath   = "/cgi-bin/menu/delete"
	qrPath         = "/cgi-bin/qrcode/create"
	quotaPath      = "/cgi-bin/openapi/quota/get"
	callbackIPPath = "/cgi-bin/getcallbackip"
	apiIPPath      = "/cgi-bin/get_api_domain_ip"
)

// Kind is what internal/app lists.
func Kind() channels.Kind {
	all := &running{}
	return channels.Kind{
		Name:   "wechat",
		Grants: true,
		Form: []channels.Field{
			{Key: "type", Type: "select", Default: official, Options: []string{official, mini}},
			{Key: "appid", Type: "text", Required: true, Max: 64},
			{Key: "secret", Type: "secret", Required: true, Max: 128},
			{Key: "token", Type: "secret", Required: true, Max: 64},
			{Key: "mode", Type: "select", Default: modeSafe, Options: []string{modeSafe, modeCompat, modePlain}},
			{Key: "aes_key", Type: "secret", Max: 43},
			{Key: "aes_key_previous", Type: "secret", Max: 43},
			{Key: "original", Type: "text", Max: 64},
			{Key: "api_base", Type: "text", Max: 200},
			{Key: "reserve", Type: "number", Default: "2", Max: 1},
			{Key: "welcome", Type: "area", Max: 600},
			{Key: "menu", Type: "area", Max: 1000},
		},
		Open: func(_ context.Context, set zongji.ChannelAccount, d channels.Deps) (channels.Channel, error) {
			return open(set, d, all)
		},
		Check: all.check,
	}
}

// Values of the settings "type" and "mode".
const (
	official   = "official"
	mini       = "mini"
	modePlain  = "plain"
	modeCompat = "compat"
	modeSafe   = "safe"
)

// code is an error's name for screens.
func code(what string) string { return "wechat:" + what }

// Account is one official account or mini-program. Safe for concurrent use.
type Account struct {
	channels.Deps
	set   zongji.ChannelAccount
	mode  string
	mini  bool
	all   *running
	kept  int64 // of called, what other nodes know; Run's own
	api   *wxapi.Client
	crypt *wxcrypt.Crypt
	mux   *http.ServeMux

	who    chan string  // openids whose union is to be asked for
	seen   replays      // plain callbacks of the last minutes
	noMenu atomic.Bool  // this account cannot send msgmenu
	called atomic.Int64 // ms of the last callback that was WeChat's
	noted  atomic.Int64 // ms of the last refused callback that was told

	mu     sync.Mutex
	asked  map[string]zongji.Ms // openid → when
	media  map[upload]uploaded
	parts  map[int64]int        // outbox row → how many of its parts are sent
	health [2]channels.Health   // by respect
	names  map[string]string    // key of a menu button → its name
	typed  map[string]zongji.Ms // openid → since when he is shown that somebody writes
}

var (
	_ channels.Channel  = (*Account)(nil)
	_ channels.Windowed = (*Account)(nil)
	_ channels.Fetcher  = (*Account)(nil)
	_ channels.Typist   = (*Account)(nil)
	_ channels.Operator = (*Account)(nil)
	_ channels.Parallel = (*Account)(nil)
)

// sendAtOnce is how many customers are written to at once: a click or a
// subscription lets us write for a minute only, and many may come together.
const sendAtOnce = 8

// clientOf and cryptOf read an account's settings; their errors name the
// setting that is wrong.
func clientOf(set zongji.ChannelAccount, keep channels.Keep, clock zongji.Clock) (*wxapi.Client, error) {
	if set.Settings["appid"] == "" || set.Secrets["secret"] == "" {
		return nil, zongji.Errorf(zongji.Invalid, "missing_settings", "appid and secret are needed")
	}
	return wxapi.New(wxapi.Config{Base: set.Settings["api_base"], App: set.Settings["appid"], Secret: set.Secrets["secret"], Keep: keep, Clock: clock})
}

func cryptOf(set zongji.ChannelAccount) (*wxcrypt.Crypt, error) {
	if set.Secrets["token"] == "" {
		return nil, zongji.Errorf(zongji.Invalid, "missing_settings", "token is needed")
	}
	if set.Secrets["aes_key"] == "" && modeOf(set) != modePlain {
		return nil, zongji.Errorf(zongji.Invalid, "missing_settings", "aes_key is needed in the modes safe and compat")
	}
	c, err := wxcrypt.New(set.Secrets["token"], set.Settings["appid"], set.Secrets["aes_key"], set.Secrets["aes_key_previous"])
	if err != nil {
		return nil, zongji.Errorf(zongji.Invalid, "bad_aes_key", "%v", err)
	}
	return c, nil
}

// modeOf is how callbacks come: as it is configured, "" being safe. What a
// request says of itself never decides.
func modeOf(set zongji.ChannelAccount) string {
	switch m := set.Settings["mode"]; m {
	case modePlain, modeCompat:
		return m
	}
	return modeSafe
}

func open(set zongji.ChannelAccount, d channels.Deps, all *running) (*Account, error) {
	api, err := clientOf(set, d.Keep, d.Clock)
	if err != nil {
		return nil, err
	}
	crypt, err := cryptOf(set)
	if err != nil {
		return nil, err
	}
	if d.Health == nil {
		d.Health = func(channels.Health) {}
	}
	if d.Problem == nil {
		d.Problem = func(string, string) {}
	}
	a := &Account{Deps: d, set: set, mode: modeOf(set), mini: set.Settings["type"] == mini, all: all, api: api, crypt: crypt,
		who: make(chan string, maxWho), asked: map[string]zongji.Ms{}, media: map[upload]uploaded{}, parts: map[int64]int{}}
	a.mux = http.NewServeMux()
	a.mux.HandleFunc("GET /{$}", a.verify)
	a.mux.HandleFunc("POST /{$}", a.callback)
	a.mux.HandleFunc("POST /identify", a.identify)
	return a, nil
}

// Name is the account's name.
func (a *Account) Name() string { return a.set.Name }

// Handler takes WeChat's callbacks at / and the company's own word at
// /identify.
func (a *Account) Handler() http.Handler { return a.mux }

// Ways is how many customers are written to at once.
func (a *Account) Ways() int { return sendAtOnce }

// Run learns who customers are and how the account is, until ctx ends.
func (a *Account) Run(ctx context.Context, _ channels.Accept) error {
	a.all.enter(a)
	defer a.all.leave(a)
	defer a.api.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { a.learn(ctx) })
	for n := 0; ; n++ {
		if n%int(probeEvery/noteEvery) == 0 {
			a.probe(ctx)
		}
		a.noteCall(ctx)
		c, stop := a.Clock.Timer(noteEvery)
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-c:
		}
		stop()
	}
}

// probeEvery is how often an account that nobody uses is tried, so that a
// wrong secret or a missing IP shows before a customer suffers.
const probeEvery = 10 * time.Minute

// probe gets a token and the published menu, and notes how the account is.
func (a *Account) probe(ctx context.Context) {
	if err := a.readMenu(ctx); ctx.Err() == nil {
		a.feels(byProbe, a.api.HealthOf(err))
	}
}

// Where it shows how an account is.
const (
	bySend  = 0
	byProbe = 1
)

// feels notes how the account is in one respect. What is wrong in one is told
// until that one is well again: a menu that can be read does not mean that
// messages can be sent.
func (a *Account) feels(respect int, h channels.Health) {
	a.mu.Lock()
	a.health[respect] = h
	if s := &a.health[bySend]; respect == byProbe && h.State == "ok" && (s.State == "degraded" || s.Until != 0 && s.Until < zongji.NowMs(a.Clock)) {
		*s = h // what passed by itself
	}
	for _, other := range a.health {
		if other.State != "" && other.State != "ok" {
			h = other
			break
		}
	}
	a.mu.Unlock()
	a.Deps.Health(h)
}

// running knows the accounts that run in this process, for the connection
// test.
type running struct {
	mu   sync.Mutex
	list map[int64]*Account
}

func (r *running) enter(a *Account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == nil {
		r.list = map[int64]*Account{}
	}
	r.list[a.set.ID] = a
}

func (r *running) leave(a *Account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list[a.set.ID] == a {
		delete(r.list, a.set.ID)
	}
}

// find returns a running account, nil if it does not run here.
func (r *running) find(id int64) *Account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list[id]
}
