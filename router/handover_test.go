package router_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

func TestFromTheCustomerToAnAgentAndBack(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{bot: true})
		n := w.node(b, nil)
		anna := n.seat("anna")
		st := n.write("visitor", "转人工")
		c, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, st.Conv.ID).ID)
		w.must(err)
		if c.Owner != anna.User || c.Status != zongji.StatusAssigned || c.QueuedAt == 0 || c.AssignedAt == 0 {
			t.Fatalf("after accepting: %+v", c)
		}
		m, err := n.reply(anna, c.ID, "您好，请讲")
		w.must(err)
		again, err := n.Reply(t.Context(), anna, c.ID, router.Reply{CID: m.CID, Text: "您好，请讲"})
		if err != nil || again.ID != m.ID {
			t.Errorf("a repeated cid made message %d, want %d (%v)", again.ID, m.ID, err)
		}
		note, err := n.Reply(t.Context(), anna, c.ID, router.Reply{CID: "note", Text: "难缠", Note: true})
		w.must(err)
		n.write("visitor", "谢谢")
		if c = w.conv(c.ID); c.FirstAt == 0 || c.WaitingFrom == 0 {
			t.Errorf("first answer %d, waiting from %d", c.FirstAt, c.WaitingFrom)
		}
		c, err = n.Finish(t.Context(), anna, c.ID, router.Finish{Category: "售后", Summary: "已解决", AskRating: true})
		w.must(err)
		if c.Status != zongji.StatusClosed || c.ClosedAt == 0 || c.Category != "售后" {
			t.Errorf("after the end: %+v", c)
		}
		_, err = n.Accept(t.Context(), zongji.Inbound{Channel: w.acc.ID, ChanKind: "webchat", ExtID: "r1", Thread: "visitor", Kind: zongji.InRating, Stars: 5,
			From: zongji.Identity{Ext: "visitor"}})
		w.must(err)
		if c = w.conv(c.ID); c.Stars != 5 {
			t.Errorf("stars %d, want 5", c.Stars)
		}
		kinds := map[zongji.MessageKind]int{}
		w.until("the customer's screen has the answer and the question for stars", func() bool {
			clear(kinds)
			for _, ev := range n.shop.Events() {
				if ev.Msg != nil {
					kinds[ev.Msg.Kind]++
					if ev.Msg.ID == note.ID {
						t.Fatal("a customer was shown a note")
					}
				}
			}
			return kinds[zongji.KindRate] == 1
		})
		view, err := n.Desk().Visit(t.Context(), w.acc.ID, "visitor", 0)
		w.must(err)
		if view.Status != "ended" || view.Stars != 5 || len(view.Messages) != len(w.messages(c.ID))-1 {
			t.Errorf("the visitor's view: %+v", view)
		}
		w.conserved()
	})
}

func TestScreensSeeEachRevOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		for i := range 20 {
			n.write("visitor", fmt.Sprint("第", i, "句"))
			_, err := n.reply(anna, c.ID, fmt.Sprint("答", i))
			w.must(err)
		}
		last := w.conv(c.ID).Rev
		seen := map[int64]int{}
		w.until("all events arrive", func() bool {
			clear(seen)
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, l := range n.live {
				if l.Event != nil && l.Event.Conv == c.ID {
					seen[l.Event.Rev]++
				}
			}
			return int64(len(seen)) >= last
		})
		for rev := int64(1); rev <= last; rev++ {
			if seen[rev] != 1 {
				t.Errorf("rev %d came %d times", rev, seen[rev])
			}
		}
		head := n.Head(t.Context())
		n.write("visitor", "还有")
		w.until("a resume finds what came after", func() bool {
			evs, _, err := n.Range(t.Context(), head)
			return err == nil && len(evs) > 0
		})
		if _, _, err := n.Range(t.Context(), "nobody.1"); err == nil {
			t.Error("an unknown position was resumed")
		}
	})
}

