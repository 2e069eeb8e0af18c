package wechattest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"
)

// User is one person with WeChat.
type User struct {
	s       *Server
	ID      string // "u1", of this server
	Name    string
	UnionID string // "": not bound to an open platform
	chats   map[*App]*chat
}

// User makes a person.
func (s *Server) User(name, unionID string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &User{s: s, ID: fmt.Sprintf("u%d", len(s.users)+1), Name: name, UnionID: unionID, chats: map[*App]*chat{}}
	s.users = append(s.users, u)
	return u
}

// chat returns the user's chat with an account and makes it when it is new.
func (u *User) chat(a *App) *chat {
	c := u.chats[a]
	if c == nil {
		c = &chat{s: u.s, app: a, user: u, ext: ext(a, u), changed: make(chan struct{}), consents: map[string]int{}}
		if a.kind == KF {
			c.session.state = stateEnded // 未开始
		}
		u.chats[a] = c
		u.s.byExt[a.owner()+"/"+c.ext] = u
	}
	return c
}

// ext is the openid, or the external_userid, that is the same for all kf
// accounts of a company.
func ext(a *App, u *User) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", a.owner(), u.s.began, u.ID))
	text := base64.RawURLEncoding.EncodeToString(sum[:])
	if a.kind == KF {
		return "wm" + text[:30]
	}
	return "o" + text[:27]
}

// OpenID is what the account calls the user: openid or external_userid.
func (u *User) OpenID(a *App) string {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.chat(a).ext
}

// History returns all lines of a chat, the user's own too.
func (u *User) History(a *App) []Line {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return slices.Clone(u.chat(a).lines)
}

// Inbox returns what the user got from an account, in order.
func (u *User) Inbox(a *App) []Line { return got(u.History(a)) }

func got(lines []Line) []Line {
	return slices.DeleteFunc(lines, func(l Line) bool { return l.From == "me" })
}

// Wait waits, in real time, until the inbox holds n lines, and returns it; after
// the timeout it returns what is there.
func (u *User) Wait(a *App, n int, timeout time.Duration) []Line {
	end := time.NewTimer(timeout)
	defer end.Stop()
	for {
		u.s.mu.Lock()
		c := u.chat(a)
		lines, changed := got(slices.Clone(c.lines)), c.changed
		u.s.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		select {
		case <-changed:
		case <-end.C:
			return lines
		case <-u.s.ctx.Done():
			return lines
		}
	}
}

// Window tells what WeChat counts.
func (u *User) Window(a *App) Window {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.chat(a).window()
}
