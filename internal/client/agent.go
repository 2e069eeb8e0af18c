package client

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"

	"zongji/internal/zongji"
)

// AgentConfig says which session sits at the desk, and what it does by itself.
type AgentConfig struct {
	REST *REST // logged in
	// Offered is called for each offer, Heard for each message of a customer
	// that was not seen before, Event for each event. They must not block.
	Offered func(zongji.Offer)
	Heard   func(zongji.Message)
	Event   func(zongji.Event)
	// Seats is called when the number of open screens of this user changes.
	Seats func(n int)
}

// Agent is an agent with an open desk. It is at rest until Run.
type Agent struct {
	cfg  AgentConfig
	link link

	mu    sync.Mutex
	pos   string
	convs map[int64]*AgentConv
	seen  map[int64]bool // offers handed on
	stale chan struct{}  // a snapshot is due
	gaps  map[int64]bool
	me    zongji.AgentStatus
}

// AgentConv is a conversation as the desk has it.
type AgentConv struct {
	Row      zongji.Conversation
	Rev      int64
	Messages map[int64]zongji.Message // by seq
}

// NewAgent returns an agent that is not connected yet.
func NewAgent(cfg AgentConfig) *Agent {
	a := &Agent{cfg: cfg, convs: map[int64]*AgentConv{}, seen: map[int64]bool{}, gaps: map[int64]bool{}, stale: make(chan struct{}, 1)}
	a.link = link{
		urls:    wsURLs(cfg.REST.Base, cfg.REST.More, "/ws/desk"),
		hello:   a.hello,
		welcome: a.welcome,
		push:    a.push,
	}
	a.link.init()
	return a
}

// Run keeps the agent connected until ctx ends.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-a.stale:
				a.heal(ctx)
			}
		}
	}()
	err := a.link.run(ctx)
	stop()
	<-done
	return err
}

// Cut breaks the connection as a bad network does; Run brings it back.
func (a *Agent) Cut() { a.link.cut() }

func (a *Agent) hello() map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return map[string]any{"t": "hello", "id": 1, "token": a.cfg.REST.Token, "pos": a.pos, "tab": fmt.Sprint(rand.Uint64())}
}