func TestTransfer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.OfferS = 1 }})
		n := w.node(b, func(c *router.Config) { c.Exclude = time.Second })
		anna, ben, carl := n.seat("anna"), n.seat("ben"), n.seat("carl")
		st := n.write("visitor", "人工")
		var first, second zongji.Actor
		w.until("somebody is offered the conversation", func() bool {
			for _, a := range [][2]zongji.Actor{{anna, ben}, {ben, anna}} {
				if os := n.OffersOf(a[0].User); len(os) > 0 {
					first, second = a[0], a[1]
					return true
				}
			}
			return false
		})
		c, err := n.AcceptOffer(t.Context(), first, n.offer(first, st.Conv.ID).ID)
		w.must(err)

		_, err = n.Transfer(t.Context(), second, c.ID, router.Target{Agent: first.User}, "")
		w.refused(err, "not_owner", "bad_target")

		c, err = n.Transfer(t.Context(), first, c.ID, router.Target{Agent: second.User}, "老客户，急")
		w.must(err)
		if c.Status != zongji.StatusQueued || c.Owner != 0 || c.Demand.Only != second.User {
			t.Fatalf("passed on to one agent: %+v", c)
		}
		c, err = n.AcceptOffer(t.Context(), second, n.offer(second, c.ID).ID)
		w.must(err)
		if c.Owner != second.User {
			t.Errorf("owner %d, want %d", c.Owner, second.User)
		}
		noted := false
		for _, m := range w.messages(c.ID) {
			noted = noted || m.From == zongji.FromNote && m.Text == "老客户，急"
		}
		if !noted {
			t.Error("the note was not kept")
		}

		c, err = n.Transfer(t.Context(), second, c.ID, router.Target{Queue: w.other.ID}, "")
		w.must(err)
		c, err = n.AcceptOffer(t.Context(), carl, n.offer(carl, c.ID).ID)
		w.must(err)
		if c.Queue != w.other.ID || c.Owner != carl.User {
			t.Errorf("in queue %d with %d, want %d with %d", c.Queue, c.Owner, w.other.ID, carl.User)
		}

		c, err = n.Transfer(t.Context(), carl, c.ID, router.Target{Agent: first.User}, "")
		w.must(err)
		w.must(n.DeclineOffer(t.Context(), first, n.offer(first, c.ID).ID, "busy"))
		c, err = n.AcceptOffer(t.Context(), carl, n.offer(carl, c.ID).ID) // his queue has nobody else, and the second is over
		if err != nil || c.Owner != carl.User {
			t.Errorf("after the refusal: %v, owner %d", err, c.Owner)
		}
		w.conserved()
	})
}

func TestALostAgentsConversationsAreOfferedAgain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		queued := c.QueuedAt
		ben := n.seat("ben")
		n.Absent(t.Context(), anna.User)
		o := n.offer(ben, c.ID)
		got, err := n.AcceptOffer(t.Context(), ben, o.ID)
		if err != nil || got.Owner != ben.User || got.QueuedAt != queued {
			t.Errorf("given on: %v, owner %d, queued at %d want %d", err, got.Owner, got.QueuedAt, queued)
		}
		if n.Statuses()[anna.User].Online {
			t.Error("the lost agent counts as there")
		}
		_, err = n.reply(anna, c.ID, "我回来了")
		w.refused(err, "not_owner", "no_conversation")
		w.conserved()
	})
}

func TestAfterHoursIsParkedAndComesBack(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.Calendar = "never" }})
		w.must(db.PutCalendar(t.Context(), "never", closedNow()))
		n := w.node(bus.NewMemory(), nil)
		anna := n.seat("anna")
		st := n.write("visitor", "有人吗")
		w.until("the conversation is parked", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusParked })
		c := w.conv(st.Conv.ID)
		if c.DueAt <= zongji.MsOf(time.Now()) {
			t.Errorf("due at %d, want a time to come", c.DueAt)
		}
		for _, text := range []string{"我的订单没到", "电话 13800001111"} {
			n.write("visitor", text)
			w.until("the message is handled", func() bool { c = w.conv(c.ID); return c.HandledSeq == c.LastSeq })
		}
		system := 0
		for _, m := range w.messages(c.ID) {
			if m.From == zongji.FromSystem {
				system++
			}
		}
		if system != 2 || c.Status != zongji.StatusParked {
			t.Errorf("%d texts to the customer and status %s, want the invitation, one thanks, parked", system, c.Status)
		}
		w.must(db.PutCalendar(t.Context(), "never", alwaysOpen))
		w.must(n.Announce(t.Context(), "queues"))
		n.write("visitor", "现在呢")
		got, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, c.ID).ID)
		if err != nil || got.QueuedAt != c.QueuedAt {
			t.Errorf("after opening: %v, queued at %d want %d", err, got.QueuedAt, c.QueuedAt)
		}
		w.conserved()
	})
}

