package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"zongji/internal/client"
	"zongji/internal/packs"
	"zongji/internal/zongji"
)

const (
	acceptWithin = 2500 * time.Millisecond // a scripted agent accepts sooner than this
	talkTurns    = 3                       // replies after which he ends the conversation
	silentAfter  = 40 * time.Second        // and after so much silence of the customer
	backAfter    = 6 * time.Second         // he takes his seat again when a person left it so long: pages are reloaded
)

// Crew is the scripted agents. Each accepts within 3 s and stands back while
// a person sits in his seat.
type Crew struct {
	Base  string
	Lines packs.Agents
	Speed func() float64 // how much faster than people they are now; nil: as fast
	Log   *slog.Logger
	// Replied is called for each acknowledged reply; may be nil.
	Replied func(m zongji.Message, cid string)
	// Heard is called for each message of a customer that reached a desk.
	Heard func(agent string, m zongji.Message)
}

// Seat is one scripted agent's login.
type Seat struct{ Login, Password string }

// Run seats the agents until ctx ends. A seat that cannot log in is tried
// again: the product may be starting.
func (c *Crew) Run(ctx context.Context, seats []Seat) {
	var wg sync.WaitGroup
	for _, s := range seats {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				if err := c.sit(ctx, s); err != nil && ctx.Err() == nil {
					c.Log.Debug("scripted agent starts again", "login", s.Login, "err", err)
				}
				sleep(ctx, time.Second)
			}
		}()
	}
	wg.Wait()
}

// sit is one session of one scripted agent.
func (c *Crew) sit(ctx context.Context, s Seat) error {
	rest, err := client.Login(ctx, c.Base, s.Login, s.Password)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := &puppet{crew: c, seat: s, work: make(chan func(context.Context), 256), talks: map[int64]*talk{}}
	p.desk = client.NewAgent(client.AgentConfig{
		REST: rest,
		Offered: func(o zongji.Offer) {
			p.later(time.Duration(rand.Int64N(int64(acceptWithin))), func(ctx context.Context) { p.accept(ctx, o) })
		},
		Heard: p.heard,
		Event: p.event,
		Seats: func(n int) { p.do(func(context.Context) { p.shared(n > 1) }) },
	})
	p.ctx = ctx
	done := make(chan error, 1)
	go func() { done <- p.desk.Run(ctx) }()
	if err := p.desk.State(ctx, zongji.AgentReady, ""); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return <-done
		case err := <-done:
			return err
		case f := <-p.work:
			f(ctx)
		case <-tick.C:
			p.away = p.away && (p.left.IsZero() || time.Since(p.left) < backAfter)
			p.endSilent(ctx)
			if st := p.desk.Me().State; !p.away && st != zongji.AgentReady && st != zongji.AgentBreak {
				_ = p.desk.State(ctx, zongji.AgentReady, "") // told again at the next tick
			}
		}
	}
}

// quick is how long something takes now that takes people d.
func (c *Crew) quick(d time.Duration) time.Duration {
	if c.Speed == nil {
		return d
	}
	return time.Duration(float64(d) / max(1, c.Speed()))
}

// puppet is a scripted agent; all its state belongs to the loop in sit.
type puppet struct {
	crew  *Crew
	seat  Seat
	desk  *client.Agent
	ctx   context.Context // of the session; timers end with it
	work  chan func(context.Context)
	away  bool      // a person sits here
	left  time.Time // when he left; zero while he sits
	talks map[int64]*talk
	n     int
}

type talk struct {
	turns int
	last  time.Time
	due   bool // a reply is on its way
	ended bool
}

// shared notes whether a person sits here too.
func (p *puppet) shared(yes bool) {
	switch {
	case yes:
		p.away, p.left = true, time.Time{}
	case p.away && p.left.IsZero():
		p.left = time.Now()
	}
}

func (p *puppet) do(f func(context.Context)) {
	select {
	case p.work <- f:
	case <-p.ctx.Done():
	}
}

func (p *puppet) later(d time.Duration, f func(context.Context)) {
	time.AfterFunc(p.crew.quick(d), func() { p.do(f) })
}

