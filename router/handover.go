package router

import (
	"cmp"
	"context"
	"slices"
	"time"

	"zongji/bot"
	"zongji/internal/zongji"
	"zongji/router/rules"
)

// affinityWait is how long a conversation waits for the agent who knows the
// customer before anybody else is asked.
const affinityWait = 30 * time.Second

// need says why a conversation goes to people.
type need struct {
	reason   string
	text     string // what the customer wrote
	category string // of the best FAQ
	affinity int64  // agent who knows the customer
	fresh    bool   // its waiting begins now, whatever came before
}

// handover lets the rules decide who is asked, and queues the conversation;
// when nobody works and it is not urgent, it is parked until somebody does.
func (r *Router) handover(c *zongji.Conversation, n need) step {
	return step{do: func(c *zongji.Conversation, tx *tx) error {
		b, now := r.book.Load(), r.now()
		action, decision, q, err := r.decide(b, c, n, now)
		if err != nil {
			return err
		}
		tx.Cfg(b.rulesVersion)
		c.Demand = demand(q, action)
		r.remember(c.Demand, n.affinity)
		c.Units = cmp.Or(action.Units, units(new(b.channels[c.Channel])), q.Units, 1)
		addTags(c, action.Tags)
		if n.fresh || c.QueuedAt == 0 {
			c.QueuedAt = now
		}
		c.Queue, c.Team, c.Owner = q.ID, q.Team, 0
		if open, next := b.open(q, now); !open && !c.Demand.P1 {
			r.rest(c, tx, next)
			return r.acknowledge(c, tx, next)
		}
		r.wait(c, tx, zongji.EvRouted, n.reason, "", decision)
		if n.reason != "urgent" && bot.Urgent(n.text) { // else the bot has said it
			r.say(c, tx, bot.Text(c.Lang, "safety"))
		}
		r.say(c, tx, r.placeText(c))
		return r.acknowledge(c, tx, 0)
	}}
}

// raise lets what a waiting customer writes bring him forward, never back. The
// rules look at it alone: an urgent word moves him to the urgent lane of the
// queue they name, more points within his own.
func (r *Router) raise(msgs []zongji.Message) step {
	text := textOf(msgs)
	return step{do: func(c *zongji.Conversation, tx *tx) error {
		b := r.book.Load()
		action, decision, q, err := r.decide(b, c, need{text: text}, r.now())
		if err != nil || c.Demand == nil {
			return err
		}
		d := *c.Demand
		d.Points = max(d.Points, action.Points)
		switch {
		case action.P1 && !d.P1:
			tx.Cfg(b.rulesVersion)
			if q.ID != c.Queue {
				points := d.Points
				d = *demand(q, action)
				d.Points = points
			}
			d.P1, c.Demand, c.Queue, c.Team = true, &d, q.ID, q.Team
			addTags(c, action.Tags)
			r.wait(c, tx, zongji.EvRequeued, "urgent", "", decision)
			if bot.Urgent(text) {
				r.say(c, tx, bot.Text(c.Lang, "safety"))
			}
		case d.Points > c.Demand.Points:
			tx.Cfg(b.rulesVersion)
			c.Demand = &d
			tx.Event(zongji.EvPoints, zongji.BySystem, 0, zongji.PointsData{Points: d.Points, Why: "rule"})
			tx.Route(zongji.Command{Op: zongji.OpPoints, Points: d.Points})
		}
		return nil
	}}
}

// pressPoints is what a window that closes is worth: as many minutes of age as
// it has left, at most.
const pressPoints = 40

// press brings a waiting conversation forward whose window closes soon: after
// that nobody may write to its customer.
func (r *Router) press(ctx context.Context, conv int64) error {
	now := r.now()
	_, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if at := c.Window.PressAt(); c.Status != zongji.StatusQueued || c.Demand == nil || c.Demand.Pressed || at == 0 || at > now || now >= c.Window.Until {
			return nil
		}
		d := *c.Demand
		d.Points, d.Pressed = d.Points+pressPoints, true
		c.Demand = &d
		tx.Event(zongji.EvPoints, zongji.BySystem, 0, zongji.PointsData{Points: d.Points, Why: "window"})
		tx.Route(zongji.Command{Op: zongji.OpPoints, Points: d.Points})
		return nil
	})
	return err
}

