package router

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/bot"
	"zongji/internal/zongji"
)

const (
	wrapupDefault = 2 * time.Minute // where the queue says nothing
	maxSummary    = 2000            // characters
	maxTags       = 20
)

// What is refused beyond.
const (
	MaxTag  = 40                  // characters of a tag
	ParkMax = 90 * 24 * time.Hour // how long a conversation may be put aside
)

// Finish is how an agent ends a conversation.
type Finish struct {
	Category  string
	Summary   string
	AskRating bool
}

// Park puts a conversation aside until the customer writes or the moment
// comes; the agent keeps it in his list, but it takes no capacity.
func (r *Router) Park(ctx context.Context, me zongji.Actor, conv int64, until zongji.Ms) (zongji.Conversation, error) {
	if now := r.now(); until <= now || until > now.Add(ParkMax) {
		return zongji.Conversation{}, zongji.Errorf(zongji.Invalid, "bad_time", "park until a moment within %d days", int(ParkMax.Hours()/24))
	}
	return r.serve(ctx, me, conv, func(c *zongji.Conversation, tx *tx) error {
		if c.Status != zongji.StatusAssigned {
			return r.notOwner(c)
		}
		c.Status, c.DueAt, c.HandledSeq = zongji.StatusParked, until, c.LastSeq
		tx.Event(zongji.EvParked, zongji.ByAgent, me.User, zongji.ParkedData{Why: "customer", Until: until})
		tx.Route(zongji.Command{Op: zongji.OpRelease, Conv: c.ID})
		return nil
	})
}

// Wrapup ends the service; the agent still holds the conversation to write
// down what it was about.
func (r *Router) Wrapup(ctx context.Context, me zongji.Actor, conv int64) (zongji.Conversation, error) {
	return r.serve(ctx, me, conv, func(c *zongji.Conversation, tx *tx) error {
		if c.Status == zongji.StatusWrapup {
			return nil
		}
		if c.Status != zongji.StatusAssigned {
			return r.notOwner(c)
		}
		c.Status = zongji.StatusWrapup
		c.DueAt = r.now().Add(seconds(r.book.Load().queues[c.Queue].WrapupS, wrapupDefault))
		tx.Event(zongji.EvWrapup, zongji.ByAgent, me.User, nil)
		return nil
	})
}

// Finish closes a conversation with its category and summary, and asks the
// customer for stars if wanted.
func (r *Router) Finish(ctx context.Context, me zongji.Actor, conv int64, f Finish) (zongji.Conversation, error) {
	f.Category, f.Summary = strings.TrimSpace(cleanText(f.Category)), strings.TrimSpace(cleanText(f.Summary))
	if utf8.RuneCountInString(f.Summary) > maxSummary || utf8.RuneCountInString(f.Category) > 100 {
		return zongji.Conversation{}, zongji.Errorf(zongji.Invalid, "too_long", "a summary has at most %d characters, a category 100", maxSummary)
	}
	return r.serve(ctx, me, conv, func(c *zongji.Conversation, tx *tx) error {
		if f.Category != "" {
			c.Category = f.Category
		}
		if f.Summary != "" {
			c.Summary = f.Summary
		}
		r.close(c, tx, zongji.ByAgent, me.User, "agent", f.AskRating)
		return nil
	})
}

// Tag replaces the tags of a conversation.
func (r *Router) Tag(ctx context.Context, me zongji.Actor, conv int64, tags []string) (zongji.Conversation, error) {
	var kept []string
	for _, t := range tags {
		t = strings.TrimSpace(cleanText(t))
		if utf8.RuneCountInString(t) > MaxTag {
			return zongji.Conversation{}, zongji.Errorf(zongji.Invalid, "too_long", "a tag has at most %d characters", MaxTag)
		}
		if t != "" && !slices.Contains(kept, t) {
			kept = append(kept, t)
		}
	}
	if len(kept) > maxTags {
		return zongji.Conversation{}, zongji.Errorf(zongji.Invalid, "too_many", "a conversation has at most %d tags", maxTags)
	}
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if !me.Scope.Sees(c.View()) {
			return errNoConversation
		}
		c.Tags = kept
		tx.Event(zongji.EvTagged, zongji.ByAgent, me.User, zongji.TagData{Tags: kept, Category: c.Category})
		return nil
	})
	if err != nil {
		return zongji.Conversation{}, err
	}
	return ch.Conv, nil
}

