package wechattest

import (
	"fmt"
	"time"
)

// Kind is what an account is for its customers.
type Kind string

// The kinds of accounts.
const (
	Official Kind = "oa"   // 公众号
	Mini     Kind = "mini" // 小程序
	KF       Kind = "kf"   // 微信客服
)

// Mode is how callbacks are written; the console calls them 明文, 兼容 and 安全.
type Mode string

// The three modes. WeCom's callbacks are always Safe.
const (
	Plain  Mode = "plain"
	Compat Mode = "compat"
	Safe   Mode = "safe"
)

// Account is what one fills in at WeChat's console.
type Account struct {
	AppID     string
	Secret    string
	Token     string
	AESKey    string // 43 characters; may be empty in plain mode
	Mode      Mode   // "": plain
	Original  string // "gh_…", the ToUserName of callbacks; "": made of AppID
	Name      string // "": AppID
	Callback  string // URL; "": nothing is pushed until SetCallback
	JSON      bool   // mini-program: callbacks are JSON
	Whitelist []string
	// Unverified accounts may not use customer messages, menus and QR codes (48001).
	Unverified bool
	// Subscription (订阅号): the id of a tapped menu item is not pushed.
	Subscription bool
	// Test accounts (测试号) cannot send msgmenu (40200) and get 200 tokens a day.
	Test bool
}

// CorpConfig is what one fills in at WeCom's console.
type CorpConfig struct {
	CorpID, Secret, Token, AESKey, Callback string
	Whitelist                               []string
}

// App is an account that customers see: an official account, a mini-program
// or one kf account of a corp.
type App struct {
	s    *Server
	kind Kind
	id   string // appid or open_kfid
	name string
	corp *Corp // kf
	cfg  Account
	key  []byte
	used usage

	menu      []Button
	extra     []conditional
	templates []*Template
	stable    stableLine // tokens of stable_token
	latest    *grant     // of /cgi-bin/token
	desk      *desk      // kf
	overlap   int        // so many callbacks are sent three times at once
	late      int        // so many callbacks wait first
	lateBy    time.Duration
}

// ID is the appid or the open_kfid.
func (a *App) ID() string { return a.id }

// Kind tells what the account is.
func (a *App) Kind() Kind { return a.kind }

// owner is whose openids and media the account uses: its own or its corp's.
func (a *App) owner() string {
	if a.corp != nil {
		return a.corp.cfg.CorpID
	}
	return a.id
}

// OfficialAccount opens a 公众号. A malformed AESKey panics: it is a mistake
// of the test.
func (s *Server) OfficialAccount(a Account) *App { return s.open(Official, a) }

// MiniProgram opens a mini-program with customer messages.
func (s *Server) MiniProgram(a Account) *App { return s.open(Mini, a) }

func (s *Server) open(kind Kind, cfg Account) *App {
	if cfg.Mode == "" {
		cfg.Mode = Plain
	}
	if cfg.Original == "" {
		cfg.Original = "gh_" + sign(cfg.AppID)[:12]
	}
	if cfg.Name == "" {
		cfg.Name = cfg.AppID
	}
	a := &App{s: s, kind: kind, id: cfg.AppID, name: cfg.Name, cfg: cfg}
	if cfg.AESKey != "" || cfg.Mode != Plain {
		a.key = mustKey(cfg.AppID, cfg.AESKey)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = append(s.apps, a)
	return a
}

func mustKey(id, text string) []byte {
	key, err := decodeKey(text)
	if err != nil {
		panic(fmt.Sprintf("wechattest: %s: %v", id, err))
	}
	return key
}

// SetCallback says where the account's callbacks go; for a kf account it is
// its corp's.
func (a *App) SetCallback(url string) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if a.corp != nil {
		a.corp.cfg.Callback = url
	} else {
		a.cfg.Callback = url
	}
}

// SetMode changes how callbacks are written from now on.
func (a *App) SetMode(m Mode) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.cfg.Mode = m
}

// SetAESKey changes the key at once, as the console allows at any moment.
func (a *App) SetAESKey(text string) {
	key := mustKey(a.id, text)
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if a.corp != nil {
		a.corp.key = key
	} else {
		a.key = key
	}
}

// Overlap makes the next n callbacks arrive three times at once, as when the
// first answers are late.
func (a *App) Overlap(n int) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.overlap = n
}

// Late makes each of the next n callbacks wait first, so that those after them
// overtake them.
func (a *App) Late(n int, by time.Duration) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.late, a.lateBy = n, by
}

// Corp is one company at WeCom; its kf accounts share secret and callback.
type Corp struct {
	s      *Server
	cfg    CorpConfig
	key    []byte
	used   usage
	latest *grant
	kfs    []*App
}

// Corp opens a company. A malformed AESKey panics.
func (s *Server) Corp(cfg CorpConfig) *Corp {
	c := &Corp{s: s, cfg: cfg, key: mustKey(cfg.CorpID, cfg.AESKey)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corps = append(s.corps, c)
	return c
}

// Account opens a kf account of the company.
func (c *Corp) Account(openKfID, name string) *App {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a := &App{s: c.s, kind: KF, id: openKfID, name: name, corp: c, desk: &desk{tokens: map[string]time.Time{}, codes: map[string]*eventCode{}, sent: map[string]bool{}}}
	c.kfs = append(c.kfs, a)
	c.s.apps = append(c.s.apps, a)
	return a
}

func (c *Corp) kf(openKfID string) *App {
	for _, a := range c.kfs {
		if a.id == openKfID {
			return a
		}
	}
	return nil
}

// app finds an official account or mini-program by its appid.
func (s *Server) app(id string) *App {
	for _, a := range s.apps {
		if a.id == id && a.kind != KF {
			return a
		}
	}
	return nil
}

func (s *Server) corp(id string) *Corp {
	for _, c := range s.corps {
		if c.cfg.CorpID == id {
			return c
		}
	}
	return nil
}
