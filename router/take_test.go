package router_test

import (
	"context"
	"sync/atomic"
	"testing"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// mute takes an offer and then loses the answer, once.
type mute struct {
	bus.Offers
	lost atomic.Int32
}

func (m *mute) Take(ctx context.Context, pool string, offer int64) (zongji.Offer, bool, error) {
	o, ok, err := m.Offers.Take(ctx, pool, offer)
	if m.lost.Add(1) == 1 {
		return zongji.Offer{}, false, bus.ErrDown
	}
	return o, ok, err
}

func TestATakenOfferWhoseAnswerIsLostIsOfferedAgain(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.OfferS = 1 }})
		b := bus.NewMemory()
		b.Offers = &mute{Offers: b.Offers}
		n := w.node(b, nil)
		anna := n.seat("anna")
		conv := n.write("visitor", "人工").Conv.ID
		o := n.offer(anna, conv)
		_, err := n.AcceptOffer(t.Context(), anna, o.ID)
		w.refused(err, "bus_down")
		_, err = n.AcceptOffer(t.Context(), anna, o.ID)
		w.refused(err, "offer_over") // it can be taken once: nobody knows by whom
		if c := w.conv(conv); c.Status != zongji.StatusQueued {
			t.Fatalf("it is %s, want queued", c.Status)
		}
		ben := n.seat("ben")
		c, err := n.AcceptOffer(t.Context(), ben, n.offer(ben, conv).ID)
		w.must(err)
		if c.Owner != ben.User {
			t.Errorf("owner %d, want %d", c.Owner, ben.User)
		}
		w.conserved()
	})
}