// serve is change for the owner of a conversation, or a supervisor.
func (r *Router) serve(ctx context.Context, me zongji.Actor, conv int64, fn func(*zongji.Conversation, *tx) error) (zongji.Conversation, error) {
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if err := mayServe(me, c); err != nil {
			return err
		}
		return fn(c, tx)
	})
	if err != nil {
		return zongji.Conversation{}, err
	}
	return ch.Conv, nil
}

// close ends c. Stars are asked for only where a person served.
func (r *Router) close(c *zongji.Conversation, tx *tx, by string, actor int64, how string, askRating bool) {
	if askRating && (c.FirstAt != 0 || c.AssignedAt != 0) && c.Stars == 0 {
		extra, _ := json.Marshal(zongji.RateAsk{Stars: 5})                                                                                 // cannot fail
		r.tell(c, tx, zongji.Message{From: zongji.FromSystem, Kind: zongji.KindRate, Text: bot.Text(c.Lang, "rate_ask"), Extra: extra}, 0) // nobody writes after it
	}
	c.Status, c.ClosedAt, c.DueAt, c.WaitingFrom = zongji.StatusClosed, r.now(), 0, 0
	c.HandledSeq = c.LastSeq
	tx.Due(0)
	tx.Event(zongji.EvClosed, by, actor, zongji.ClosedData{How: how, Category: c.Category, Summary: c.Summary})
	tx.Route(zongji.Command{Op: zongji.OpRelease, Conv: c.ID})
}

// overdue looks after a conversation whose moment has come.
func (r *Router) overdue(ctx context.Context, conv int64) error {
	now := r.now()
	_, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		if c.DueAt == 0 || c.DueAt > now {
			return nil
		}
		switch c.Status {
		case zongji.StatusWrapup:
			r.close(c, tx, zongji.BySystem, 0, "wrapup_timeout", true)
		case zongji.StatusAssigned:
			r.idle(c, tx)
		case zongji.StatusParked:
			return r.unpark(c, tx)
		case zongji.StatusQueued:
			r.askAgain(c, tx)
		default:
			c.DueAt = 0
		}
		return nil
	})
	return err
}

// idle closes c when the customer has been silent since the last answer.
func (r *Router) idle(c *zongji.Conversation, tx *tx) {
	if c.WaitingFrom != 0 { // he waits for us
		c.DueAt = 0
		return
	}
	r.say(c, tx, bot.Text(c.Lang, "ended_idle"))
	r.close(c, tx, zongji.BySystem, 0, "idle", true)
}

// unpark brings c back: what was written after hours when people are there,
// what an agent put aside to him if he is there.
func (r *Router) unpark(c *zongji.Conversation, tx *tx) error {
	b := r.book.Load()
	q, err := b.queue(c)
	if err != nil {
		return err
	}
	if open, next := b.open(q, r.now()); !open {
		c.DueAt = next
		return nil
	}
	reason, owner := "after_hours", c.Owner
	if owner != 0 {
		reason = "reopened"
	}
	r.requeue(c, q)
	r.remember(c.Demand, owner)
	c.HandledSeq = c.LastSeq
	tx.Due(0)
	r.wait(c, tx, zongji.EvRouted, reason, "", nil)
	return nil
}

// askAgain lets the one who gave c away be asked again.
func (r *Router) askAgain(c *zongji.Conversation, tx *tx) {
	c.DueAt = 0
	if c.Demand == nil || len(c.Demand.Exclude) == 0 {
		return
	}
	d := *c.Demand
	d.Exclude, d.Only = nil, 0
	c.Demand = &d
	tx.Event(zongji.EvRequeued, zongji.BySystem, 0, zongji.RoutedData{Reason: "transfer", Queue: c.Queue, Demand: d, Points: d.Points})
	tx.Route(r.enqueue(c, "transfer"))
}
