package router

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"golang.org/x/sync/errgroup"

	"zongji/bot"
	"zongji/channels"
	"zongji/internal/zongji"
)

const (
	advanceWorkers = 8   // conversations thought about at once
	advanceTries   = 5   // times a result is computed anew because the row moved
	advanceRead    = 100 // unhandled messages looked at together
)

// errMoved says that somebody changed the conversation while it was thought
// about.
var errMoved = errors.New("conversation moved on")

// runAdvance looks after conversations whose burst wait ended.
func (r *Router) runAdvance(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(advanceWorkers)
	r.due.run(ctx, func(conv int64) {
		g.Go(func() error {
			r.advanceDue(ctx, conv)
			return nil
		})
	})
	_ = g.Wait()
}

// advanceDue claims a conversation and advances it, if it is due and nobody
// else has it.
func (r *Router) advanceDue(ctx context.Context, conv int64) {
	ok, err := r.db.ClaimOne(ctx, conv, r.now(), r.cfg.Claim)
	if err == nil && ok {
		err = r.advance(ctx, conv)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("conversation not advanced, reconcile tries again", "conv", conv, "err", err)
	}
}

// advance lets the bot or the rules answer what they have not seen. The
// caller has claimed the conversation.
func (r *Router) advance(ctx context.Context, conv int64) error {
	for range advanceTries {
		c, err := r.db.Conversation(ctx, conv)
		if err != nil {
			return err
		}
		msgs, err := r.db.Messages(ctx, conv, c.HandledSeq, 0, advanceRead)
		if err != nil {
			return err
		}
		next := r.next(ctx, &c, msgs)
		ch, err := r.db.Change(ctx, conv, func(now *zongji.Conversation, tx *tx) error {
			if now.Epoch != c.Epoch || now.HandledSeq != c.HandledSeq {
				return errMoved
			}
			return r.handled(now, tx, msgs, next.do)
		})
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return err
		}
		r.after(ctx, ch)
		if ch.Conv.LastSeq > ch.Conv.HandledSeq && ch.Conv.Status.Heard() {
			r.due.set(conv, r.now().Add(r.cfg.Quiet))
		}
		if next.then != nil {
			next.then(ctx)
		}
		return nil
	}
	return nil // someone else is at it; the claim ends and reconcile looks again
}

// step is one result of thinking: do runs in the transaction, perhaps several
// times; then runs once after it.
type step struct {
	do   func(*zongji.Conversation, *tx) error
	then func(context.Context)
}

// handled runs do and notes how far the messages are handled. What came in
// meanwhile is due again.
func (r *Router) handled(c *zongji.Conversation, tx *tx, msgs []zongji.Message, do func(*zongji.Conversation, *tx) error) error {
	seen := c.HandledSeq
	if len(msgs) > 0 {
		seen = msgs[len(msgs)-1].Seq
	}
	more := c.LastSeq > seen
	if err := do(c, tx); err != nil {
		return err
	}
	c.HandledSeq = seen
	if more && c.Status.Heard() {
		tx.Due(r.now().Add(r.cfg.Quiet))
	} else {
		c.HandledSeq = c.LastSeq
		tx.Due(0)
	}
	return nil
}

// next decides what happens to a conversation with unhandled messages.
func (r *Router) next(ctx context.Context, c *zongji.Conversation, msgs []zongji.Message) step {
	var mine, deeds []zongji.Message
	for _, m := range msgs {
		switch {
		case m.From == zongji.FromContact && m.Kind == zongji.KindEvent:
			deeds = append(deeds, m)
		case m.From == zongji.FromContact && m.State != zongji.StateRecalled && !machine(&m):
			mine = append(mine, m)
		}
	}
	if c.Status == zongji.StatusBot && len(mine) == 0 && len(deeds) > 0 && c.Window.Elsewhere(r.now()) {
		return elsewhere
	}
	nothing := step{do: func(*zongji.Conversation, *tx) error { return nil }}
	switch {
	case len(mine) == 0 && len(deeds) > 0 && c.Status == zongji.StatusBot && c.FirstAt == 0:
		return r.nextBot(c, deeds)
	case len(mine) == 0:
		return nothing
	case c.Status == zongji.StatusParked:
		return r.nextParked(c, mine)
	case c.Status == zongji.StatusQueued:
		return r.raise(mine)
	case c.Status != zongji.StatusBot:
		return nothing
	case c.Window.Elsewhere(r.now()):
		return elsewhere
	case c.FirstAt != 0: // a person has served it and it was reopened
		return r.handover(c, need{reason: "reopened", text: textOf(mine), affinity: c.LastUser, fresh: true})
	case !r.book.Load().channels[c.Channel].Bot || r.cfg.Bot == nil || r.mails(c.Kind):
		return r.handover(c, need{reason: "no_bot", text: textOf(mine)})
	}
	return r.nextBot(c, mine)
}

// elsewhere keeps silent, and says why: the channel's own people serve the
// customer.
var elsewhere = step{do: func(_ *zongji.Conversation, tx *tx) error {
	tx.Event(zongji.EvBot, zongji.ByBot, 0, zongji.BotData{Act: "silent", Reason: "held"})
	return nil
}}

