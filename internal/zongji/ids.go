package zongji

import "sync"

// idEpoch is 2025-01-01T00:00:00Z in milliseconds: ids count from there, so
// that 41 bits last until 2094.
const idEpoch = 1735689600000

const (
	idNodeBits  = 5 // at most 32 nodes
	idCountBits = 7 // 128 ids per node and millisecond, then the next is borrowed
	// MaxNode is the highest node number an IDs accepts.
	MaxNode = 1<<idNodeBits - 1
)

// IDs makes ids that are unique in the installation and fit a JavaScript
// number: 41 bits of milliseconds, 5 of the node, 7 of a count. They are not
// an order: order is seq and rev. Safe for concurrent use.
type IDs struct {
	clock Clock
	node  int64

	mu   sync.Mutex
	last int64 // ms since idEpoch of the last id
	n    int64
}

// NewIDs returns a source for the node with that number (0–31). after is the
// last millisecond that the number was used at (0 when never): ids begin
// later, so that a clock set back makes no id twice.
func NewIDs(clock Clock, node int, after Ms) *IDs {
	if node < 0 || node > MaxNode {
		panic("zongji: node number out of range")
	}
	last := int64(0)
	if after > idEpoch {
		last = int64(after) - idEpoch
	}
	return &IDs{clock: clock, node: int64(node), last: last, n: 1<<idCountBits - 1}
}

// New returns the next id.
func (g *IDs) New() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := int64(NowMs(g.clock)) - idEpoch
	switch {
	case now > g.last:
		g.last, g.n = now, 0
	case g.n < 1<<idCountBits-1:
		g.n++
	default: // the millisecond is full, or the clock went back
		g.last++
		g.n = 0
	}
	return g.last<<(idNodeBits+idCountBits) | g.node<<idCountBits | g.n
}

// FirstID is below every id that was made at t or later, and above those made
// before.
func FirstID(t Ms) int64 { return max(int64(t)-idEpoch, 0) << (idNodeBits + idCountBits) }
