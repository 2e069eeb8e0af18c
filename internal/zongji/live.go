package zongji

// Live is one entry of the event stream that each node tails. Exactly one
// field beside Pos is set.
type Live struct {
	Pos      string       `json:"-"` // "<generation>.<id>"
	Event    *Event       `json:"event,omitempty"`
	Offer    *Offer       `json:"offer,omitempty"`     // to the agent
	OfferEnd *OfferEnd    `json:"offer_end,omitempty"` // the pop-up goes away
	Agent    *AgentStatus `json:"agent,omitempty"`
	Config   string       `json:"config,omitempty"` // what was edited: rules|faq|queues|channels|users|replies|settings
}

// OfferEnd says how an offer ended.
type OfferEnd struct {
	Offer  int64  `json:"offer"`
	Conv   int64  `json:"conv"`
	Agent  int64  `json:"agent"`
	Queue  int64  `json:"queue"`
	How    string `json:"how"` // taken | declined | lapsed | withdrawn
	Reason string `json:"reason,omitempty"`
}

// AgentStatus is what screens show of an agent.
type AgentStatus struct {
	User     int64      `json:"user"`
	Team     int64      `json:"team,omitempty"`
	State    AgentState `json:"state"`
	Reason   string     `json:"reason,omitempty"` // of a break: lunch | meeting | training | rest | other
	Online   bool       `json:"online"`
	Since    Ms         `json:"since"`          // of State
	Seen     Ms         `json:"seen,omitempty"` // of Online
	Load     int        `json:"load"`           // units
	Capacity int        `json:"capacity"`
	Chats    int        `json:"chats"`
}

// VisitorEvent is what a customer's screen may be told: an allow-listed type
// of its own into which notes and decisions cannot be put.
type VisitorEvent struct {
	Conv    int64           `json:"conv"`
	Rev     int64           `json:"rev"`
	Contact int64           `json:"-"`
	Channel int64           `json:"-"`
	Thread  string          `json:"-"` // of the conversation: whose sockets get it
	Msg     *VisitorMessage `json:"msg,omitempty"`
	Status  string          `json:"status,omitempty"` // bot | waiting | agent | ended
	Agent   string          `json:"agent,omitempty"`  // the agent's public name
	Seen    int64           `json:"seen,omitempty"`   // seq the agent has read
	Got     int64           `json:"got,omitempty"`    // of this customer's own other tabs
}

// VisitorMessage is a message as the customer sees it. Its numbers count
// only what the customer can see.
type VisitorMessage struct {
	ID    int64       `json:"id"`
	Conv  int64       `json:"conv"`
	Seq   int64       `json:"seq"` // grows; gaps are notes, which customers never see
	From  Party       `json:"from"`
	Name  string      `json:"name,omitempty"`
	Kind  MessageKind `json:"kind"`
	Text  string      `json:"text,omitempty"`
	Files []File      `json:"files,omitempty"`
	Extra any         `json:"extra,omitempty"` // options only
	At    Ms          `json:"at"`
	CID   string      `json:"cid,omitempty"` // the customer's own
}
