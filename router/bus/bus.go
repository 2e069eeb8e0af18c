// Package bus is the live side of the switchboard: leases, the command
// stream and mirrored state of a routing pool, the event stream that every
// node tails, presence and a few counters. It may be emptied at any moment:
// SQL decides everything, and the live state is built again from there.
//
// Two implementations, one suite (bustest): Memory for a single process and
// Redis for any number of nodes.
package bus

import (
	"context"
	"errors"
	"time"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

var (
	// ErrDown says that the bus cannot be reached. Callers go on without it.
	ErrDown = errors.New("bus: down")
	// ErrFenced says that another node leads the pool: nothing was written.
	ErrFenced = errors.New("bus: fenced")
	// ErrGone says that a position is unknown or trimmed: take a snapshot.
	ErrGone = errors.New("bus: position gone")
)

// Bus is one live side. Its parts share one connection and end together.
type Bus struct {
	Kind     string // "memory" | "redis"
	Detail   string // for the system card: address, child or outside
	Lease    Lease
	Pool     Pool
	Offers   Offers
	Stream   Stream
	Presence Presence
	Bucket   Bucket
	Typing   Typing
	Ping     func(context.Context) error
	// Flush empties it, as FLUSHALL does: for demonstrations and tests.
	Flush func(context.Context) error
	Close func() error
}

// Lease is leadership of a pool. The value is "<epoch>:<random128>" and is
// compared whole.
type Lease interface {
	// Acquire takes the lease if nobody has it, or renews it if value has it.
	Acquire(ctx context.Context, pool, value string, ttl time.Duration) (bool, error)
	// Release gives it back if value has it.
	Release(ctx context.Context, pool, value string) error
	// Holder returns the value that has it, "" when nobody.
	Holder(ctx context.Context, pool string) (string, error)
}

// Entry is one command with its position in the stream of its pool.
type Entry struct {
	Pos string
	Cmd zongji.Command
}

// Commit is what one engine step changes, written in one fenced step.
type Commit struct {
	Lease  string         // must hold the pool's lease, else ErrFenced
	Cursor string         // position of the last command applied
	Put    []Waiting      // written before Gone
	Gone   []int64        // conversations that wait no longer
	Offers []zongji.Offer // made now; each can be taken once
	Ended  []int64        // offers that ended
	Events []zongji.Live  // published in the same step
}

// Step returns the commit of what the engine told in one or more steps. Of two
// words on one conversation the later counts.
func Step(lease, cursor string, evs []engine.Event) Commit {
	c := Commit{Lease: lease, Cursor: cursor}
	told := map[int64]bool{}
	for i := len(evs) - 1; i >= 0; i-- {
		ev := &evs[i]
		if ev.Kind != engine.Waiting && ev.Kind != engine.Left || told[ev.Conv] {
			continue
		}
		told[ev.Conv] = true
		if ev.Kind == engine.Left {
			c.Gone = append(c.Gone, ev.Conv)
			continue
		}
		c.Put = append(c.Put, Waiting{Conv: ev.Conv, Queue: ev.Queue, Lane: ev.Lane, Key: ev.Key})
	}
	for i := range evs {
		switch ev := &evs[i]; ev.Kind {
		case engine.Offered:
			c.Offers = append(c.Offers, ev.Offer)
			c.Events = append(c.Events, zongji.Live{Offer: &ev.Offer})
		case engine.OfferEnded:
			c.Ended = append(c.Ended, ev.Offer.ID)
			c.Events = append(c.Events, zongji.Live{OfferEnd: &zongji.OfferEnd{Offer: ev.Offer.ID, Conv: ev.Offer.Conv,
				Agent: ev.Offer.Agent, Queue: ev.Offer.Queue, How: ev.Reason, Reason: ev.Why}})
		}
	}
	return c
}

// Waiting is the mirror of one waiting conversation: a member of its lane's
// ZSET with its key as score.
type Waiting struct {
	Conv  int64
	Queue int64
	Lane  string
	Key   int64 // ms; lower is served first
}

// State is the mirror of a pool.
type State struct {
	Cursor  string
	Waiting []Waiting
	Offers  []zongji.Offer
}

// Pool carries a routing pool's commands and mirrors its live state.
type Pool interface {
	// Send appends commands in order; they arrive at least once.
	Send(ctx context.Context, pool string, cmds ...zongji.Command) error
	// Commands returns what stands after a position ("" = the beginning),
	// waiting up to wait for the first. ErrGone when the position is unknown.
	Commands(ctx context.Context, pool, after string, max int, wait time.Duration) ([]Entry, error)
	// Commit writes one step. It also trims commands before the cursor.
	Commit(ctx context.Context, pool string, c Commit) error
	// Reset replaces the mirror by c.Put and c.Offers (a new leader has built
	// its engine from SQL) and keeps the command stream.
	Reset(ctx context.Context, pool string, c Commit) error
	State(ctx context.Context, pool string) (State, error)
	// Place returns how many wait in the conversation's queue before it, and
	// how many wait there in all; place 0 = not waiting, 1 = next.
	Place(ctx context.Context, pool string, conv int64) (place, waiting int, err error)
	// Depths returns the number of waiting conversations by queue.
	Depths(ctx context.Context, pool string) (map[int64]int, error)
}

// Offers lets one taker have an offer, once.
type Offers interface {
	// Take returns the offer and true to the first caller while it stands;
	// false for every other, and after it ended.
	Take(ctx context.Context, pool string, offer int64) (zongji.Offer, bool, error)
}

// Stream is the event stream that each node tails. Positions are
// "<generation>.<id>"; the generation is random and made with the stream.
type Stream interface {
	Publish(ctx context.Context, evs ...zongji.Live) error
	// Tail returns what stands after pos, waiting up to wait for the first.
	// pos "" means from now on; the returned head then is where "now" is.
	// ErrGone when pos is unknown or trimmed.
	Tail(ctx context.Context, pos string, max int, wait time.Duration) (evs []zongji.Live, head string, err error)
	// Head returns the position of the newest entry.
	Head(ctx context.Context) (string, error)
}

// Presence says which agents have a socket anywhere.
type Presence interface {
	// Beat keeps (agent, node) alive for ttl.
	Beat(ctx context.Context, agent int64, node string, ttl time.Duration) error
	// Leave ends (agent, node) now.
	Leave(ctx context.Context, agent int64, node string) error
	// Alive returns the agents with at least one live node.
	Alive(ctx context.Context) (map[int64]bool, error)
}

// Bucket limits rates over all nodes.
type Bucket interface {
	// Take takes n tokens from a bucket of size burst that refills with rate
	// tokens per second. When refused it returns how long to wait.
	Take(ctx context.Context, key string, n, burst int, rate float64) (ok bool, retry time.Duration, err error)
}

// TypingNote says that somebody writes. It never touches SQL or the stream.
type TypingNote struct {
	Conv int64        `json:"conv"`
	From zongji.Party `json:"from"`
	User int64        `json:"user,omitempty"`
	Name string       `json:"name,omitempty"`
	On   bool         `json:"on"`
	Text string       `json:"text,omitempty"` // what the visitor has typed so far, for the agent only
}

// Typing carries typing notes between nodes; lost ones are not missed.
type Typing interface {
	Say(ctx context.Context, n TypingNote) error
	// Hear calls fn for each note until ctx ends.
	Hear(ctx context.Context, fn func(TypingNote)) error
}
