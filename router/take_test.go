package router_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

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

func TestAnAcceptThatSQLRefusesIsNoDecline(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{capacity: 1})
		n := w.node(bus.NewMemory(), nil)
		anna := n.seat("anna")
		first := n.write("first", "人工").Conv.ID
		o := n.offer(anna, first)
		second, err := db.SaveInbound(t.Context(), zongji.Inbound{Channel: w.acc.ID, ChanKind: "webchat", ExtID: "x", Thread: "second", Kind: zongji.InMessage,
			From: zongji.Identity{Ext: "second"}, Text: "在吗"}, zongji.InboundPolicy{Queue: w.queue.ID, Quiet: time.Hour, Max: time.Hour})
		w.must(err)
		_, err = db.Change(t.Context(), second.Conv.ID, func(c *zongji.Conversation, ch *store.Change) error {
			c.Status, c.Owner = zongji.StatusAssigned, anna.User
			ch.Event(zongji.EvAssigned, zongji.ByAgent, anna.User, zongji.AssignedData{Agent: anna.User, How: "pull"})
			return nil
		})
		w.must(err)
		_, err = n.AcceptOffer(t.Context(), anna, o.ID)
		w.refused(err, "over_capacity")
		ben := n.seat("ben")
		_, err = n.AcceptOffer(t.Context(), ben, n.offer(ben, first).ID)
		w.must(err)
		said, err := db.Events(t.Context(), first, []zongji.EventKind{zongji.EvDeclined}, 10)
		w.must(err)
		if len(said) != 0 {
			t.Errorf("recorded as declined: %s", said[0].Data)
		}
		w.conserved()
	})
}
