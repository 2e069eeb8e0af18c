package zongji

import "encoding/json"

// Party says who wrote a message.
type Party string

// The parties of a conversation. A note is staff only and never leaves.
const (
	FromContact Party = "contact"
	FromBot     Party = "bot"
	FromAgent   Party = "agent"
	FromSystem  Party = "system" // told to the customer by the product itself: queue place, "you speak with …"
	FromNote    Party = "note"   // for staff only
)

// MessageKind says how a message is to be shown.
type MessageKind string

// Kinds of message. Extra has the shape named beside each.
const (
	KindText       MessageKind = "text"
	KindImage      MessageKind = "image"      // Files[0]
	KindFile       MessageKind = "file"       // Files
	KindCandidates MessageKind = "candidates" // Extra: Candidates
	KindAnswer     MessageKind = "answer"     // a bot answer; Extra: Answer (asks 解决了/没解决)
	KindRate       MessageKind = "rate"       // asks for stars; Extra: RateAsk
)

// SendState is how far an outgoing message got.
type SendState string

// States of an outgoing message. Inbound messages are "stored".
const (
	StateStored    SendState = "stored"
	StatePending   SendState = "pending"
	StateSending   SendState = "sending"
	StateSent      SendState = "sent"
	StateDelivered SendState = "delivered"
	StateRead      SendState = "read"
	StateFailed    SendState = "failed"
	StateUnknown   SendState = "unknown" // may have been sent: 可能重复
	StateWithdrawn SendState = "withdrawn"
)

// Limits of what people write, checked at every edge.
const (
	MaxText  = 4000     // characters of one message
	MaxFiles = 9        // files of one message
	MaxFile  = 20 << 20 // bytes of one file
	MaxName  = 200      // bytes of a file name after cleaning
	MaxCID   = 64       // bytes of a client id
)

// Message is one message of a conversation, stored once and never changed
// but for its State.
type Message struct {
	ID         int64           `json:"id"`
	Conv       int64           `json:"conv"`
	Seq        int64           `json:"seq"` // 1, 2, 3 … in the conversation, without gaps
	From       Party           `json:"from"`
	Author     int64           `json:"author,omitempty"`      // user id, for agent and note
	AuthorName string          `json:"author_name,omitempty"` // as shown when it was written
	Kind       MessageKind     `json:"kind"`
	Text       string          `json:"text,omitempty"`
	Files      []File          `json:"files,omitempty"`
	Extra      json.RawMessage `json:"extra,omitempty"`
	At         Ms              `json:"at"`
	CID        string          `json:"cid,omitempty"` // the writer's client id; unique per conversation and party
	State      SendState       `json:"state"`
	Reason     string          `json:"reason,omitempty"` // why it failed, in words
}

// File is an attachment that lies in the blob store.
type File struct {
	ID   int64  `json:"id"`
	Name string `json:"name"` // cleaned: no path, no control characters
	Type string `json:"type"` // sniffed media type, not the claimed one
	Size int64  `json:"size"` // bytes
	W    int    `json:"w,omitempty"`
	H    int    `json:"h,omitempty"` // pixels, for images
	URL  string `json:"url"`         // "/f/<128-bit token>/<name>"
	// By is the user who uploaded it, 0 for a customer; messages do not carry it.
	By int64 `json:"by,omitempty"`
}

// Candidates is Extra of KindCandidates: what the bot asks back.
type Candidates struct {
	Options []Option `json:"options"` // at most 3 questions, then 转人工
}

// Option is one button. Pressing it sends a message with Text whose Choice
// is Value.
type Option struct {
	Value string `json:"value"` // "faq:<id>" | "human" | "solved:<faq>" | "unsolved:<faq>" | "menu:<id>"
	Text  string `json:"text"`
}

// Answer is Extra of KindAnswer.
type Answer struct {
	FAQ      int64    `json:"faq"`
	Question string   `json:"question"` // the standard question, shown as the answer's title
	Category string   `json:"category,omitempty"`
	Score    float64  `json:"score"`
	Options  []Option `json:"options,omitempty"` // 解决了 / 没解决
}

// RateAsk is Extra of KindRate.
type RateAsk struct {
	Stars int      `json:"stars"` // 5
	Tags  []string `json:"tags,omitempty"`
}
