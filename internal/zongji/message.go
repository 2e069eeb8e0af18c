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
	KindVoice      MessageKind = "voice"      // Files[0]; Extra: Voice
	KindVideo      MessageKind = "video"      // Files[0], Files[1] the still if there is one
	KindLocation   MessageKind = "location"   // Extra: Location
	KindLink       MessageKind = "link"       // Extra: Link
	KindMiniPage   MessageKind = "minipage"   // a page of a mini-program; Extra: MiniPage
	KindTemplate   MessageKind = "template"   // a template or subscribe message, outside the reply window; Extra: Template
	KindEvent      MessageKind = "event"      // what the customer did: subscribe, scan, enter …; Extra: Happening
	KindMail       MessageKind = "mail"       // Extra: Mail; Text may be empty
	KindOther      MessageKind = "other"      // what this product cannot show; Extra: Other
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
	// Of a contact's message.
	StateFetching SendState = "fetching" // stored; its media is still being fetched from the channel
	StateRecalled SendState = "recalled" // the writer took it back
)

// Limits of what people write, checked at every edge.
const (
	MaxText  = 4000     // characters of one message
	MaxMail  = 200_000  // characters of one mail
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
	H    int    `json:"h,omitempty"`  // pixels, for images
	Ms   int64  `json:"ms,omitempty"` // length of a voice, where the channel's adapter knows it
	URL  string `json:"url"`          // "/f/<128-bit token>/<name>"
	// By is the user who uploaded it, 0 for a customer; messages do not carry it.
	By int64 `json:"by,omitempty"`
}

// Candidates is Extra of KindCandidates: what the bot asks back.
type Candidates struct {
	Options []Option `json:"options"` // at most 3 questions, then 转人工
}

// Voice is Extra of KindVoice.
type Voice struct {
	Ms   int64  `json:"ms,omitempty"`   // length, 0 unknown
	Text string `json:"text,omitempty"` // as the channel recognised it
}

// Location is Extra of KindLocation.
type Location struct {
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
	Name  string  `json:"name,omitempty"`
	Label string  `json:"label,omitempty"` // the address in words
}

// Link is Extra of KindLink.
type Link struct {
	Title string `json:"title"`
	Text  string `json:"text,omitempty"`
	URL   string `json:"url"`
	Pic   string `json:"pic,omitempty"` // address of a picture at the channel; never loaded by screens
}

// MiniPage is Extra of KindMiniPage.
type MiniPage struct {
	App   string `json:"app"`
	Path  string `json:"path"`
	Title string `json:"title,omitempty"`
	Media string `json:"media,omitempty"` // the channel's id of the thumbnail, when sent
}

// Template is Extra of KindTemplate.
type Template struct {
	Form   string            `json:"form"` // template | subscribe
	ID     string            `json:"id"`
	Title  string            `json:"title,omitempty"`
	Fields map[string]string `json:"fields"`
	URL    string            `json:"url,omitempty"`
}

// Happening is Extra of KindEvent.
type Happening struct {
	Event string `json:"event"` // subscribe | unsubscribe | scan | enter | location | kf_joined | kf_seat | …
	Value string `json:"value,omitempty"`
}

// Other is Extra of KindOther.
type Other struct {
	Type string `json:"type"` // the channel's name of the kind
	Raw  string `json:"raw"`  // as it came, at most 16 KiB; for the agent's eyes
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
