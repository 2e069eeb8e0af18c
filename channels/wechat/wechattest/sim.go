package wechattest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"zongji/internal/zongji"
)

// simPrefix is where the server's users are moved from outside.
const simPrefix = "/_sim/"

// longPoll is how long an inbox without news is held.
const longPoll = 25 * time.Second

var errNoAccount, errNoUser = errors.New("no such account"), errors.New("no such user")

func (s *Server) simRoutes() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, fn func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+simPrefix+path, answer(fn))
	}
	post := func(path string, fn func(*http.Request) (any, error)) {
		mux.HandleFunc("POST "+simPrefix+path, answer(fn))
	}
	get("state", func(*http.Request) (any, error) { return s.state(), nil })
	get("calls", func(*http.Request) (any, error) { return s.Calls(), nil })
	get("refused", s.simRefused)
	get("users/{id}/inbox", s.simInbox)
	get("users/{id}/window", s.simWindow)
	post("users", s.simUser)
	post("users/{id}/act", s.simAct)
	post("accounts/{id}/servicer", s.simServicer)
	post("jump", s.simJump)
	post("fail", s.simFail)
	post("delay", s.simDelay)
	post("drop", s.simDrop)
	post("rotate", s.simRotate)
	post("verify", s.simVerify)
	mux.HandleFunc("GET "+simPrefix+"media/{id}", func(w http.ResponseWriter, r *http.Request) { s.serveMedia(w, r, r.PathValue("id")) })
	return mux
}

// answer writes what fn returns as JSON.
func answer(fn func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v, err := fn(r)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err != nil {
			status := http.StatusBadRequest
			if errors.Is(err, errNoAccount) || errors.Is(err, errNoUser) {
				status = http.StatusNotFound
			}
			w.WriteHeader(status)
			v = obj{"error": err.Error()}
		}
		_, _ = w.Write(encode(v)) // the caller is gone
	}
}

// state is all that a page shows around a chat.
func (s *Server) state() obj {
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts, users := []obj{}, []obj{}
	for _, a := range s.apps {
		accounts = append(accounts, a.state())
	}
	for _, u := range s.users {
		chats := []string{}
		for _, a := range s.apps {
			if u.chats[a] != nil {
				chats = append(chats, a.id)
			}
		}
		users = append(users, obj{"id": u.ID, "name": u.Name, "unionid": u.UnionID, "chats": chats})
	}
	return obj{"now": s.nowMs(), "ahead_s": int64(s.ahead / time.Second), "accounts": accounts, "users": users}
}

func (a *App) state() obj {
	o := obj{"id": a.id, "kind": a.kind, "name": a.name, "verified": !a.cfg.Unverified, "callback": a.cfg.Callback != ""}
	if a.kind == KF {
		o["callback"], o["contact_ways"], o["servicers"] = a.corp.cfg.Callback != "", append([]string{}, a.desk.ways...), append([]*Servicer{}, a.desk.servicers...)
		return o
	}
	scenes := []string{}
	for _, code := range a.s.qrs {
		if code.app == a && !slices.Contains(scenes, code.scene) {
			scenes = append(scenes, code.scene)
		}
	}
	slices.Sort(scenes)
	o["menu"], o["scenes"], o["templates"] = append([]Button{}, a.menu...), scenes, append([]*Template{}, a.templates...)
	return o
}

func (s *Server) simRefused(r *http.Request) (any, error) {
	after, _ := strconv.Atoi(r.FormValue("after")) // none: all
	list := s.Refused()
	return append([]Refusal{}, slices.DeleteFunc(list, func(f Refusal) bool { return f.N <= after })...), nil
}

func (s *Server) simUser(r *http.Request) (any, error) {
	var req struct{ Name, UnionID string }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return nil, err
	}
	if req.Name == "" {
		return nil, errors.New("a user needs a name")
	}
	u := s.User(req.Name, req.UnionID)
	return obj{"id": u.ID, "name": u.Name, "unionid": u.UnionID}, nil
}

