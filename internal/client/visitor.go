package client

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"

	"zongji/internal/zongji"
)

// VisitorConfig says who visits where.
type VisitorConfig struct {
	Base     string   // http://127.0.0.1:8080
	More     []string // other nodes, taken in turn after a cut
	Channel  string   // the channel's public key
	Origin   string   // "" = Base
	Lang     string
	Identity string // signed, or ""
	Page     string
	// Heard is called for each message that was not seen before, in order,
	// the visitor's own too. It must not block.
	Heard func(zongji.VisitorMessage)
	// Changed is called when the status changes: bot, waiting, agent, ended.
	Changed func(status string)
}

// Visitor is a customer with an open widget. It is at rest until Run.
type Visitor struct {
	cfg  VisitorConfig
	link link

	mu       sync.Mutex
	token    string
	conv     int64
	after    int64
	status   string
	messages []zongji.VisitorMessage
	have     map[[2]int64]bool // (conv, seq)
}

// NewVisitor returns a visitor that is not connected yet.
func NewVisitor(cfg VisitorConfig) *Visitor {
	v := &Visitor{cfg: cfg, have: map[[2]int64]bool{}}
	v.link = link{
		urls:    wsURLs(cfg.Base, cfg.More, "/ws/chat?channel="+url.QueryEscape(cfg.Channel)),
		origin:  cfg.Origin,
		hello:   v.hello,
		welcome: v.welcome,
		push:    v.push,
	}
	v.link.init()
	return v
}

// Run keeps the visitor connected until ctx ends.
func (v *Visitor) Run(ctx context.Context) error { return v.link.run(ctx) }

// Cut breaks the connection as a bad network does; Run brings it back.
func (v *Visitor) Cut() { v.link.cut() }

func (v *Visitor) hello() map[string]any {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := map[string]any{"t": "hello", "id": 1, "token": v.token, "after": v.after, "conv": v.conv, "tab": fmt.Sprint(rand.Uint64())}
	if v.cfg.Lang != "" {
		f["lang"] = v.cfg.Lang
	}
	if v.cfg.Identity != "" {
		f["identity"] = v.cfg.Identity
	}
	if v.cfg.Page != "" {
		f["page"] = map[string]string{"url": v.cfg.Page, "title": "shop"}
	}
	return f
}

func (v *Visitor) welcome(b json.RawMessage) error {
	var w struct {
		Token string `json:"token"`
		View  struct {
			Conv     int64                   `json:"conv"`
			Status   string                  `json:"status"`
			Messages []zongji.VisitorMessage `json:"messages"`
		} `json:"view"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	v.mu.Lock()
	v.token = w.Token
	v.mu.Unlock()
	for _, m := range w.View.Messages {
		v.take(m)
	}
	v.turn(w.View.Status)
	return nil
}

func (v *Visitor) push(t string, b json.RawMessage) {
	if t != "event" {
		return
	}
	var e struct {
		Msg    *zongji.VisitorMessage `json:"msg"`
		Status string                 `json:"status"`
	}
	if json.Unmarshal(b, &e) != nil {
		return
	}
	if e.Msg != nil {
		v.take(*e.Msg)
	}
	v.turn(e.Status)
}

func (v *Visitor) take(m zongji.VisitorMessage) {
	v.mu.Lock()
	if k := [2]int64{m.Conv, m.Seq}; v.have[k] {
		v.mu.Unlock()
		return
	} else {
		v.have[k] = true
	}
	if m.Conv > v.conv {
		v.conv, v.after = m.Conv, 0
	}
	if m.Conv == v.conv && m.Seq > v.after {
		v.after = m.Seq
	}
	v.messages = append(v.messages, m)
	v.mu.Unlock()
	if v.cfg.Heard != nil {
		v.cfg.Heard(m)
	}
}

func (v *Visitor) turn(status string) {
	v.mu.Lock()
	changed := status != "" && status != v.status
	if changed {
		v.status = status
	}
	v.mu.Unlock()
	if changed && v.cfg.Changed != nil {
		v.cfg.Changed(status)
	}
}

// Ack is the answer to a sent message: it is stored.
type Ack struct {
	Conv   int64     `json:"conv"`
	Msg    int64     `json:"msg"`
	Seq    int64     `json:"seq"`
	At     zongji.Ms `json:"at"`
	Repeat bool      `json:"repeat"`
}

// Say is what a visitor sends.
type Say struct {
	CID    string
	Text   string
	Choice string
	Files  []string // the url of each uploaded file
}

// Send sends and returns when the message is stored; over lost connections it
// sends again with the same client id.
func (v *Visitor) Send(ctx context.Context, s Say) (Ack, error) {
	f := map[string]any{"t": "send", "cid": s.CID}
	if s.Text != "" {
		f["text"] = s.Text
	}
	if s.Choice != "" {
		f["choice"] = s.Choice
	}
	if len(s.Files) > 0 {
		f["files"] = s.Files
	}
	var a Ack
	err := v.link.sure(ctx, f, &a)
	return a, err
}

// Read tells that everything up to seq was read.
func (v *Visitor) Read(seq int64) { v.link.say(map[string]any{"t": "read", "seq": seq}) }

// Rate judges the newest conversation.
func (v *Visitor) Rate(ctx context.Context, stars int, comment string) error {
	return v.link.sure(ctx, map[string]any{"t": "rate", "stars": stars, "comment": comment}, nil)
}

// End ends the conversation.
func (v *Visitor) End(ctx context.Context) error {
	return v.link.sure(ctx, map[string]any{"t": "end"}, nil)
}

// Messages returns what the visitor has seen, in order of arrival.
func (v *Visitor) Messages() []zongji.VisitorMessage {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]zongji.VisitorMessage(nil), v.messages...)
}

// Status returns where the conversation stands for the visitor.
func (v *Visitor) Status() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.status
}

// Token returns the visitor token, "" before the first welcome.
func (v *Visitor) Token() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.token
}
