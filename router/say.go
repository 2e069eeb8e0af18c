package router

import (
	"fmt"
	"strconv"

	"zongji/bot"
	"zongji/internal/zongji"
)

// What the product itself tells customers; the words are bot.Text's.

// placeText tells a customer where he stands and how long it may take.
func (r *Router) placeText(c *zongji.Conversation) string {
	before := r.waitingIn(c.Queue)
	if before == 0 {
		return bot.Text(c.Lang, "handover_next")
	}
	minutes := (r.expect(c.Queue, before+1) + 59) / 60
	return bot.Text(c.Lang, "handover_place", map[string]string{"place": strconv.Itoa(before), "wait": strconv.Itoa(minutes)})
}

func servedText(c *zongji.Conversation, name string) string {
	return bot.Text(c.Lang, "handover_agent_joined", map[string]string{"name": name})
}

// restText asks for a message after hours and says when people are back.
func (r *Router) restText(c *zongji.Conversation, until zongji.Ms) string {
	b, at := r.book.Load(), until.Time()
	if cal, ok := b.calendars[b.queues[c.Queue].Calendar]; ok {
		at = at.In(cal.Zone())
	}
	return bot.Text(c.Lang, "after_hours", map[string]string{"next": at.Format("2006-01-02 15:04")})
}

// notedCID is the client id of the one thanks per rest.
func notedCID(c *zongji.Conversation) string { return fmt.Sprintf("noted-%d", c.Epoch) }
