package demo

import (
	"sync"

	"zongji/internal/client"
)

// Ledger holds what the product acknowledged to customers and agents, and
// compares it with what is stored.
type Ledger struct {
	mu    sync.Mutex
	acks  map[string]client.Ack // by client id
	sent  int
	stats map[string]int
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{acks: map[string]client.Ack{}, stats: map[string]int{}}
}

// Sent counts a message on its way.
func (l *Ledger) Sent() { l.mu.Lock(); l.sent++; l.mu.Unlock() }

// Acked books an acknowledgement.
func (l *Ledger) Acked(cid string, a client.Ack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks[cid] = a
}

// Count adds one to a named figure: what happened to customers.
func (l *Ledger) Count(name string) { l.mu.Lock(); l.stats[name]++; l.mu.Unlock() }

// Counters are the live figures of the cockpit.
type Counters struct {
	Sent    int            `json:"sent"`
	Acked   int            `json:"acked"`
	Lost    int            `json:"lost"`
	Doubled int            `json:"doubled"`
	Stats   map[string]int `json:"stats,omitempty"`
}

// Compare counts, among the acknowledged, those that stored does not have and
// those that it has more than once. stored maps client id → times stored.
func (l *Ledger) Compare(stored map[string]int) Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counters{Sent: l.sent, Acked: len(l.acks), Stats: map[string]int{}}
	for cid := range l.acks {
		switch n := stored[cid]; {
		case n == 0:
			c.Lost++
		case n > 1:
			c.Doubled++
		}
	}
	for k, v := range l.stats {
		c.Stats[k] = v
	}
	return c
}

// Acks returns the acknowledged client ids.
func (l *Ledger) Acks() map[string]client.Ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]client.Ack, len(l.acks))
	for k, v := range l.acks {
		out[k] = v
	}
	return out
}