func (p *puppet) accept(ctx context.Context, o zongji.Offer) {
	if !p.left.IsZero() && p.away { // he may be back before the offer lapses
		p.later(time.Second, func(ctx context.Context) { p.accept(ctx, o) })
		return
	}
	if p.away || o.Auto {
		return
	}
	if _, err := p.desk.Accept(ctx, o.ID); err != nil {
		p.crew.Log.Debug("offer not taken", "login", p.seat.Login, "err", err)
	}
}

func (p *puppet) event(e zongji.Event) {
	if e.Kind != zongji.EvAssigned && e.Kind != zongji.EvReopened || e.Row == nil {
		return
	}
	row := *e.Row
	p.do(func(ctx context.Context) {
		if row.Owner != p.desk.Me().User || row.Status != zongji.StatusAssigned {
			return
		}
		t := p.talk(row.ID)
		t.ended = false
		if t.turns == 0 {
			p.reply(row.ID, pick(p.crew.Lines.Greeting, int(row.ID)))
		}
	})
}

func (p *puppet) talk(conv int64) *talk {
	t := p.talks[conv]
	if t == nil {
		t = &talk{last: time.Now()}
		p.talks[conv] = t
	}
	return t
}

func (p *puppet) heard(m zongji.Message) {
	if p.crew.Heard != nil {
		p.crew.Heard(p.seat.Login, m)
	}
	p.do(func(context.Context) {
		row := p.desk.Row(m.Conv)
		if row.Owner != p.desk.Me().User {
			return
		}
		t := p.talk(m.Conv)
		t.last = time.Now()
		if t.turns >= talkTurns || t.due {
			return
		}
		lines := p.crew.Lines.Replies[p.categoryOf(row)]
		if len(lines) == 0 {
			lines = p.crew.Lines.Replies[""]
		}
		p.reply(m.Conv, pick(lines, int(m.Conv)+t.turns))
	})
}

// categoryOf is what the conversation is about: its category, or the tag that
// is one.
func (p *puppet) categoryOf(row zongji.Conversation) string {
	for _, t := range append([]string{row.Category}, row.Tags...) {
		if _, known := p.crew.Lines.Replies[t]; known && t != "" {
			return t
		}
	}
	return ""
}

func pick(lines []string, n int) string {
	if len(lines) == 0 {
		return "您好，我来为您处理。"
	}
	return lines[((n%len(lines))+len(lines))%len(lines)]
}

// reply writes after the time that typing takes.
func (p *puppet) reply(conv int64, text string) {
	t := p.talk(conv)
	t.due = true
	p.later(time.Duration(800+rand.IntN(2000))*time.Millisecond, func(ctx context.Context) {
		t.due = false
		if p.away || p.desk.Row(conv).Owner != p.desk.Me().User {
			return
		}
		t.turns++
		p.n++
		cid := fmt.Sprintf("s-%s-%d-%d", p.seat.Login, time.Now().UnixNano(), p.n)
		m, err := p.desk.Reply(ctx, conv, cid, text)
		if err != nil {
			p.crew.Log.Debug("reply refused", "login", p.seat.Login, "err", err)
			return
		}
		if p.crew.Replied != nil {
			p.crew.Replied(m, cid)
		}
		if t.turns >= talkTurns {
			p.later(4*time.Second, func(ctx context.Context) { p.finish(ctx, conv) })
		}
	})
}

func (p *puppet) endSilent(ctx context.Context) {
	limit := p.crew.quick(silentAfter)
	for conv, c := range p.desk.Convs() {
		if c.Row.Owner != p.desk.Me().User || !c.Row.Status.Holds() {
			delete(p.talks, conv)
			continue
		}
		if time.Since(p.talk(conv).last) > limit {
			p.finish(ctx, conv)
		}
	}
}

func (p *puppet) finish(ctx context.Context, conv int64) {
	row := p.desk.Row(conv)
	t := p.talk(conv)
	if p.away || t.ended || row.Owner != p.desk.Me().User || !row.Status.Holds() {
		return
	}
	t.ended = true
	category := p.categoryOf(row)
	if category == "" {
		category = "咨询"
	}
	if err := p.desk.Finish(ctx, conv, category, "客户咨询"+category+"，已答复并确认。", true); err != nil {
		p.crew.Log.Debug("not finished", "login", p.seat.Login, "err", err)
		t.ended = false
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