// skipsBot reports whether a rule sends what was written straight to people.
func (r *Router) skipsBot(c *zongji.Conversation, text string) bool {
	action, _, _, err := r.decide(r.book.Load(), c, need{text: text}, r.now())
	return err == nil && action.SkipBot
}

// nextParked wakes a conversation that an agent put aside, and keeps an
// after-hours message where it is until people are back.
func (r *Router) nextParked(c *zongji.Conversation, msgs []zongji.Message) step {
	if c.Owner != 0 {
		return r.handover(c, need{reason: "reopened", text: textOf(msgs), affinity: c.Owner})
	}
	b := r.book.Load()
	if q, err := b.queue(c); err == nil {
		if open, _ := b.open(q, r.now()); open || r.skipsBot(c, textOf(msgs)) {
			return r.handover(c, need{reason: "after_hours", text: textOf(msgs)})
		}
	}
	return step{do: func(c *zongji.Conversation, tx *tx) error { r.noted(c, tx); return nil }}
}

// nextBot lets the bot answer, ask back or hand over. A rule may say that
// people must answer this; what the bot itself hands over, it says why. Who
// only did something is greeted, also where no bot answers but a welcome is
// set.
func (r *Router) nextBot(c *zongji.Conversation, msgs []zongji.Message) step {
	set, mind := r.book.Load().channels[c.Channel], r.cfg.Bot
	deeds := msgs[0].Kind == zongji.KindEvent
	if mind == nil || !set.Bot {
		if mind = greeter; set.Settings["welcome"] == "" {
			return step{do: func(*zongji.Conversation, *tx) error { return nil }}
		}
	}
	out := mind.Turn(bot.Input{Memory: c.Bot, Messages: msgs, Lang: c.Lang, First: c.HandledSeq == 0,
		Welcome: channels.InLang(set.Settings["welcome"], bot.Lang(c.Lang)), Menu: channels.Menu(set.Settings["menu"], c.Lang)})
	if text := textOf(msgs); !deeds && out.Act != "handover" && r.skipsBot(c, text) {
		return r.handover(c, need{reason: "rule", text: text})
	}
	r.metrics.bot.WithLabelValues(out.Act).Inc()
	over := r.handover(c, need{reason: cmp.Or(out.Reason, "window"), text: textOf(msgs), category: out.Category})
	unsaid := false // of the last try
	say := func(c *zongji.Conversation, tx *tx) error {
		keep := keeps(c)
		if deeds && c.Window != nil && r.now() >= c.Window.Until { // a brief window is all there is: nobody else could use it in time
			keep = min(keep, max(r.room(c, 0)-1, 0))
		}
		replies := r.fit(c, out.Replies, keep)
		if unsaid = len(replies) < 1 && len(out.Replies) > 0; unsaid && deeds {
			return nil
		}
		if out.Lang != "" {
			c.Lang = out.Lang
		}
		c.Bot = out.Memory
		tx.Event(zongji.EvBot, zongji.ByBot, 0, out.Data)
		if out.Solved != nil {
			tx.Event(zongji.EvFeedback, zongji.ByContact, c.Contact, *out.Solved)
		}
		for _, m := range replies {
			r.tell(c, tx, m, keep)
		}
		if len(replies) > 0 {
			c.WaitingFrom = 0
		}
		if unsaid && out.Act != "handover" { // a person may say what the bot may not
			return over.do(c, tx)
		}
		return nil
	}
	s := step{do: say, then: func(ctx context.Context) {
		if !unsaid {
			r.countFAQ(ctx, out)
		}
	}}
	if out.Act != "handover" {
		return s
	}
	s.do = func(c *zongji.Conversation, tx *tx) error {
		waiting := c.WaitingFrom
		if err := say(c, tx); err != nil {
			return err
		}
		c.WaitingFrom = waiting // a person still has to answer
		return over.do(c, tx)
	}
	return s
}

// greeter is the bot of accounts without one: it knows nothing and is asked
// for a greeting alone.
var greeter = bot.New(bot.Config{})

// countFAQ keeps the figures of the knowledge base; a lost count is no harm.
func (r *Router) countFAQ(ctx context.Context, out bot.Outcome) {
	var err error
	switch {
	case out.Solved != nil && out.Solved.FAQ != 0 && out.Solved.Solved:
		err = r.db.FAQHit(ctx, out.Solved.FAQ, 0, 1, 0)
	case out.Solved != nil && out.Solved.FAQ != 0:
		err = r.db.FAQHit(ctx, out.Solved.FAQ, 0, 0, 1)
	}
	if err == nil && out.Act == "answer" && out.FAQ != 0 {
		err = r.db.FAQHit(ctx, out.FAQ, 1, 0, 0)
	}
	if err != nil {
		r.log.Debug("answer not counted", "err", err)
	}
}

// textOf joins what the customer wrote.
func textOf(msgs []zongji.Message) string {
	var parts []string
	for _, m := range msgs {
		if m.Text != "" {
			parts = append(parts, m.Text)
		}
	}
	return strings.Join(parts, "\n")
}