func (a *Agent) welcome(b json.RawMessage) error {
	var w struct {
		Pos     string             `json:"pos"`
		Resumed bool               `json:"resumed"`
		Me      zongji.AgentStatus `json:"me"`
		Offers  []zongji.Offer     `json:"offers"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	a.mu.Lock()
	a.me = w.Me
	if !w.Resumed {
		a.pos = w.Pos
		for id := range a.convs {
			a.gaps[id] = true
		}
		a.gaps[0] = true // 0: the list itself
		a.wake()
	}
	a.mu.Unlock()
	for _, o := range w.Offers {
		a.offer(o)
	}
	return nil
}

func (a *Agent) wake() {
	select {
	case a.stale <- struct{}{}:
	default:
	}
}

func (a *Agent) push(t string, b json.RawMessage) {
	var f struct {
		Pos    string              `json:"pos"`
		Event  *zongji.Event       `json:"event"`
		Offer  json.RawMessage     `json:"offer"`
		Conv   int64               `json:"conv"`
		Status *zongji.AgentStatus `json:"status"`
		Seats  int                 `json:"seats"`
	}
	if json.Unmarshal(b, &f) != nil {
		return
	}
	switch t {
	case "event":
		if f.Event != nil {
			a.event(*f.Event)
		}
	case "offer":
		var o zongji.Offer
		if json.Unmarshal(f.Offer, &o) == nil {
			a.offer(o)
		}
	case "gone":
		a.mu.Lock()
		delete(a.convs, f.Conv)
		a.mu.Unlock()
	case "seats":
		if a.cfg.Seats != nil {
			a.cfg.Seats(f.Seats)
		}
	case "agent":
		a.mu.Lock()
		if f.Status != nil && f.Status.User == a.me.User {
			a.me = *f.Status
		}
		a.mu.Unlock()
	}
	if f.Pos != "" {
		a.mu.Lock()
		a.pos = f.Pos
		a.mu.Unlock()
	}
}

func (a *Agent) offer(o zongji.Offer) {
	a.mu.Lock()
	fresh := !a.seen[o.ID]
	a.seen[o.ID] = true
	a.mu.Unlock()
	if fresh && a.cfg.Offered != nil {
		a.cfg.Offered(o)
	}
}

// event applies e when it is the next of its conversation, drops it when it
// is old, and asks for the conversation when something is missing between.
func (a *Agent) event(e zongji.Event) {
	a.mu.Lock()
	c := a.convs[e.Conv]
	if c == nil {
		c = &AgentConv{Rev: e.Rev - 1, Messages: map[int64]zongji.Message{}}
		a.convs[e.Conv] = c
		if e.Rev > 1 {
			a.gaps[e.Conv] = true
			a.wake()
		}
	}
	if e.Rev > c.Rev+1 {
		a.gaps[e.Conv] = true
		a.wake()
	}
	if e.Row != nil && e.Row.Rev >= c.Row.Rev {
		c.Row = *e.Row
	}
	if e.Rev == c.Rev+1 {
		c.Rev = e.Rev
	}
	fresh := e.Msg != nil && a.take(c, *e.Msg)
	a.mu.Unlock()
	if a.cfg.Event != nil {
		a.cfg.Event(e)
	}
	if fresh && a.cfg.Heard != nil && e.Msg.From == zongji.FromContact {
		a.cfg.Heard(*e.Msg)
	}
}

func (a *Agent) take(c *AgentConv, m zongji.Message) bool {
	if _, have := c.Messages[m.Seq]; have {
		return false
	}
	c.Messages[m.Seq] = m
	return true
}

// heal loads what is missing: the list after a snapshot, then each
// conversation with a gap.
func (a *Agent) heal(ctx context.Context) {
	a.mu.Lock()
	list := a.gaps[0]
	delete(a.gaps, 0)
	a.mu.Unlock()
	if list {
		var out struct {
			Items []zongji.Conversation `json:"items"`
		}
		if err := a.cfg.REST.Do(ctx, http.MethodGet, "/api/v1/conversations?view=mine&limit=200", nil, &out); err != nil {
			a.again(ctx, 0)
			return
		}
		a.mu.Lock()
		for _, row := range out.Items {
			a.gaps[row.ID] = true
		}
		a.mu.Unlock()
	}
	for {
		a.mu.Lock()
		var conv int64
		for id := range a.gaps {
			if id != 0 {
				conv = id
				break
			}
		}
		delete(a.gaps, conv)
		a.mu.Unlock()
		if conv == 0 {
			return
		}
		if err := a.load(ctx, conv); err != nil && CodeOf(err) == "" {
			a.again(ctx, conv)
			return
		}
	}
}

func (a *Agent) again(ctx context.Context, conv int64) {
	a.mu.Lock()
	a.gaps[conv] = true
	a.mu.Unlock()
	pause(ctx)
	a.wake()
}

// load fetches a conversation with all its messages.
func (a *Agent) load(ctx context.Context, conv int64) error {
	var all []zongji.Message
	var row zongji.Conversation
	for after := int64(0); ; {
		var out struct {
			Row      zongji.Conversation `json:"row"`
			Messages []zongji.Message    `json:"messages"`
			More     bool                `json:"more"`
		}
		if err := a.cfg.REST.Do(ctx, http.MethodGet, fmt.Sprintf("/api/v1/conversations/%d?after=%d", conv, after), nil, &out); err != nil {
			return err
		}
		row = out.Row
		all = append(all, out.Messages...)
		if len(out.Messages) == 0 || all[len(all)-1].Seq >= row.LastSeq {
			break
		}
		after = all[len(all)-1].Seq
	}
	a.mu.Lock()
	c := a.convs[conv]
	if c == nil {
		c = &AgentConv{Messages: map[int64]zongji.Message{}}
		a.convs[conv] = c
	}
	if row.Rev >= c.Rev {
		c.Rev, c.Row = row.Rev, row
	}
	var fresh []zongji.Message
	for _, m := range all {
		if a.take(c, m) && m.From == zongji.FromContact {
			fresh = append(fresh, m)
		}
	}
	a.mu.Unlock()
	if a.cfg.Heard != nil {
		for _, m := range fresh {
			a.cfg.Heard(m)
		}
	}
	return nil
}

// Reply writes to the customer and returns when it is stored; over lost
// connections it sends again with the same client id.
func (a *Agent) Reply(ctx context.Context, conv int64, cid, text string) (zongji.Message, error) {
	var out struct {
		Msg zongji.Message `json:"msg"`
	}
	err := a.link.sure(ctx, map[string]any{"t": "reply", "conv": conv, "cid": cid, "text": text}, &out)
	return out.Msg, err
}

// Accept takes an offer. It is not repeated over a lost connection: then the
// conversation's row tells.
func (a *Agent) Accept(ctx context.Context, offer int64) (zongji.Conversation, error) {
	var out struct {
		Conv zongji.Conversation `json:"conv"`
	}
	err := a.link.do(ctx, map[string]any{"t": "accept", "offer": offer}, &out)
	return out.Conv, err
}

// State says ready, break or offline.
func (a *Agent) State(ctx context.Context, s zongji.AgentState, reason string) error {
	return a.link.sure(ctx, map[string]any{"t": "state", "state": s, "reason": reason}, nil)
}

// Finish ends a conversation with its summary.
func (a *Agent) Finish(ctx context.Context, conv int64, category, summary string, askRating bool) error {
	return a.cfg.REST.Do(ctx, http.MethodPost, fmt.Sprintf("/api/v1/conversations/%d/close", conv),
		map[string]any{"category": category, "summary": summary, "ask_rating": askRating}, nil)
}

// Me returns the last known own status.
func (a *Agent) Me() zongji.AgentStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.me
}

// Row returns the last known row of a conversation, zero when unknown.
func (a *Agent) Row(conv int64) zongji.Conversation {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.convs[conv]; c != nil {
		return c.Row
	}
	return zongji.Conversation{}
}

// Convs returns copies of what the desk has.
func (a *Agent) Convs() map[int64]AgentConv {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[int64]AgentConv, len(a.convs))
	for id, c := range a.convs {
		cp := AgentConv{Row: c.Row, Rev: c.Rev, Messages: make(map[int64]zongji.Message, len(c.Messages))}
		for s, m := range c.Messages {
			cp.Messages[s] = m
		}
		out[id] = cp
	}
	return out
}
