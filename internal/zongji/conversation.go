package zongji

import (
	"encoding/json"
	"time"
)

// Status is the state of a conversation. It is in exactly one, with one
// owner; each change compares and increments the epoch.
type Status string

// The states: bot → queued → assigned → wrapup → closed, plus parked.
const (
	StatusBot      Status = "bot"
	StatusQueued   Status = "queued"   // waits for a person; offers do not change the row
	StatusAssigned Status = "assigned" // Owner serves it
	StatusWrapup   Status = "wrapup"   // service ended, Owner writes the summary
	StatusParked   Status = "parked"   // waits for the customer, by hand, or is an after-hours 留言
	StatusClosed   Status = "closed"
)

// Open reports whether a new message of the same thread belongs here.
func (s Status) Open() bool { return s != StatusClosed }

// Holds reports whether a conversation in this state takes capacity of its
// owner.
func (s Status) Holds() bool { return s == StatusAssigned || s == StatusWrapup }

// Heard reports whether bot and rules look at what the customer writes in this
// state. In the others a person reads it.
func (s Status) Heard() bool { return s == StatusBot || s == StatusParked || s == StatusQueued }

// Level is the customer's level, 0 ordinary to 3 (钻).
type Level int

// What Conversation.Preview is when the message has files and no text; screens
// say it in their language. Of the other kinds it is their name in brackets:
// "[voice]", "[location]" …
const (
	PreviewImage = "[image]"
	PreviewFile  = "[file]"
)

// Conversation is one row: the state of the talk with one contact in one
// thread of one channel.
type Conversation struct {
	ID       int64  `json:"id"`
	Channel  int64  `json:"channel"`
	Kind     string `json:"kind"` // of the channel: "webchat", "email", …
	Contact  int64  `json:"contact"`
	Thread   string `json:"thread,omitempty"` // unique among the open ones of a channel; in webchat the visitor
	Status   Status `json:"status"`
	Epoch    int64  `json:"epoch"` // +1 with each change of status or owner
	Rev      int64  `json:"rev"`   // +1 with each event
	Owner    int64  `json:"owner,omitempty"`
	Queue    int64  `json:"queue,omitempty"`
	Team     int64  `json:"team,omitempty"`
	Previous int64  `json:"previous,omitempty"` // the thread's conversation before this one

	LastSeq    int64 `json:"last_seq"`
	HandledSeq int64 `json:"handled_seq"` // bot and rules have seen up to here
	AgentSeen  int64 `json:"agent_seen"`  // seq the owner has read
	ContactGot int64 `json:"contact_got"` // seq delivered to the customer
	ContactSaw int64 `json:"contact_saw"` // seq the customer has read
	Unread     int64 `json:"unread"`      // contact messages after AgentSeen

	Demand   *Demand  `json:"demand,omitempty"` // what it asks of an agent, once routed
	Units    int      `json:"units"`            // capacity it takes of its owner
	Tags     []string `json:"tags,omitempty"`
	Category string   `json:"category,omitempty"` // chosen at wrap-up
	Summary  string   `json:"summary,omitempty"`
	Lang     string   `json:"lang"` // "zh-CN" | "zh-TW" | "en": script and language of the customer
	Stars    int      `json:"stars,omitempty"`
	LastUser int64    `json:"last_user,omitempty"` // agent who served it last, for affinity

	Preview  string `json:"preview"` // start of the last message that a person or the bot wrote to the other side
	PrevFrom Party  `json:"preview_from,omitempty"`

	CreatedAt   Ms `json:"created_at"`
	LastAt      Ms `json:"last_at"`                // of the last message
	WaitingFrom Ms `json:"waiting_from,omitempty"` // first contact message that nobody answered
	QueuedAt    Ms `json:"queued_at,omitempty"`    // of the first hand-over; a re-queue keeps it
	AssignedAt  Ms `json:"assigned_at,omitempty"`
	FirstAt     Ms `json:"first_at,omitempty"` // first answer by a person
	ClosedAt    Ms `json:"closed_at,omitempty"`
	DueAt       Ms `json:"due_at,omitempty"` // parked: come back by; wrapup: ends by

	Scene  string  `json:"scene,omitempty"`  // where the customer came from: QR scene, link scene, session-from
	Window *Window `json:"window,omitempty"` // nil where the channel lets us write at any time
	Pass   *Pass   `json:"-"`                // one message of ours outside the count

	Bot json.RawMessage `json:"-"` // the bot's memory (bot.Memory)

	// For screens, joined when read.
	ContactName  string `json:"contact_name,omitempty"`
	ContactLevel Level  `json:"contact_level,omitempty"`
}

