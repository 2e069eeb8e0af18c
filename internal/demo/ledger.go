package demo

import (
	"maps"
	"sync"

	"zongji/internal/client"
)

// Ledger holds what the product acknowledged to customers and agents, and
// compares it with what is stored.
type Ledger struct {
	mu    sync.Mutex
	acks  map[string]client.Ack // by client id
	found map[string]int        // client id → times stored, of those that were looked up
	sent  int
	stats map[string]int
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{acks: map[string]client.Ack{}, found: map[string]int{}, stats: map[string]int{}}
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

// Begin forgets the named figures: another play begins.
func (l *Ledger) Begin() { l.mu.Lock(); clear(l.stats); l.mu.Unlock() }

// Counters are the live figures of the cockpit.
type Counters struct {
	Sent    int            `json:"sent"`
	Acked   int            `json:"acked"`
	Lost    int            `json:"lost"`
	Doubled int            `json:"doubled"`
	Stats   map[string]int `json:"stats,omitempty"`
}

// Looked books what the product has stored: client id → times, for all the
// acknowledged ones among cids.
func (l *Ledger) Looked(cids []string, stored map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cid := range cids {
		l.found[cid] = stored[cid]
	}
}

// Counters counts, among the acknowledged that were looked up, those that are
// not stored and those that are stored more than once.
func (l *Ledger) Counters() Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counters{Sent: l.sent, Acked: len(l.acks), Stats: map[string]int{}}
	for cid := range l.acks {
		n, looked := l.found[cid]
		switch {
		case !looked:
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

// Compare is Counters where everything was looked up at once.
func (l *Ledger) Compare(stored map[string]int) Counters {
	acks := l.Acks()
	cids := make([]string, 0, len(acks))
	for cid := range acks {
		cids = append(cids, cid)
	}
	l.Looked(cids, stored)
	return l.Counters()
}

// Acks returns the acknowledged client ids.
func (l *Ledger) Acks() map[string]client.Ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.acks)
}
