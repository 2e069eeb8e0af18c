package router

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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
		for range 60 {
			conv := 1 + r.Int64N(3)
			revs[conv]++
			in = append(in, liveOf(conv, revs[conv], 0))
		}
		for i := r.IntN(2); i+1 < len(in); i += 2 {
			if r.IntN(2) == 0 {
				in[i], in[i+1] = in[i+1], in[i]
			}
		}
		o := newOrder()
		last, told := map[int64]int64{}, map[string]bool{}
		before := "g.0000"
		for i := range in {
			in[i].Pos = fmt.Sprintf("g.%04d", i+1)
			for _, l := range o.next(in[i], before, 0) {
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
		if gaps := o.overdue(1 << 40); len(gaps) != 0 || o.wait() != tailWait {
			t.Fatalf("waits for %v", gaps)
		}
		for conv, n := range revs {
			if last[conv] != n {
				t.Fatalf("%d: %d of %d events told", conv, last[conv], n)
			}
		}
	}
}

func TestOrderAsksForWhatDoesNotCome(t *testing.T) {
	const late = zongji.Ms(orderWait / time.Millisecond)
	for _, tt := range []struct {
		name  string
		known int64  // rev told before
		pos   string // before the held entries; "" when they are read from SQL
		come  []int64
		want  gap
		sql   []int64
	}{
		{"one is missing", 4, "g.0000", []int64{6}, gap{1, 4, 6, 0}, []int64{5}},
		{"two are missing, not side by side", 4, "g.0000", []int64{8, 6}, gap{1, 4, 8, 0}, []int64{5, 7}},
		{"the bus is down", 4, "", []int64{6}, gap{1, 4, 6, 0}, []int64{5}},
		{"a conversation that this node does not know", 0, "g.0000", []int64{6}, gap{1, 0, 6, -10000}, []int64{3, 4, 5}},
		{"what is missing was removed", 4, "g.0000", []int64{8, 6}, gap{1, 4, 8, 0}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrder()
			if tt.known > 0 {
				o.told.put(1, tt.known)
			}
			for _, rev := range tt.come {
				if out := o.next(liveOf(1, rev, 1), tt.pos, 0); len(out) != 0 {
					t.Fatalf("told %v before its predecessor", out)
				}
			}
			if gaps := o.overdue(late - 1); len(gaps) != 0 {
				t.Fatalf("asked too early: %v", gaps)
			}
			if gaps := o.overdue(late); len(gaps) != 1 || gaps[0] != tt.want {
				t.Fatalf("asks for %v, want %v", gaps, tt.want)
			}
			if gaps := o.overdue(late + 1); len(gaps) != 0 {
				t.Fatalf("asked again at once: %v", gaps)
			}
			var out []zongji.Live
			for _, rev := range tt.sql {
				out = append(out, o.next(zongji.Live{Event: &zongji.Event{Conv: 1, Rev: rev}}, "", late)...)
			}
			out = append(out, o.release(1, tt.want.before)...)
			var got []int64
			for _, l := range out {
				got = append(got, l.Event.Rev)
			}
			want := slices.Concat(tt.sql, tt.come)
			slices.Sort(want)
			if !slices.Equal(got, want) || o.wait() != tailWait {
				t.Errorf("told %v, want %v", got, want)
			}
			if out := o.next(liveOf(1, tt.want.before+1, 2), "g.0001", late); len(out) != 1 || out[0].Pos != "g.0002" {
				t.Errorf("the next is told %v", out)
			}
		})
	}
}