// addTags adds what the rules found to the tags of c.
func addTags(c *zongji.Conversation, tags []string) {
	for _, tag := range tags {
		if !slices.Contains(c.Tags, tag) {
			c.Tags = append(slices.Clip(c.Tags), tag)
		}
	}
}

// decide runs the rules.
func (r *Router) decide(b *book, c *zongji.Conversation, n need, now zongji.Ms) (rules.Action, *zongji.Decision, zongji.Queue, error) {
	q, err := b.queue(c)
	if err != nil || b.rules == nil {
		return rules.Action{}, nil, q, err
	}
	local := now.Time()
	if cal, ok := b.calendars[q.Calendar]; ok {
		local = local.In(cal.Zone())
	}
	open, _ := b.open(q, now)
	action, decision := b.rules.Decide(zongji.Facts{Channel: b.channels[c.Channel].Name, Kind: c.Kind, Text: n.text, Category: n.category,
		Level: c.ContactLevel, Lang: c.Lang, InHours: open, Reason: n.reason, Tags: c.Tags, Hour: local.Hour(), Weekday: int(local.Weekday()), Scene: c.Scene})
	if id, ok := b.queueKeys[action.Queue]; ok {
		q = b.queues[id]
	}
	return action, &decision, q, nil
}

// demand joins what the queue and the rules ask of an agent: of each skill
// the higher level.
func demand(q zongji.Queue, a rules.Action) *zongji.Demand {
	d := &zongji.Demand{Queue: q.ID, P1: a.P1, Points: a.Points, Lang: a.Lang, Preferred: a.Preferred}
	levels := map[string]int{}
	for _, s := range slices.Concat(q.Skills, a.Skills) {
		levels[s.Skill] = max(levels[s.Skill], s.Level)
	}
	for skill, level := range levels {
		d.Skills = append(d.Skills, zongji.SkillLevel{Skill: skill, Level: level})
	}
	slices.SortFunc(d.Skills, func(a, b zongji.SkillLevel) int { return cmp.Compare(a.Skill, b.Skill) })
	return d
}

// remember asks the agent who knows the customer first, if he is there.
func (r *Router) remember(d *zongji.Demand, agent int64) {
	if agent == 0 {
		return
	}
	if st := r.statusOf(agent); st.Online && st.State == zongji.AgentReady {
		d.Affinity, d.AffinityS = agent, int(affinityWait.Seconds())
	}
}

// wait queues c, whose demand is set.
func (r *Router) wait(c *zongji.Conversation, tx *tx, kind zongji.EventKind, reason, note string, decision *zongji.Decision) {
	c.Status, c.Owner, c.AssignedAt, c.DueAt = zongji.StatusQueued, 0, 0, 0
	c.Units = max(c.Units, 1)
	place := r.waitingIn(c.Queue) + 1
	tx.Event(kind, zongji.BySystem, 0, zongji.RoutedData{Reason: reason, Queue: c.Queue, Demand: *c.Demand, Points: c.Demand.Points,
		Place: place, Wait: r.expect(c.Queue, place), Note: note, Decision: decision})
	tx.Route(r.enqueue(c, reason))
	r.metrics.routed.WithLabelValues(reason).Inc()
}

func (r *Router) enqueue(c *zongji.Conversation, reason string) zongji.Command {
	return zongji.Command{Op: zongji.OpEnqueue, Conv: c.ID, Epoch: c.Epoch, Units: c.Units, QueuedAt: c.QueuedAt, Demand: c.Demand, Reason: reason}
}

// rest parks c until people of its queue are back.
func (r *Router) rest(c *zongji.Conversation, tx *tx, until zongji.Ms) {
	c.Status, c.Owner, c.DueAt = zongji.StatusParked, 0, until
	tx.Event(zongji.EvParked, zongji.BySystem, 0, zongji.ParkedData{Why: "after_hours", Until: until})
	tx.Route(zongji.Command{Op: zongji.OpRelease, Conv: c.ID})
	r.say(c, tx, r.restText(c, until))
}

// noted thanks once for what is written after hours.
func (r *Router) noted(c *zongji.Conversation, tx *tx) {
	r.tell(c, tx, zongji.Message{From: zongji.FromSystem, Kind: zongji.KindText, Text: bot.Text(c.Lang, "parked_thanks"), CID: notedCID(c)}, keeps(c))
}
