package router

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"zongji/internal/zongji"
)

func liveOf(conv, rev int64, pos int) zongji.Live {
	return zongji.Live{Pos: fmt.Sprintf("g.%04d", pos), Event: &zongji.Event{Conv: conv, Rev: rev}}
}

// TestOrder: neighbours swapped at random come out by rev, all of them, and
// no told position is past an entry that is not told yet.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var in []zongji.Live
		revs := map[int64]int64{}
		for i := range int64(60) {
			conv := 1 + i // each begins in order: of an unknown one nothing is waited for
			if i >= 3 {
				conv = 1 + r.Int64N(3)
			}
			revs[conv]++
			in = append(in, liveOf(conv, revs[conv], 0))
		}
		for i := 4; i+1 < len(in); i += 2 {
			if r.IntN(2) == 0 {
				in[i], in[i+1] = in[i+1], in[i]
			}
		}
		o := newOrder()
		last, told := map[int64]int64{}, map[string]bool{}
		before := "g.0000"
		for i := range in {
			in[i].Pos = fmt.Sprintf("g.%04d", i+1)
			for _, l := range append(o.next(in[i], before, 0), o.overdue(0)...) {
				if l.Event.Rev != last[l.Event.Conv]+1 {
					t.Fatalf("rev %d of %d after %d", l.Event.Rev, l.Event.Conv, last[l.Event.Conv])
				}
				last[l.Event.Conv]++
				told[fmt.Sprint(l.Event.Conv, l.Event.Rev)] = true
				for k := 0; k <= i; k++ {
					if in[k].Pos <= l.Pos && !told[fmt.Sprint(in[k].Event.Conv, in[k].Event.Rev)] && slices.ContainsFunc(o.held[in[k].Event.Conv], func(h zongji.Live) bool { return h.Event == in[k].Event }) {
						t.Fatalf("told up to %s while %s is held", l.Pos, in[k].Pos)
					}
				}
			}
			before = in[i].Pos
		}
		for _, l := range o.overdue(1 << 40) {
			last[l.Event.Conv] = l.Event.Rev
		}
		for conv, n := range revs {
			if last[conv] != n {
				t.Fatalf("%d: %d of %d events told", conv, last[conv], n)
			}
		}
	}
}

func TestOrderGivesUpOnALostPredecessor(t *testing.T) {
	o := newOrder()
	if out := o.next(liveOf(1, 5, 1), "g.0000", 0); len(out) != 0 {
		t.Fatalf("told %v of a conversation that was not known", out)
	}
	o.overdue(zongji.Ms(orderWait.Milliseconds()))
	if out := o.next(liveOf(1, 7, 2), "g.0001", 0); len(out) != 0 {
		t.Fatalf("told %v before its predecessor", out)
	}
	if out := o.overdue(zongji.Ms(orderWait.Milliseconds())); len(out) != 1 || out[0].Event.Rev != 7 {
		t.Fatalf("overdue = %v", out)
	}
	if out := o.next(liveOf(1, 6, 3), "g.0002", 0); len(out) != 1 {
		t.Fatalf("the late predecessor is not told: %v", out)
	}
}
