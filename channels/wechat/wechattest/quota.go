package wechattest

import (
	"strings"
	"time"
)

// clearMonthly is how often an account may set its counters to zero.
const clearMonthly = 10

// beijing is where WeChat's days begin.
var beijing = time.FixedZone("CST", 8*3600)

func day(t time.Time) string { return t.In(beijing).Format("2006-01-02") }

// usage counts an account's calls.
type usage struct {
	day     string
	today   map[string]int // by path
	minute  time.Time
	recent  map[string]int // by path, in that minute
	month   string
	cleared int
	daily   map[string]int // limits set by Quota
	rate    map[string]int // limits a minute set by Rate
}

func (u *usage) turn(now time.Time) {
	if d := day(now); u.day != d {
		u.day, u.today = d, map[string]int{}
	}
	if m := now.Truncate(time.Minute); !u.minute.Equal(m) {
		u.minute, u.recent = m, map[string]int{}
	}
	if u.daily == nil {
		u.daily, u.rate = map[string]int{}, map[string]int{}
	}
}

func (c *call) usage() *usage {
	if c.corp != nil {
		return &c.corp.used
	}
	return &c.app.used
}

// count adds one call and refuses it beyond the limits of the day or minute.
func (s *Server) count(c *call, daily int) *fault {
	u := c.usage()
	u.turn(s.now())
	if limit, set := u.daily[c.path]; set {
		daily = limit
	}
	if daily > 0 && u.today[c.path] >= daily {
		return refuse(45009)
	}
	if limit, set := u.rate[c.path]; set && u.recent[c.path] >= limit {
		if c.corp != nil {
			return refuse(45009) // WeCom has one code for both
		}
		return refuse(45011)
	}
	u.today[c.path]++
	u.recent[c.path]++
	return nil
}

// path finds the one endpoint whose path ends with name; an unknown or
// ambiguous name panics: it is a mistake of the test.
func (s *Server) path(name string) string {
	p, found := s.find(name)
	if !found {
		panic("wechattest: no single endpoint " + name)
	}
	return p
}

func (s *Server) find(name string) (path string, found bool) {
	for _, p := range []string{name, "/cgi-bin/" + name} {
		if _, known := s.endpoints[p]; known {
			return p, true
		}
	}
	n := 0
	for p := range s.endpoints {
		if strings.HasSuffix(p, "/"+name) {
			path = p
			n++
		}
	}
	return path, n == 1
}

func (s *Server) quotaGet(c *call) (any, *fault) {
	var req struct {
		Path string `json:"cgi_path"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	e, known := s.endpoints[req.Path]
	if !known {
		return nil, refuse(76021)
	}
	u, limit := c.usage(), e.daily
	if l, set := u.daily[req.Path]; set {
		limit = l
	}
	if limit == 0 {
		limit = 10_000_000
	}
	answer := obj{"quota": obj{"daily_limit": limit, "used": u.today[req.Path], "remain": max(0, limit-u.today[req.Path])}}
	if r, set := u.rate[req.Path]; set {
		answer["rate_limit"] = obj{"call_count": r, "refresh_second": 60}
	}
	return ok(answer), nil
}

func (s *Server) quotaClear(c *call) (any, *fault) {
	var req struct {
		AppID string `json:"appid"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if req.AppID != c.app.id {
		return nil, refuse(40013)
	}
	u := c.usage()
	if m := s.now().In(beijing).Format("2006-01"); u.month != m {
		u.month, u.cleared = m, 0
	}
	if u.cleared++; u.cleared > clearMonthly {
		return nil, refuse(48006)
	}
	u.today = map[string]int{}
	return ok(nil), nil
}

func (s *Server) callbackIP(*call) (any, *fault) {
	return ok(obj{"ip_list": []string{"127.0.0.1"}}), nil
}

// Quota sets how many calls of an endpoint the account may make a day; 0 none.
// Names of endpoints are the ends of their paths, as "custom/send".
func (a *App) Quota(endpoint string, daily int) { a.limit(endpoint, daily, 0, true) }

// Rate sets how many calls of an endpoint the account may make a minute.
func (a *App) Rate(endpoint string, perMinute int) { a.limit(endpoint, 0, perMinute, false) }

func (a *App) limit(endpoint string, daily, rate int, perDay bool) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	u := &a.used
	if a.corp != nil {
		u = &a.corp.used
	}
	u.turn(a.s.now())
	if perDay {
		u.daily[a.s.path(endpoint)] = daily
	} else {
		u.rate[a.s.path(endpoint)] = rate
	}
}
