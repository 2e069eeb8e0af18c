package wechattest

import (
	"strings"
	"time"
)

// How long tokens live, and how long an old one outlives its successor.
const (
	tokenLife  = 2 * time.Hour
	tokenGrace = 5 * time.Minute
	forceGap   = 30 * time.Second // between two forced refreshes
	forceDaily = 20
	testTokens = 200 // a day, of test accounts
)

// grant is one access_token.
type grant struct {
	text    string
	app     *App
	corp    *Corp
	made    time.Time
	expires time.Time
	dead    bool // ended before its time: by a successor's grace or by Rotate
}

// stableLine is what stable_token remembers of an account.
type stableLine struct {
	latest *grant
	forced time.Time
	day    string
	count  int // forced refreshes on that day
}

func (s *Server) grant(a *App, c *Corp) *grant {
	g := &grant{text: "88_" + random(150), app: a, corp: c, made: s.now(), expires: s.now().Add(tokenLife)}
	if c != nil {
		g.text = random(214)
	}
	s.grants[g.text] = g
	return g
}

// replace ends old after the grace, unless it ends before.
func (s *Server) replace(old *grant) {
	if old == nil {
		return
	}
	if end := s.now().Add(tokenGrace); end.Before(old.expires) {
		old.expires, old.dead = end, true
	}
}

func (s *Server) seconds(g *grant) int { return int(g.expires.Sub(s.now()) / time.Second) }

// token is GET /cgi-bin/token: each call makes a new one, which ends the one before.
func (s *Server) token(c *call) (any, *fault) {
	if c.q("grant_type") != "client_credential" {
		return nil, refuse(40002)
	}
	a, f := s.credentials(c, c.q("appid"), c.q("secret"))
	if f != nil {
		return nil, f
	}
	c.app = a
	if a.cfg.Test {
		c.daily = testTokens
	}
	if f := s.count(c, c.daily); f != nil {
		return nil, f
	}
	s.replace(a.latest)
	a.latest = s.grant(a, nil)
	return obj{"access_token": a.latest.text, "expires_in": s.seconds(a.latest)}, nil
}

// stableToken answers the same token until five minutes before its end.
func (s *Server) stableToken(c *call) (any, *fault) {
	var req struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if req.Grant != "client_credential" {
		return nil, refuse(40002)
	}
	a, f := s.credentials(c, req.AppID, req.Secret)
	if f != nil {
		return nil, f
	}
	c.app = a
	if f := s.count(c, c.daily); f != nil {
		return nil, f
	}
	line := &a.stable
	if req.Force {
		if f := line.force(s.now()); f != nil {
			return nil, f
		}
	}
	if g := line.latest; req.Force || g == nil || g.dead || g.expires.Sub(s.now()) <= tokenGrace {
		s.replace(g)
		line.latest = s.grant(a, nil)
	}
	return obj{"access_token": line.latest.text, "expires_in": s.seconds(line.latest)}, nil
}

// force counts a forced refresh: 20 a day, 30 s apart.
func (l *stableLine) force(now time.Time) *fault {
	if today := day(now); l.day != today {
		l.day, l.count = today, 0
	}
	if l.count >= forceDaily {
		return refuse(45009)
	}
	if now.Sub(l.forced) < forceGap {
		return refuse(45011)
	}
	l.forced = now
	l.count++
	return nil
}

func (s *Server) credentials(c *call, id, secret string) (*App, *fault) {
	a := s.app(id)
	switch {
	case id == "":
		return nil, refuse(41002)
	case secret == "":
		return nil, refuse(41004)
	case a == nil:
		return nil, refuse(40013)
	case a.cfg.Secret != secret:
		return nil, refuse(40125)
	case !allowed(a.cfg.Whitelist, c.r):
		f := refuse(40164)
		f.msg = "invalid ip " + remote(c.r) + " ipv6 ::ffff:" + remote(c.r) + ", not in whitelist"
		return nil, f
	}
	return a, nil
}

// corpToken is GET /cgi-bin/gettoken: the same token until it ends.
func (s *Server) corpToken(c *call) (any, *fault) {
	k := s.corp(c.q("corpid"))
	switch {
	case k == nil:
		return nil, refuse(40013)
	case k.cfg.Secret != c.q("corpsecret"):
		return nil, refuse(40001)
	}
	if g := k.latest; g == nil || g.dead || !s.now().Before(g.expires) {
		k.latest = s.grant(nil, k)
	}
	return ok(obj{"access_token": k.latest.text, "expires_in": s.seconds(k.latest)}), nil
}

// authorize finds whose token a call bears.
func (s *Server) authorize(c *call, want who) *fault {
	text := c.q("access_token")
	if text == "" {
		return refuse(41001)
	}
	g := s.grants[text]
	switch {
	case g == nil && want&corp == 0 && strings.HasPrefix(text, "88_"):
		return refuse(40001)
	case g == nil:
		return refuse(40014)
	case !s.now().Before(g.expires) && g.dead && g.corp == nil:
		return refuse(40001) // a newer one took its place
	case !s.now().Before(g.expires) && g.dead:
		return refuse(40014)
	case !s.now().Before(g.expires):
		return refuse(42001)
	}
	c.app, c.corp = g.app, g.corp
	mine := official
	if g.corp != nil {
		mine = corp
	} else if g.app.kind == Mini {
		mine = mini
	}
	if want&mine == 0 {
		return refuse(48001)
	}
	return nil
}

// Rotate ends all tokens of an account (appid) or company (corpid) at once, as
// WeChat may do at any moment.
func (s *Server) Rotate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.app != nil && g.app.id == id || g.corp != nil && g.corp.cfg.CorpID == id {
			g.expires, g.dead = s.now(), true
		}
	}
}
