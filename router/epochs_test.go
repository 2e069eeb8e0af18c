package router_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// at runs functions at the same time and returns their errors.
func at(fns ...func() error) []error {
	errs, start := make([]error, len(fns)), make(chan struct{})
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() { <-start; errs[i] = fn() })
	}
	close(start)
	wg.Wait()
	return errs
}

func wins(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

func TestTwoFirstMessagesAtOnceAreOneConversation(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		var convs [8]int64
		var fns []func() error
		for i := range convs {
			fns = append(fns, func() error {
				st, err := n.shop.Write(t.Context(), "visitor", "在吗")
				convs[i] = st.Conv.ID
				return err
			})
		}
		if errs := at(fns...); wins(errs) != len(convs) {
			t.Fatal(errs)
		}
		for _, c := range convs {
			if c != convs[0] {
				t.Fatalf("conversations %v, want one", convs)
			}
		}
		w.until("it waits", func() bool { return w.conv(convs[0]).Status == zongji.StatusQueued })
		told := 0
		for i, m := range w.messages(convs[0]) {
			if m.Seq != int64(i+1) {
				t.Errorf("seq %d at place %d", m.Seq, i+1)
			}
			if m.From == zongji.FromSystem {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%d hand-over messages, want 1", told)
		}
		w.conserved()
	})
}

func TestAMessageThatComesTwiceIsStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		var sts [4]zongji.Stored
		var fns []func() error
		for i := range sts {
			fns = append(fns, func() (err error) {
				sts[i], err = n.shop.WriteID(t.Context(), "visitor", "the-same", "在吗", "")
				return err
			})
		}
		if errs := at(fns...); wins(errs) != len(sts) {
			t.Fatal(errs)
		}
		first := 0
		for _, st := range sts {
			if !st.Repeat {
				first++
			}
			if st.Msg.ID != sts[0].Msg.ID || st.Msg.Seq != 1 {
				t.Errorf("answers differ: %+v and %+v", st.Msg, sts[0].Msg)
			}
		}
		if first != 1 {
			t.Errorf("%d writers were first, want 1", first)
		}
		w.conserved()
	})
}

func TestAcceptingTwiceHasOneWinner(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna := n.seat("anna")
		st := n.write("visitor", "人工")
		o := n.offer(anna, st.Conv.ID)
		ben := w.me("ben")
		accept := func() error { _, err := n.AcceptOffer(t.Context(), anna, o.ID); return err }
		pull := func() error { _, err := n.Take(t.Context(), ben, st.Conv.ID); return err }
		errs := at(accept, accept, pull)
		if wins(errs) != 1 {
			t.Fatalf("%d winners: %v", wins(errs), errs)
		}
		for _, err := range errs {
			if err != nil {
				w.refused(err, "offer_over", "offer_taken", "not_owner", "yours")
			}
		}
		c := w.conv(st.Conv.ID)
		if c.Status != zongji.StatusAssigned || c.Owner == 0 {
			t.Errorf("conversation is %s of %d", c.Status, c.Owner)
		}
		_, err := n.AcceptOffer(t.Context(), anna, o.ID)
		w.refused(err, "offer_over", "offer_taken")
		w.conserved()
	})
}

func TestAcceptingAfterTheLapseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.OfferS = 1 }})
		n := w.node(b, nil)
		anna := n.seat("anna")
		st := n.write("visitor", "人工")
		o := n.offer(anna, st.Conv.ID)
		w.until("the offer lapses", func() bool {
			evs, err := db.Events(t.Context(), st.Conv.ID, []zongji.EventKind{zongji.EvLapsed}, 10)
			w.must(err)
			return len(evs) > 0
		})
		_, err := n.AcceptOffer(t.Context(), anna, o.ID)
		w.refused(err, "offer_over")
		if c := w.conv(st.Conv.ID); c.Status != zongji.StatusQueued || c.Owner != 0 {
			t.Errorf("conversation is %s of %d, want it to wait", c.Status, c.Owner)
		}
		ben := n.seat("ben")
		c, err := n.AcceptOffer(t.Context(), ben, n.offer(ben, st.Conv.ID).ID)
		if err != nil || c.Owner != ben.User {
			t.Errorf("the next agent: %v, owner %d", err, c.Owner)
		}
		w.conserved()
	})
}