const alwaysOpen = `{"zone":"Asia/Shanghai","week":{"mon":["00:00-24:00"],"tue":["00:00-24:00"],"wed":["00:00-24:00"],"thu":["00:00-24:00"],"fri":["00:00-24:00"],"sat":["00:00-24:00"],"sun":["00:00-24:00"]}}`

// closedNow is a calendar of one minute a day that is not now.
func closedNow() string {
	at := time.Now().Add(6 * time.Hour).In(time.FixedZone("CST", 8*3600))
	span := fmt.Sprintf(`["%02d:00-%02d:30"]`, at.Hour(), at.Hour())
	var days []string
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		days = append(days, fmt.Sprintf(`%q:%s`, d, span))
	}
	return `{"zone":"Asia/Shanghai","week":{` + strings.Join(days, ",") + `}}`
}

func TestParkAndWakeByTheCustomer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		n := w.node(b, nil)
		anna := n.seat("anna")
		c := n.serve(anna, "visitor")
		_, err := n.Park(t.Context(), anna, c.ID, zongji.MsOf(time.Now().Add(time.Hour)))
		w.must(err)
		w.until("it takes no capacity", func() bool { return n.Statuses()[anna.User].Load == 0 })
		n.write("visitor", "照片来了")
		got, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, c.ID).ID)
		if err != nil || got.Owner != anna.User || got.QueuedAt != c.QueuedAt {
			t.Errorf("woken: %v, owner %d, queued at %d want %d", err, got.Owner, got.QueuedAt, c.QueuedAt)
		}
		w.conserved()
	})
}

func TestBadInboundIsRefused(t *testing.T) {
	r := router.New(router.Config{})
	ok := zongji.Inbound{Channel: 1, ExtID: "1", Thread: "t", Kind: zongji.InMessage, Text: "hi"}
	for _, tt := range []struct {
		name string
		edit func(*zongji.Inbound)
		code string
	}{
		{"no text and no file", func(in *zongji.Inbound) { in.Text = " \n" }, "empty"},
		{"only U+0000", func(in *zongji.Inbound) { in.Text = "\x00" }, "empty"},
		{"one character too many", func(in *zongji.Inbound) { in.Text = strings.Repeat("好", zongji.MaxText+1) }, "too_long"},
		{"ten files", func(in *zongji.Inbound) { in.Files = make([]zongji.File, 10) }, "too_many_files"},
		{"a client id with a space", func(in *zongji.Inbound) { in.CID = "a b" }, "bad_cid"},
		{"no id", func(in *zongji.Inbound) { in.ExtID = "" }, "bad_inbound"},
		{"no thread", func(in *zongji.Inbound) { in.Thread = "" }, "bad_inbound"},
		{"an unknown kind", func(in *zongji.Inbound) { in.Kind = "x" }, "bad_inbound"},
		{"six stars", func(in *zongji.Inbound) { in.Kind, in.Stars = zongji.InRating, 6 }, "bad_stars"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := ok
			tt.edit(&in)
			if _, err := r.Accept(t.Context(), in); zongji.CodeOf(err) != tt.code || zongji.KindOf(err) != zongji.Invalid {
				t.Errorf("error %v (code %q), want %q", err, zongji.CodeOf(err), tt.code)
			}
		})
	}
}