// named finds the user of the path and an account.
func (s *Server) named(r *http.Request, account string) (*User, *App, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, a := s.userByID(r.PathValue("id")), s.anyApp(account)
	if u == nil {
		return nil, nil, errNoUser
	}
	if a == nil {
		return nil, nil, errNoAccount
	}
	return u, a, nil
}

func (s *Server) userByID(id string) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (s *Server) anyApp(id string) *App {
	for _, a := range s.apps {
		if a.id == id {
			return a
		}
	}
	return nil
}

// simInbox answers at once when there is news after line "after" or after
// change "rev", else within longPoll.
func (s *Server) simInbox(r *http.Request) (any, error) {
	u, a, err := s.named(r, r.FormValue("account"))
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(r.FormValue("after"))             // none: all
	rev, byRev := strconv.ParseInt(r.FormValue("rev"), 10, 64) // none: by after
	end := time.NewTimer(longPoll)
	defer end.Stop()
	for waited := r.FormValue("wait") == "0"; ; {
		s.mu.Lock()
		c := u.chat(a)
		first := min(max(after, 0), len(c.lines))
		news := len(c.lines) > first
		if byRev == nil {
			if first, news = 0, c.rev > rev; !news {
				first = len(c.lines)
			}
		}
		o, changed := obj{"lines": append([]Line{}, c.lines[first:]...), "rev": c.rev, "typing": s.now().Before(c.typing)}, c.changed
		s.mu.Unlock()
		if news || waited {
			return o, nil
		}
		select {
		case <-changed:
		case <-end.C:
			waited = true
		case <-r.Context().Done():
			waited = true
		case <-s.ctx.Done():
			waited = true
		}
	}
}

func (s *Server) simWindow(r *http.Request) (any, error) {
	u, a, err := s.named(r, r.FormValue("account"))
	if err != nil {
		return nil, err
	}
	return u.Window(a), nil
}

// knob is the body of the requests that change the server.
type knob struct {
	Seconds, Times, ErrCode, Ms int
	Endpoint, ID, Account       string
}

func (s *Server) simJump(r *http.Request) (any, error) {
	k, err := s.knob(r, false)
	if err == nil && k.Seconds < 0 {
		err = errors.New("time goes forward only")
	}
	if err != nil {
		return nil, err
	}
	s.Jump(time.Duration(k.Seconds) * time.Second)
	return obj{"now": zongji.MsOf(s.Now())}, nil
}

func (s *Server) knob(r *http.Request, endpoint bool) (k knob, err error) {
	if err = json.NewDecoder(r.Body).Decode(&k); err == nil && endpoint {
		if _, found := s.find(k.Endpoint); !found {
			err = errors.New("no single endpoint " + k.Endpoint)
		}
	}
	return k, err
}

func (s *Server) simFail(r *http.Request) (any, error) {
	k, err := s.knob(r, true)
	if err == nil {
		s.Fail(k.Endpoint, k.ErrCode, min(k.Times, maxRefused))
	}
	return obj{}, err
}

func (s *Server) simDelay(r *http.Request) (any, error) {
	k, err := s.knob(r, true)
	if err == nil {
		s.Delay(k.Endpoint, time.Duration(k.Ms)*time.Millisecond)
	}
	return obj{}, err
}

func (s *Server) simDrop(r *http.Request) (any, error) {
	k, err := s.knob(r, true)
	if err == nil {
		s.Drop(k.Endpoint, k.Times)
	}
	return obj{}, err
}

func (s *Server) simRotate(r *http.Request) (any, error) {
	k, err := s.knob(r, false)
	if err == nil {
		s.Rotate(k.ID)
	}
	return obj{}, err
}

func (s *Server) simVerify(r *http.Request) (any, error) {
	k, err := s.knob(r, false)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	a := s.anyApp(k.Account)
	s.mu.Unlock()
	if a == nil {
		return nil, errNoAccount
	}
	if err := a.Verify(); err != nil {
		return obj{"error": err.Error()}, nil
	}
	return obj{}, nil
}
