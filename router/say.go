package router

import (
	"fmt"

	"zongji/bot"
	"zongji/internal/zongji"
)

// What the product itself tells customers; the words are bot.Text's.

// placeText tells a customer where he stands and how long it may take.
func (r *Router) placeText(c *zongji.Conversation) string {
	place := r.waitingIn(c.Queue) + 1
	wait := r.expect(c.Queue, place)
	return bot.Text(c.Lang, "queued", place-1, (wait+59)/60)
}

func (r *Router) servedText(c *zongji.Conversation, name string) string {
	return bot.Text(c.Lang, "served", name)
}

func (r *Router) transferText(c *zongji.Conversation) string { return bot.Text(c.Lang, "transfer") }

func (r *Router) lostText(c *zongji.Conversation) string { return bot.Text(c.Lang, "lost") }

func (r *Router) idleText(c *zongji.Conversation) string { return bot.Text(c.Lang, "idle") }

func (r *Router) rateText(c *zongji.Conversation) string { return bot.Text(c.Lang, "rate") }

func (r *Router) notedText(c *zongji.Conversation) string { return bot.Text(c.Lang, "noted") }

// restText asks for a message after hours and says when people are back.
func (r *Router) restText(c *zongji.Conversation, until zongji.Ms) string {
	b := r.book.Load()
	at := until.Time()
	if cal, ok := b.calendars[b.queues[c.Queue].Calendar]; ok {
		at = at.In(cal.Zone())
	}
	return bot.Text(c.Lang, "after_hours", at.Format("2006-01-02 15:04"))
}

// notedCID is the client id of the one thanks per rest.
func notedCID(c *zongji.Conversation) string { return fmt.Sprintf("noted-%d", c.Epoch) }
