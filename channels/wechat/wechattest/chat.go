package wechattest

import (
	"time"

	"zongji/internal/zongji"
)

// Line is one thing in a chat, as its customer sees it on his phone.
type Line struct {
	N       int        `json:"n"` // 1, 2, … in this chat
	At      zongji.Ms  `json:"at"`
	From    string     `json:"from"`          // me | account | servicer | notice
	Via     string     `json:"via,omitempty"` // custom | passive | template | subscribe | kf; event: what he did himself
	Kind    string     `json:"kind"`          // WeChat's msgtype
	Text    string     `json:"text,omitempty"`
	Title   string     `json:"title,omitempty"`
	URL     string     `json:"url,omitempty"`
	MediaID string     `json:"media_id,omitempty"`
	Media   string     `json:"media,omitempty"`   // where the bytes are, below /_sim/
	Seconds int        `json:"seconds,omitempty"` // of a voice
	Menu    []MenuItem `json:"menu,omitempty"`    // of a msgmenu; its head is Text
	Tail    string     `json:"tail,omitempty"`
	MsgID   string     `json:"msgid,omitempty"`
	// Recalled lines show no content any more.
	Recalled bool `json:"recalled,omitempty"`
}

// MenuItem is one item of a msgmenu.
type MenuItem struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"` // click | view | miniprogram
	Content string `json:"content"`
	URL     string `json:"url,omitempty"` // view: where to; miniprogram: appid and page
}

// Window is what WeChat counts for one customer and account.
type Window struct {
	Open     bool      `json:"open"` // a message would be taken now
	Left     int       `json:"left"`
	Until    zongji.Ms `json:"until"`              // 0: never open
	Followed bool      `json:"followed"`           // official account
	State    int       `json:"state"`              // kf service_state
	Servicer string    `json:"servicer,omitempty"` // kf, state 3
}

// The counts and times of a window.
const (
	messageLeft = 5
	messageLife = 48 * time.Hour
	eventLeft   = 3
	enterLeft   = 2 // mini-program
	eventLife   = time.Minute
	touchLife   = 30 * time.Second // typing needs a message so recent
	typingLife  = 15 * time.Second
)

// quota is so many messages until then.
type quota struct {
	left  int
	until time.Time
}

func (q quota) open(now time.Time) bool { return now.Before(q.until) }

// chat is one user at one account.
type chat struct {
	s    *Server
	app  *App
	user *User
	ext  string // openid or external_userid

	lines   []Line
	rev     int64 // grows with each change
	changed chan struct{}

	followed bool
	since    time.Time
	scene    string // that he followed by
	by       string // subscribe_scene
	blocked  bool   // the customer refuses messages
	message  quota
	event    quota
	touched  time.Time // last message of either side
	typing   time.Time // shown until
	consents map[string]int

	session session // kf
}

// add appends a line. The lock is held.
func (c *chat) add(l Line) *Line {
	l.N, l.At = len(c.lines)+1, c.s.nowMs()
	c.lines = append(c.lines, l)
	if l.From == "account" {
		c.typing = time.Time{}
	}
	c.wake()
	return &c.lines[len(c.lines)-1]
}

// wake tells all who wait that the chat changed.
func (c *chat) wake() {
	c.rev++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *chat) find(msgID string) *Line {
	for i := range c.lines {
		if c.lines[i].MsgID == msgID && msgID != "" {
			return &c.lines[i]
		}
	}
	return nil
}

// wrote opens the window of a customer's message: 5 for 48 h, and what a
// click left is gone, because a trigger resets the count.
func (c *chat) wrote() {
	now := c.s.now()
	c.touched, c.message, c.event = now, quota{messageLeft, now.Add(messageLife)}, quota{}
}

// clicked opens the window of an event: so many for a minute.
func (c *chat) clicked(left int) {
	now := c.s.now()
	c.touched, c.event = now, quota{left, now.Add(eventLife)}
	if c.s.opt.ClickShortens {
		c.message = quota{}
	}
}

// closed ends both windows.
func (c *chat) closed() { c.message, c.event = quota{}, quota{} }

// spend takes one message from the window, or says which rule forbids it.
func (c *chat) spend() *fault {
	now := c.s.now()
	for _, q := range []*quota{&c.event, &c.message} {
		if q.open(now) && q.left > 0 {
			q.left--
			c.touched = now
			return nil
		}
	}
	if c.event.open(now) || c.message.open(now) {
		return refuse(45047)
	}
	return refuse(45015)
}

func (c *chat) window() Window {
	now := c.s.now()
	w := Window{Followed: c.followed, State: c.session.state, Servicer: c.session.servicer}
	for _, q := range []quota{c.event, c.message} {
		if q.open(now) {
			w.Left += q.left
		}
		w.Until = max(w.Until, zongji.MsOf(q.until))
	}
	w.Open = w.Left > 0 && !c.blocked && (c.app.kind != KF || c.session.state <= stateBot)
	return w
}
