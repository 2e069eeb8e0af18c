package zongji

import (
	"encoding/json"
	"time"
)

// InboundKind says what a channel reports.
type InboundKind string

// Kinds of inbound; all are deduped alike by (Channel, ExtID).
const (
	InMessage InboundKind = "message"
	InEvent   InboundKind = "event"  // subscribe, scan, enter …: Event and Value; kept in the conversation when Shown, else only as seen
	InStatus  InboundKind = "status" // State, for outgoing seqs up to Seq, or of the one message that Ref or RefMsg names
	InRating  InboundKind = "rating" // Stars, Value = comment
)

// Inbound is what an adapter hands to the router. The router may be handed
// the same one twice; it stores it once.
type Inbound struct {
	Channel  int64 // account id
	ChanKind string
	ExtID    string // the channel's or the client's id for it; unique per channel
	CID      string // client id to echo to the writer's screens
	Thread   string // unique among open conversations of the channel: the contact, or a mail thread root
	Kind     InboundKind
	From     Identity
	Text     string
	Files    []File
	Choice   string // Option.Value when a button was pressed
	Event    string
	Value    string
	State    SendState
	Seq      int64
	Stars    int
	Tags     []string // of a rating
	Fresh    bool     // the customer asked for a new conversation: do not reopen the last one
	Lang     string   // what the channel knows of the language, else ""
	Page     string   // where the customer is, for the agent
	At       Ms

	Msg    MessageKind     // of a message; "": text, or by its files
	Extra  json.RawMessage // of a message, by its kind
	Fetch  string          // what Fetcher.Fetch gets to bring this message's media; the message is "fetching" until then
	Shown  bool            // an event that stands in the conversation (opens one, lets the bot greet)
	Scene  string          // QR scene, link scene, session-from: where he comes from, for the rules
	Grant  *Grant          // what he did at At lets us write so much
	Pass   *Pass           // lets one message of ours pass outside the count
	Held   *bool           // the channel's own people (WeCom's seats) have him now, or no more
	Ends   bool            // he cannot be written to any more (unsubscribe, reject)
	Ref    string          // of a status: the channel's id of the message it speaks of
	RefMsg int64           // or the message's id
	Reason string          // of a failed status, in words

	Refs []string // Message-IDs, without <>, that from now on mean this thread
	Auto bool     // a machine wrote it: kept for people to read, never answered by one; it reopens nothing and nobody waits for an answer
}

// Grant says how many messages of ours a customer's deed allows, and until
// when. A new one of the same kind replaces the old, it does not add.
type Grant struct {
	Count int
	For   time.Duration
	Brief bool // a click, scan, subscribe or entering: kept beside what a message allowed
}

// Pass is a ticket for one message that needs no window: WeCom's welcome_code.
type Pass struct {
	Code  string `json:"code"`
	Until Ms     `json:"until"`
}

// Identity says who wrote, as far as the channel knows.
type Identity struct {
	Ext      string // the channel's id of the person
	Name     string
	Phone    string
	Email    string
	Level    Level
	Attrs    map[string]string
	Verified bool   // signed by the company's own site
	Union    string // verified by the channel itself: the same person in several channels (WeChat's unionid)
	Sub      string // the company's own id of him, when Verified; "": Ext
}

// Stored is the answer to an accepted inbound.
type Stored struct {
	Conv   Conversation
	Msg    Message // zero for kinds without one
	Event  *Event
	Repeat bool // it had been stored before
	Opened bool // a new conversation was made
	// Reopened is the event before Event when the message ended a wrap-up or
	// reopened a closed conversation.
	Reopened *Event
	// Merged are events of conversations whose contact turned out to be another.
	Merged []Event
}

// InboundPolicy is what SaveInbound needs to know beside the message.
type InboundPolicy struct {
	Now    Ms
	Quiet  time.Duration // burst wait after the last message
	Max    time.Duration // longest burst wait after the first unhandled message
	Reopen time.Duration // a conversation closed less than this ago is reopened
	Queue  int64         // the channel's default queue
	Team   int64         // who sees what nobody is to answer
	Topic  string        // subject of a mail by which later ones of its writer find its thread

	Grants  bool // the channel has reply windows: without a grant there is none open
	Reserve int  // Window.Reserve of its conversations
}

// Outbound is one message on its way to a channel.
type Outbound struct {
	ID     int64 // outbox row: the idempotency key where the channel knows one
	Conv   Conversation
	Msg    Message
	To     Identity
	Thread string
	Try    int
	Fence  int64 // of the lease under which it is sent
}
