package wechattest

import (
	"cmp"
	"slices"
	"time"

	"zongji/internal/zongji"
)

// knobs make endpoints fail. Keys are paths.
type knobs struct {
	fails  map[string][]int
	delays map[string]time.Duration
	drops  map[string]int
}

func newKnobs() knobs {
	return knobs{map[string][]int{}, map[string]time.Duration{}, map[string]int{}}
}

func (k *knobs) fail(path string) (code int, failing bool) {
	list := k.fails[path]
	if len(list) == 0 {
		return 0, false
	}
	k.fails[path] = list[1:]
	return list[0], true
}

func (k *knobs) delay(path string) time.Duration { return k.delays[path] }

func (k *knobs) drop(path string) bool {
	if k.drops[path] == 0 {
		return false
	}
	k.drops[path]--
	return true
}

// Fail lets the next so many calls of an endpoint fail with errcode, before
// they do anything. Names are the ends of paths: "custom/send", "kf/send_msg",
// "token". An unknown name panics.
func (s *Server) Fail(endpoint string, errcode, times int) {
	p := s.path(endpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	for range times {
		s.knobs.fails[p] = append(s.knobs.fails[p], errcode)
	}
}

// Delay makes an endpoint answer so late; the effect comes at once, as with a
// caller that gave up too early. 0 ends it.
func (s *Server) Delay(endpoint string, d time.Duration) {
	p := s.path(endpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.knobs.delays[p] = d
}

// Drop cuts the connection of the next so many calls after their effect.
func (s *Server) Drop(endpoint string, times int) {
	p := s.path(endpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.knobs.drops[p] += times
}

// Jump moves the server's clock forward: windows close, tokens end.
func (s *Server) Jump(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Count says how often an endpoint answered with a code. The endpoint
// "callback" counts the callbacks that were answered (0) or given up (-1).
type Count struct {
	Endpoint string `json:"endpoint"`
	Code     int    `json:"errcode"`
	Count    int    `json:"count"`
}

// Calls returns all counters, sorted.
func (s *Server) Calls() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Count{}
	for c, n := range s.calls {
		c.Count = n
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Code, b.Code))
	})
	return list
}

// Called returns how often an endpoint answered with a code.
func (s *Server) Called(endpoint string, code int) int {
	if endpoint != "callback" {
		endpoint = s.path(endpoint)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[Count{Endpoint: endpoint, Code: code}]
}

// Refusal is one call that got an errcode.
type Refusal struct {
	N        int       `json:"n"`
	At       zongji.Ms `json:"at"`
	Account  string    `json:"account,omitempty"` // appid or corpid
	Endpoint string    `json:"endpoint"`
	Code     int       `json:"errcode"`
	Message  string    `json:"errmsg"`
	User     string    `json:"user,omitempty"` // id of User, where the call was about one
}

// maxRefused is how many refusals are kept, the newest.
const maxRefused = 1000

func (s *Server) refuseCall(c *call, f *fault) {
	r := Refusal{N: 1, At: s.nowMs(), Endpoint: c.path, Code: f.code, Message: f.msg}
	if n := len(s.refused); n > 0 {
		r.N = s.refused[n-1].N + 1
	}
	if c.app != nil {
		r.Account = c.app.id
	} else if c.corp != nil {
		r.Account = c.corp.cfg.CorpID
	}
	if c.user != nil {
		r.User = c.user.ID
	}
	s.refused = append(s.refused, r)
	if len(s.refused) > maxRefused {
		s.refused = slices.Clone(s.refused[len(s.refused)-maxRefused:])
	}
}

// Refused returns the calls that were refused, oldest first.
func (s *Server) Refused() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}
