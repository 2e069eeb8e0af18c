package channeltest

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// What a Phone's customers allow, as WeChat has it.
var (
	Wrote   = zongji.Grant{Count: 5, For: 48 * time.Hour}
	Clicked = zongji.Grant{Count: 3, For: time.Minute, Brief: true}
)

// Phone is a Fake with reply windows, media that is fetched afterwards, and
// deeds, as a messenger has them. Each text and each file costs one message.
type Phone struct {
	*Fake
	// Fetched decides how a fetch ends; nil: with one picture named as asked.
	Fetched func(what string) ([]zongji.File, error)

	lock  sync.Mutex
	typed []zongji.Identity
}

// NewPhone returns a phone of a kind; fail as in New.
func NewPhone(kind string, fail func(zongji.Outbound) error) *Phone {
	return &Phone{Fake: New(kind, fail)}
}

var (
	_ channels.Windowed = (*Phone)(nil)
	_ channels.Fetcher  = (*Phone)(nil)
	_ channels.Operator = (*Phone)(nil)
	_ channels.Typist   = (*Phone)(nil)
)

// Kind returns the kind of which p is the only account.
func (p *Phone) Kind() channels.Kind {
	k := p.kindOf(p)
	k.Grants = true
	k.Form = []channels.Field{{Key: "appid", Type: "text"}, {Key: "secret", Type: "secret", Required: true}, {Key: "token", Type: "secret"}}
	return k
}

// Cost counts bubbles.
func (p *Phone) Cost(m *zongji.Message) int {
	if m.Kind == zongji.KindTemplate {
		return 0
	}
	n := len(m.Files)
	if m.Text != "" {
		n++
	}
	return max(n, 1)
}

// Fetch brings what Fetched says.
func (p *Phone) Fetch(_ context.Context, what string) ([]zongji.File, error) {
	if p.Fetched != nil {
		return p.Fetched(what)
	}
	return []zongji.File{{ID: 1, Name: what, Type: "image/png", Size: 1}}, nil
}

// Type keeps who was told that somebody writes.
func (p *Phone) Type(_ context.Context, to zongji.Identity, _ bool) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.typed = append(p.typed, to)
	return nil
}

// Typed returns who was told that somebody writes.
func (p *Phone) Typed() []zongji.Identity {
	p.lock.Lock()
	defer p.lock.Unlock()
	return append([]zongji.Identity(nil), p.typed...)
}

// Operate answers with what it was asked; the deed "bad" is refused.
func (p *Phone) Operate(_ context.Context, deed string, in json.RawMessage) (any, error) {
	if deed == "bad" {
		return nil, &channels.SendError{Class: channels.BadConfig, Code: "fake:1", Reason: "no"}
	}
	return map[string]any{"deed": deed, "in": in}, nil
}

// Serve answers with whom it was done to.
func (p *Phone) Serve(_ context.Context, conv zongji.Conversation, to zongji.Identity, deed string, in json.RawMessage) (any, error) {
	return map[string]any{"deed": deed, "conv": conv.ID, "to": to.Ext, "in": in}, nil
}

// Message is a customer's message, which opens the window.
func (p *Phone) Message(ctx context.Context, who, text string) (zongji.Stored, error) {
	g := Wrote
	return p.Tell(ctx, who, zongji.Inbound{Kind: zongji.InMessage, Text: text, From: zongji.Identity{Name: who}, Grant: &g})
}

// Click is a pressed menu, which opens a brief window.
func (p *Phone) Click(ctx context.Context, who, text, choice string) (zongji.Stored, error) {
	g := Clicked
	return p.Tell(ctx, who, zongji.Inbound{Kind: zongji.InMessage, Text: text, Choice: choice, From: zongji.Identity{Name: who}, Grant: &g})
}

// Deed is something that a customer did and that stands in the conversation.
func (p *Phone) Deed(ctx context.Context, who, event, scene string) (zongji.Stored, error) {
	g := Clicked
	in := zongji.Inbound{Kind: zongji.InEvent, Event: event, Value: scene, Scene: scene, Shown: true, From: zongji.Identity{Name: who}, Grant: &g}
	if event == "unsubscribe" {
		in.Grant, in.Ends = nil, true
	}
	return p.Tell(ctx, who, in)
}
