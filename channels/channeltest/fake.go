// Package channeltest has a channel whose customers are the test itself, and
// the suite that each adapter passes.
package channeltest

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Fake is a channel for tests: what customers write is given to Write, what
// they get is kept. By default it sends through the outbox, as mail does.
type Fake struct {
	kind string
	fail func(zongji.Outbound) error // nil: every send succeeds

	mu     sync.Mutex
	set    zongji.ChannelAccount
	deps   channels.Deps
	accept channels.Accept
	sent   []zongji.Outbound
	events []zongji.VisitorEvent
	next   int
	runs   int // Runs that have not ended
}

// New returns a fake of a kind. fail, if not nil, decides how a send ends.
func New(kind string, fail func(zongji.Outbound) error) *Fake { return &Fake{kind: kind, fail: fail} }

var (
	_ channels.Channel   = (*Fake)(nil)
	_ channels.EventSink = (*Sink)(nil)
)

// Kind returns the kind of which f is the only account.
func (f *Fake) Kind() channels.Kind { return f.kindOf(f) }

func (f *Fake) kindOf(ch channels.Channel) channels.Kind {
	return channels.Kind{Name: f.kind, Open: func(_ context.Context, set zongji.ChannelAccount, deps channels.Deps) (channels.Channel, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.set, f.deps, f.accept = set, deps, deps.Accept
		return ch, nil
	}}
}

// Name returns the account's name.
func (f *Fake) Name() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Name
}

// Run waits until ctx ends.
func (f *Fake) Run(ctx context.Context, _ channels.Accept) error {
	f.count(+1)
	defer f.count(-1)
	<-ctx.Done()
	return nil
}

func (f *Fake) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs += n
}

// Deps is what the router gave to the account.
func (f *Fake) Deps() channels.Deps {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.deps
}

// Running reports whether Run runs.
func (f *Fake) Running() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs > 0
}

// Send keeps what was sent.
func (f *Fake) Send(_ context.Context, out zongji.Outbound) (channels.Sent, error) {
	if f.fail != nil {
		if err := f.fail(out); err != nil {
			return channels.Sent{}, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, out)
	return channels.Sent{ExtID: fmt.Sprint("sent-", out.ID), State: zongji.StateSent}, nil
}

// Handler returns nil: nobody calls a fake over HTTP.
func (f *Fake) Handler() http.Handler { return nil }

// Write is a customer's message. who is the visitor and his thread; every
// call has an id of its own.
func (f *Fake) Write(ctx context.Context, who, text string) (zongji.Stored, error) {
	return f.WriteID(ctx, who, f.id(who), text, "")
}

// Press is a customer's press of a button.
func (f *Fake) Press(ctx context.Context, who, text, choice string) (zongji.Stored, error) {
	return f.WriteID(ctx, who, f.id(who), text, choice)
}

func (f *Fake) id(who string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	return fmt.Sprintf("%s-%d", who, f.next)
}

// WriteID is a customer's message with the id that the channel gave it.
func (f *Fake) WriteID(ctx context.Context, who, id, text, choice string) (zongji.Stored, error) {
	return f.Tell(ctx, who, zongji.Inbound{ExtID: id, CID: id, Kind: zongji.InMessage, From: zongji.Identity{Name: who}, Text: text, Choice: choice})
}

// Tell is whatever a channel reports of a customer: his id, thread, account and
// language are filled, and an id of its own when it has none.
func (f *Fake) Tell(ctx context.Context, who string, in zongji.Inbound) (zongji.Stored, error) {
	if in.ExtID == "" {
		in.ExtID = f.id(who)
	}
	f.mu.Lock()
	accept, set := f.accept, f.set
	f.mu.Unlock()
	if accept == nil {
		return zongji.Stored{}, fmt.Errorf("the fake is not open yet")
	}
	in.Channel, in.ChanKind, in.Thread, in.From.Ext, in.Lang = set.ID, set.Kind, who, who, "zh-CN"
	return accept(ctx, in)
}

// Sent returns what was sent so far.
func (f *Fake) Sent() []zongji.Outbound {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]zongji.Outbound(nil), f.sent...)
}

// Keyed is a Fake that drops what is sent twice under one Outbound.ID.
type Keyed struct{ *Fake }

// NewKeyed returns a fake of a kind with an idempotency key; fail as in New.
func NewKeyed(kind string, fail func(zongji.Outbound) error) *Keyed { return &Keyed{New(kind, fail)} }

var _ channels.Idempotent = (*Keyed)(nil)

// Kind returns the kind of which k is the only account.
func (k *Keyed) Kind() channels.Kind { return k.kindOf(k) }

// Idempotent is true.
func (k *Keyed) Idempotent() bool { return true }

// Sink is a Fake whose customers hold sockets: events come instead of sends.
type Sink struct{ *Fake }

// NewSink returns a fake of a kind with sockets.
func NewSink(kind string) *Sink { return &Sink{New(kind, nil)} }

// Kind returns the kind of which s is the only account.
func (s *Sink) Kind() channels.Kind { return s.kindOf(s) }

// Deliver keeps the event.
func (s *Sink) Deliver(ev zongji.VisitorEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, ev)
}

// Typing is not kept.
func (s *Sink) Typing(int64, string, bool) {}

// Events returns what the sockets were told so far.
func (s *Sink) Events() []zongji.VisitorEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]zongji.VisitorEvent(nil), s.events...)
}