// Window is how much a channel lets us write to a customer who wrote: its
// count is taken when a message is queued for sending and given back when it
// turns out that the channel did not count it.
type Window struct {
	Until      Ms    `json:"until"`                 // after a message of his
	Left       int   `json:"left"`                  //
	BriefUntil Ms    `json:"brief_until,omitempty"` // after a click, scan, subscribe or entering
	BriefLeft  int   `json:"brief_left,omitempty"`
	Reserve    int   `json:"reserve"`         // kept by the bot for people
	Ended      bool  `json:"ended,omitempty"` // he unsubscribed or refuses messages
	Turn       int64 `json:"turn"`            // +1 with each deed that opened it
	Held       Ms    `json:"held,omitempty"`  // since then people of the channel's own serve him, and nobody else can write
}

// heldFor is how long the word is believed that the channel's own people serve
// a customer: their sessions end with the window.
const heldFor = 48 * time.Hour

// Elsewhere reports whether the channel's own people serve the customer: bot
// and product keep silent. A nil Window has none.
func (w *Window) Elsewhere(now Ms) bool {
	return w != nil && w.Held != 0 && now.Sub(w.Held) < heldFor
}

// Open returns how many messages may be written at now, and until when. The
// newest deed counts while it lasts (the channel's count is reset by it, not
// added to); the end is the later of both.
func (w *Window) Open(now Ms) (left int, until Ms) {
	switch {
	case w.Ended:
		return 0, 0
	case now < w.BriefUntil:
		return w.BriefLeft, max(w.BriefUntil, w.Until)
	case now < w.Until:
		return w.Left, w.Until
	}
	return 0, 0
}

// Grant notes a deed of the customer at a moment. One that is told after a
// later one of its kind changes nothing.
func (w *Window) Grant(g Grant, at Ms) {
	until := at.Add(g.For)
	switch {
	case g.Brief && until >= w.BriefUntil:
		w.BriefUntil, w.BriefLeft = until, g.Count
	case !g.Brief && until >= w.Until:
		w.Until, w.Left, w.BriefUntil, w.BriefLeft = until, g.Count, 0, 0
	default:
		return
	}
	w.Ended = false
	w.Turn++
}

// Take takes n messages; both counts go down, since the channel tells nobody
// which of them it charges.
func (w *Window) Take(n int) {
	w.Left, w.BriefLeft = max(w.Left-n, 0), max(w.BriefLeft-n, 0)
}

// Give gives back n messages that were taken in the same turn and that the
// channel did not count.
func (w *Window) Give(n int, now Ms) {
	if now < w.Until {
		w.Left += n
	}
	if now < w.BriefUntil {
		w.BriefLeft += n
	}
}

// Close corrects w by the channel's word: nothing may be written now; gone
// says that the time is over too.
func (w *Window) Close(gone bool, now Ms) {
	w.Left, w.BriefLeft = 0, 0
	if gone {
		w.Until, w.BriefUntil = min(w.Until, now), min(w.BriefUntil, now)
	}
}

// PressFor is how long before its end a window presses: enough for a place in
// the queue to matter.
const PressFor = 40 * time.Minute

// PressAt returns when a queued conversation with this window begins to press,
// 0 never. A brief one does not count: nobody could be there in time.
func (w *Window) PressAt() Ms {
	if w == nil || w.Ended || w.Left == 0 {
		return 0
	}
	return w.Until.Add(-PressFor)
}

// View is what decides who may see a conversation.
type View struct {
	Status Status `json:"status"`
	Queue  int64  `json:"queue,omitempty"`
	Team   int64  `json:"team,omitempty"`
	Owner  int64  `json:"owner,omitempty"`
}

// View returns c's view.
func (c *Conversation) View() View {
	return View{Status: c.Status, Queue: c.Queue, Team: c.Team, Owner: c.Owner}
}

// Contact is a customer.
type Contact struct {
	ID        int64             `json:"id"`
	Name      string            `json:"name"`
	Level     Level             `json:"level"`
	Phone     string            `json:"phone,omitempty"` // masked 138****1111 unless revealed
	Email     string            `json:"email,omitempty"` // masked likewise
	Lang      string            `json:"lang,omitempty"`
	Attrs     map[string]string `json:"attrs,omitempty"`
	Note      string            `json:"note,omitempty"`
	Blocked   bool              `json:"blocked,omitempty"`
	Verified  bool              `json:"verified,omitempty"` // identity signed by the company's own site
	CreatedAt Ms                `json:"created_at"`
	LastAt    Ms                `json:"last_at"`
	Merged    int64             `json:"-"` // the contact that this one became part of
}
