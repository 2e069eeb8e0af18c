package zongji

import "encoding/json"

// EventKind is a kind of conv_event. Every number of a report is computed
// from them.
type EventKind string

// The kinds, and the shape of Data beside each.
const (
	EvMessage    EventKind = "message"    // a message was added: Msg
	EvState      EventKind = "state"      // of messages changed: MarkData; with Msg, the message as it is now
	EvRouted     EventKind = "routed"     // handed over to people, now queued: RoutedData
	EvOffered    EventKind = "offered"    // OfferData
	EvDeclined   EventKind = "declined"   // OfferData
	EvLapsed     EventKind = "lapsed"     // OfferData
	EvAssigned   EventKind = "assigned"   // AssignedData
	EvRequeued   EventKind = "requeued"   // RoutedData; from an owner back to a queue
	EvParked     EventKind = "parked"     // ParkedData
	EvWrapup     EventKind = "wrapup"     // service ended
	EvClosed     EventKind = "closed"     // ClosedData
	EvReopened   EventKind = "reopened"   // a message came after the end
	EvRated      EventKind = "rated"      // RatedData
	EvTagged     EventKind = "tagged"     // TagData
	EvBot        EventKind = "bot"        // what the bot decided: BotData
	EvPoints     EventKind = "points"     // priority changed: PointsData
	EvUnroutable EventKind = "unroutable" // nobody can be found: RoutedData
	EvFeedback   EventKind = "feedback"   // 解决了/没解决: FeedbackData
	EvWindow     EventKind = "window"     // what may be written to the customer changed, or what is known of him: Row
	EvContact    EventKind = "contact"    // the conversation belongs to another contact now: ContactData
)

// Actor kinds of an event.
const (
	ByContact = "contact"
	ByBot     = "bot"
	ByAgent   = "agent"
	BySystem  = "system"
)

// Event is one visible change of a conversation: an append-only row whose Rev
// is the last one's plus 1, so that a screen notices each gap.
type Event struct {
	ID     int64           `json:"id"`
	Conv   int64           `json:"conv"`
	Rev    int64           `json:"rev"`
	At     Ms              `json:"at"`
	Kind   EventKind       `json:"kind"`
	By     string          `json:"by"`
	Actor  int64           `json:"actor,omitempty"`
	Before View            `json:"before"`
	After  View            `json:"after"`
	Data   json.RawMessage `json:"data,omitempty"`
	Msg    *Message        `json:"msg,omitempty"`
	Row    *Conversation   `json:"row,omitempty"` // the row as it was after this event, or later
	Cfg    int64           `json:"cfg,omitempty"` // version of the rules that were in force
}

// RoutedData says why a conversation waits and for whom.
type RoutedData struct {
	Reason   string    `json:"reason"` // asked_human | low_score | no_answer | unsolved | rule | transfer | reopened | lost_agent | after_hours | no_bot | max_offers | nobody | window (the bot may write no more)
	Queue    int64     `json:"queue"`
	Demand   Demand    `json:"demand"`
	Points   int       `json:"points"`
	Place    int       `json:"place,omitempty"`
	Wait     int       `json:"wait_s,omitempty"` // expected, seconds
	Note     string    `json:"note,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
}

// OfferData tells of an offer.
type OfferData struct {
	Offer  int64  `json:"offer"`
	Agent  int64  `json:"agent"`
	Until  Ms     `json:"until,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Why this agent: candidates with the first failing test of each.
	Candidates []CandidateWhy `json:"candidates,omitempty"`
}

// CandidateWhy is one line of a decision record.
type CandidateWhy struct {
	Agent int64   `json:"agent"`
	Fits  bool    `json:"fits"`
	Why   string  `json:"why,omitempty"` // first failing test: offline | break | full | skill:<key> | excluded | queue | just_declined
	Load  float64 `json:"load,omitempty"`
	Idle  int64   `json:"idle_s,omitempty"`
}

