package router_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// lossy is a stream that never has the messages that begin with "lost":
// who committed them died before he told anybody.
type lossy struct{ bus.Stream }

func (s lossy) Publish(ctx context.Context, lives ...zongji.Live) error {
	for _, l := range lives {
		if l.Event != nil && l.Event.Msg != nil && strings.HasPrefix(l.Event.Msg.Text, "lost") {
			return bus.ErrDown
		}
	}
	return s.Stream.Publish(ctx, lives...)
}

// TestWhatIsPublishedLateIsToldInOrder: of two neighbours the first does not
// reach the stream; the customer's socket is told it all the same, before the
// second. A socket that resumes asks for what comes after the newest seq it
// has, so an older one that came later could be lost to it.
func TestWhatIsPublishedLateIsToldInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		b.Stream = lossy{b.Stream}
		n := w.node(b, nil)
		conv := n.serve(n.seat("anna"), "amy").ID
		write := func(text string) int64 {
			st, err := n.shop.WriteID(t.Context(), "amy", text, text, "")
			w.must(err)
			return st.Msg.Seq
		}
		first := write("lost-1")
		w.toldInOrder(n, conv, first, write("heard-2"))

		w.must(n.Desk().End(t.Context(), w.acc.ID, "amy"))
		n.stop()
		n = w.node(b, nil) // knows nothing of what is over
		first = write("lost-3")
		write("lost-4")
		w.toldInOrder(n, conv, first, write("heard-5"))
	})
}

// toldInOrder waits until the customer was told seq last, and checks that
// what he was told is all from seq first on, by seq.
func (w *world) toldInOrder(n *node, conv, first, last int64) {
	w.t.Helper()
	var seqs []int64
	w.until("the customer is told", func() bool {
		seqs = nil
		for _, ev := range n.shop.Events() {
			if ev.Conv == conv && ev.Msg != nil && !slices.Contains(seqs, ev.Msg.Seq) {
				seqs = append(seqs, ev.Msg.Seq)
			}
		}
		return slices.Contains(seqs, last)
	})
	for i, seq := range seqs {
		if seqs[0] > first || seq != seqs[0]+int64(i) {
			w.t.Fatalf("the customer was told %v, and has to see %d to %d", seqs, first, last)
		}
	}
}