func TestBotAgainstHumanHasOneWinner(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{bot: true})
		n := w.node(b, nil)
		anna := n.seat("anna")
		anna.Role, anna.Scope.All = zongji.RoleSupervisor, true
		for _, who := range []string{"a", "b"} {
			st := n.write(who, "请问怎么退货")
			time.Sleep(20 * time.Millisecond) // about when the bot begins
			c, err := n.Take(t.Context(), anna, st.Conv.ID)
			if err != nil || c.Owner != anna.User || c.Status != zongji.StatusAssigned {
				t.Fatalf("pull from the bot: %v, %s", err, c.Status)
			}
			before := len(w.messages(c.ID))
			time.Sleep(300 * time.Millisecond)
			for _, m := range w.messages(c.ID)[before:] {
				if m.From == zongji.FromBot {
					t.Errorf("the bot spoke after a person took over: %q", m.Text)
				}
			}
			if c = w.conv(c.ID); c.Owner != anna.User {
				t.Errorf("the bot took the conversation back: %s", c.Status)
			}
		}
		w.conserved()
	})
}

func TestAMessageInWrapupGoesBackToTheOwner(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		w1, err := n.Wrapup(t.Context(), anna, c.ID)
		w.must(err)
		st := n.write("visitor", "还有一个问题")
		if st.Conv.ID != c.ID || st.Conv.Status != zongji.StatusAssigned || st.Conv.Owner != anna.User || st.Conv.Epoch <= w1.Epoch {
			t.Errorf("after the message: %+v", st.Conv)
		}
		if _, err := n.reply(anna, c.ID, "请讲"); err != nil {
			t.Errorf("reply: %v", err)
		}
		w.conserved()
	})
}

func TestReopenInAndAfterTheWindow(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.ReopenS = 1 }})
		n := w.node(b, nil)
		anna := n.seat("anna")
		n.seat("ben")
		c := n.serve(anna, "visitor")
		_, err := n.reply(anna, c.ID, "好的")
		w.must(err)
		_, err = n.Finish(t.Context(), anna, c.ID, router.Finish{Category: "咨询"})
		w.must(err)
		st := n.write("visitor", "还在吗")
		if st.Conv.ID != c.ID {
			t.Fatalf("a message in the window opened %d, want %d again", st.Conv.ID, c.ID)
		}
		got, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, c.ID).ID)
		if err != nil || got.Owner != anna.User {
			t.Fatalf("back to who served it: %v, owner %d", err, got.Owner)
		}
		_, err = n.Finish(t.Context(), anna, c.ID, router.Finish{Category: "咨询"})
		w.must(err)
		time.Sleep(1200 * time.Millisecond)
		later := n.write("visitor", "又来了")
		if later.Conv.ID == c.ID || later.Conv.Previous != c.ID {
			t.Errorf("after the window: conversation %d with previous %d, want a new one after %d", later.Conv.ID, later.Conv.Previous, c.ID)
		}
		w.conserved()
	})
}

func TestAnAgentWhoLostTheConversationCannotAnswer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna, ben := n.seat("anna"), w.me("ben")
		c := n.serve(anna, "visitor")
		ben.Role, ben.Scope.All = zongji.RoleSupervisor, true
		_, err := n.Take(t.Context(), ben, c.ID)
		w.must(err)
		_, err = n.reply(anna, c.ID, "还是我")
		w.refused(err, "not_owner")
		if err != nil && !strings.Contains(err.Error(), "小ben") {
			t.Errorf("the loser is not told who has it: %v", err)
		}
		w.conserved()
	})
}