// AssignedData tells how a conversation came to its owner.
type AssignedData struct {
	Agent int64  `json:"agent"`
	How   string `json:"how"` // offer | auto | pull | takeover | resume
	Offer int64  `json:"offer,omitempty"`
	Wait  int64  `json:"wait_ms"`
}

// ParkedData tells why a conversation rests.
type ParkedData struct {
	Why   string `json:"why"` // customer | after_hours
	Until Ms     `json:"until"`
}

// ClosedData tells how a conversation ended.
type ClosedData struct {
	How      string `json:"how"` // agent | idle | solved | customer | wrapup_timeout
	Category string `json:"category,omitempty"`
	Summary  string `json:"summary,omitempty"`
}

// RatedData is the customer's judgement.
type RatedData struct {
	Stars   int      `json:"stars"`
	Tags    []string `json:"tags,omitempty"`
	Comment string   `json:"comment,omitempty"`
}

// FeedbackData is 解决了/没解决 on one bot answer.
type FeedbackData struct {
	Msg    int64 `json:"msg"`
	FAQ    int64 `json:"faq"`
	Solved bool  `json:"solved"`
}

// MarkData moves the read and delivery positions.
type MarkData struct {
	AgentSeen  int64     `json:"agent_seen,omitempty"`
	ContactGot int64     `json:"contact_got,omitempty"`
	ContactSaw int64     `json:"contact_saw,omitempty"`
	Msg        int64     `json:"msg,omitempty"` // or one message's new state
	State      SendState `json:"state,omitempty"`
	Reason     string    `json:"reason,omitempty"`
}

// ContactData tells that two contacts became one, or two again.
type ContactData struct {
	From  int64  `json:"from"`
	To    int64  `json:"to"`
	Merge int64  `json:"merge"`
	Why   string `json:"why"` // union | verified | hand | undo
}

// BotData is the record of one bot decision.
type BotData struct {
	Act        string     `json:"act"` // answer | ask | handover | greet | silent
	Reason     string     `json:"reason,omitempty"`
	Query      string     `json:"query,omitempty"`
	Candidates []BotScore `json:"candidates,omitempty"`
	KB         int64      `json:"kb"` // version of the knowledge base
}

// BotScore is one scored FAQ of a bot decision.
type BotScore struct {
	FAQ      int64   `json:"faq"`
	Question string  `json:"question"`
	Score    float64 `json:"score"`
}

// PointsData tells of a changed priority.
type PointsData struct {
	Points int    `json:"points"`
	Why    string `json:"why"`
}

// TagData tells of changed tags or category.
type TagData struct {
	Tags     []string `json:"tags"`
	Category string   `json:"category,omitempty"`
}

// Decision is the record of one run of the rules.
type Decision struct {
	Version int64         `json:"version"`
	Rules   []RuleOutcome `json:"rules"`
	Facts   Facts         `json:"facts"`
}

// RuleOutcome says whether one rule fired, and if not, which test failed.
type RuleOutcome struct {
	Rule  string `json:"rule"`
	Name  string `json:"name"`
	Fired bool   `json:"fired"`
	Why   string `json:"why,omitempty"` // the first failing test, or what it did
}

// Facts is what the rules look at.
type Facts struct {
	Channel  string   `json:"channel"` // channel name
	Kind     string   `json:"kind"`    // channel kind
	Text     string   `json:"text,omitempty"`
	Category string   `json:"category,omitempty"` // of the best FAQ
	Level    Level    `json:"level"`
	Lang     string   `json:"lang"`
	InHours  bool     `json:"in_hours"`
	Reason   string   `json:"reason"`
	Tags     []string `json:"tags,omitempty"`
	Hour     int      `json:"hour"` // 0–23 in the queue's zone
	Weekday  int      `json:"weekday"`
	Scene    string   `json:"scene,omitempty"` // Conversation.Scene
}
