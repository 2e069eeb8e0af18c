package zongji

// MainPool is the default and usual routing pool.
const MainPool = "main"

// SkillLevel is a required or preferred skill with its least level (1–5).
type SkillLevel struct {
	Skill string `json:"skill"`
	Level int    `json:"level"`
}

// Demand is what a conversation asks of an agent.
type Demand struct {
	Queue     int64        `json:"queue"`
	Skills    []SkillLevel `json:"skills,omitempty"`     // required, sorted by Skill
	Preferred []SkillLevel `json:"preferred,omitempty"`  // dropped in a later ring
	Lang      string       `json:"lang,omitempty"`       // "" any; else agent must speak it
	Exclude   []int64      `json:"exclude,omitempty"`    // agents that must not get it
	P1        bool         `json:"p1,omitempty"`         // the urgent lane
	Points    int          `json:"points"`               // one point is one minute of age
	Affinity  int64        `json:"affinity,omitempty"`   // agent to be asked first
	AffinityS int          `json:"affinity_s,omitempty"` // for so many seconds of age
	Only      int64        `json:"only,omitempty"`       // transfer to one person: nobody else until it lapses
	Pressed   bool         `json:"pressed,omitempty"`    // Points hold those of a reply window that closes
}

// Queue is where conversations wait, with the rules of waiting.
type Queue struct {
	ID         int64        `json:"id"`
	Key        string       `json:"key"`
	Name       string       `json:"name"`
	Team       int64        `json:"team"` // serves it first
	Skills     []SkillLevel `json:"skills,omitempty"`
	Calendar   string       `json:"calendar"`             // key of a calendar
	Fallback   int64        `json:"fallback,omitempty"`   // where it goes when nobody can be found
	Neighbours []int64      `json:"neighbours,omitempty"` // teams that help in a later ring
	OfferS     int          `json:"offer_s"`              // how long an offer stands, seconds
	AutoAccept bool         `json:"auto_accept"`          // no pop-up: assigned at once
	MaxOffers  int          `json:"max_offers"`           // then the fallback queue and an alert
	Broadcast  int          `json:"broadcast"`            // offered to so many at once; 0 and 1: one
	RingS      []int        `json:"ring_s,omitempty"`     // age in seconds at which ring 1, 2, 3 begin
	ReopenS    int          `json:"reopen_s"`
	WrapupS    int          `json:"wrapup_s"`
	IdleCloseS int          `json:"idle_close_s"` // assigned and the customer silent: closed; 0 never
	FirstS     int          `json:"first_s"`      // SLA: first human answer
	AnswerS    int          `json:"answer_s"`     // by when mails are answered, in working time; 0: nothing is promised
	Units      int          `json:"units"`        // capacity that one of its conversations takes
	LostS      int          `json:"lost_s"`       // open chats of a vanished agent are re-offered after
	Disabled   bool         `json:"disabled,omitempty"`
}

// AgentState is what an agent says of himself; it is explicit and logged.
type AgentState string

// The states of an agent. "unanswered" is set by the router after two lapsed
// offers and ended by the agent.
const (
	AgentReady      AgentState = "ready"
	AgentBreak      AgentState = "break"
	AgentUnanswered AgentState = "unanswered"
	AgentOffline    AgentState = "offline"
)

// AgentProfile is what the engine knows of an agent.
type AgentProfile struct {
	ID       int64          `json:"id"`
	Skills   map[string]int `json:"skills,omitempty"` // level 1–5
	Langs    []string       `json:"langs,omitempty"`  // "" in a demand fits everybody
	Teams    []int64        `json:"teams,omitempty"`
	Capacity int            `json:"capacity"` // units
	State    AgentState     `json:"state"`
	Online   bool           `json:"online"` // a socket is open, or was until a moment ago
	Since    Ms             `json:"since"`  // of the last change of state
}

// Op is what a routing command does.
type Op string

// Commands to the engine. SQL has decided each before it is sent; the engine
// follows, and proposes offers.
const (
	OpEnqueue  Op = "enqueue"  // Conv waits: Demand, Units, QueuedAt
	OpAssigned Op = "assigned" // Conv belongs to Agent, Units (an offer taken, a pull, a transfer)
	OpRelease  Op = "release"  // Conv holds nobody and waits nowhere: closed, parked, back to the bot
	OpPoints   Op = "points"   // Points changed
	OpDecline  Op = "decline"  // Agent declines Offer
	OpRefuse   Op = "refuse"   // Agent would take Offer, and SQL refuses it
	OpAgent    Op = "agent"    // Profile as of now
	OpQueue    Op = "queue"    // Queue settings as of now
	OpTick     Op = "tick"     // only time passed
)

// Command is one input of the engine. ID is the route_cmd row's; a repeated
// one is dropped. ID 0 marks a command that needs no row (agents, ticks).
type Command struct {
	ID       int64         `json:"id,omitempty"`
	Op       Op            `json:"op"`
	Conv     int64         `json:"conv,omitempty"`
	Epoch    int64         `json:"epoch,omitempty"` // of the conversation; older than known: dropped
	Agent    int64         `json:"agent,omitempty"`
	Offer    int64         `json:"offer,omitempty"`
	Units    int           `json:"units,omitempty"`
	Points   int           `json:"points,omitempty"`
	QueuedAt Ms            `json:"queued_at,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	Demand   *Demand       `json:"demand,omitempty"`
	Profile  *AgentProfile `json:"profile,omitempty"`
	Queue    *Queue        `json:"queue,omitempty"`
}

// Offer asks one agent to take one conversation until a moment.
type Offer struct {
	ID    int64 `json:"id"`
	Conv  int64 `json:"conv"`
	Epoch int64 `json:"epoch"`
	Agent int64 `json:"agent"`
	Queue int64 `json:"queue"`
	Units int   `json:"units"`
	At    Ms    `json:"at"`
	Until Ms    `json:"until"`
	Auto  bool  `json:"auto,omitempty"` // the router takes it in the agent's name
}
