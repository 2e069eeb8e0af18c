package store_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
	"unicode/utf16"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// town makes n conversations in all states, over 3 teams, 4 queues and 5
// owners, and returns them.
func town(t *testing.T, db *store.DB, clock *testenv.Clock, n int) (out []zongji.Conversation) {
	states := []zongji.Status{zongji.StatusBot, zongji.StatusQueued, zongji.StatusAssigned, zongji.StatusWrapup, zongji.StatusParked, zongji.StatusClosed}
	for i := range n {
		if i%3 != 0 { // some share a moment
			clock.Move(time.Millisecond)
		}
		conv := save(t, db, inbound(fmt.Sprint("v", i), fmt.Sprint(i), "hi")).Conv.ID
		ch := change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
			c.Status = states[i%len(states)]
			c.Team, c.Queue = int64(i%3), int64(1+i%4)
			switch c.Status {
			case zongji.StatusAssigned, zongji.StatusWrapup, zongji.StatusParked:
				c.Owner = int64(1 + i%5)
			case zongji.StatusQueued:
				c.QueuedAt = zongji.NowMs(clock)
			case zongji.StatusClosed:
				c.ClosedAt = zongji.NowMs(clock)
			}
			ch.Event(zongji.EvTagged, zongji.BySystem, 0, nil)
			return nil
		})
		out = append(out, ch.Conv)
	}
	return out
}

func TestPagesOfAListAreCompleteInOrderAndInScope(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		all := town(t, db, clock, 240)
		scopes := map[string]zongji.Scope{
			"all":       {All: true, User: 3},
			"one team":  {User: 3, Teams: []int64{1}},
			"two teams": {User: 1, Teams: []int64{1, 2}, Queues: []int64{1, 2}},
			"a queue":   {User: 99, Queues: []int64{3}},
			"nothing":   {User: 99},
		}
		in := map[string]func(s zongji.Scope, c *zongji.Conversation) bool{
			"mine":    func(s zongji.Scope, c *zongji.Conversation) bool { return c.Owner == s.User && c.Status.Open() },
			"waiting": func(s zongji.Scope, c *zongji.Conversation) bool { return c.Status == zongji.StatusQueued },
			"closed":  func(s zongji.Scope, c *zongji.Conversation) bool { return !c.Status.Open() },
			"all":     func(zongji.Scope, *zongji.Conversation) bool { return true },
		}
		for scopeName, s := range scopes {
			for view, has := range in {
				var want, got []int64
				for i := range all {
					if has(s, &all[i]) && s.Sees(all[i].View()) {
						want = append(want, all[i].ID)
					}
				}
				for before := ""; ; {
					items, next, err := db.ListConversations(t.Context(), s, store.ListReq{View: view, Limit: 7, Before: before})
					if err != nil {
						t.Fatal(err)
					}
					for i := range items {
						if len(got) > 0 && i > 0 && view == "waiting" && items[i].QueuedAt < items[i-1].QueuedAt {
							t.Fatalf("%s/%s: out of order", scopeName, view)
						}
						got = append(got, items[i].ID)
					}
					if before = next; next == "" {
						break
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s/%s: %d rows, want %d", scopeName, view, len(got), len(want))
				}
			}
			c, err := db.Counts(t.Context(), s)
			waiting := 0
			for i := range all {
				if all[i].Status == zongji.StatusQueued && s.Sees(all[i].View()) {
					waiting++
				}
			}
			if err != nil || c.Waiting != waiting {
				t.Errorf("%s: %+v waiting, want %d, err %v", scopeName, c, waiting, err)
			}
		}
		if _, _, err := db.ListConversations(t.Context(), zongji.Scope{}, store.ListReq{View: "odd"}); zongji.KindOf(err) != zongji.Invalid {
			t.Errorf("odd view: %v", err)
		}
		if _, _, err := db.ListConversations(t.Context(), zongji.Scope{}, store.ListReq{View: "mine", Before: "x"}); zongji.KindOf(err) != zongji.Invalid {
			t.Errorf("odd position: %v", err)
		}
		conserved(t, db)
	})
}

func TestSearchFindsChineseWordsWithinScope(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		texts := []string{"我要申请退款，谢谢", "发货时间😀是多久", "退货和货款", "Refund my ORDER A123 please", "退款退款"}
		var convs []int64
		for i, text := range texts {
			conv := save(t, db, inbound(fmt.Sprint("v", i), fmt.Sprint(i), text)).Conv.ID
			change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
				c.Team = int64(i%2 + 1)
				ch.Event(zongji.EvTagged, zongji.BySystem, 0, nil)
				return nil
			})
			convs = append(convs, conv)
		}
		everything, second := zongji.Scope{All: true}, zongji.Scope{User: 1, Teams: []int64{2}}
		for _, c := range []struct {
			q     string
			scope zongji.Scope
			want  []int // the newest first
			marks []string
		}{
			{"退款", everything, []int{4, 0}, []string{"退款退款"}},
			{"退款", second, nil, nil},
			{"时间", second, []int{1}, []string{"时间"}},
			{"是多久", everything, []int{1}, []string{"是多久"}},
			{"退货款", everything, nil, nil}, // its pairs stand apart in the third
			{"货", everything, []int{2, 1}, []string{"货", "货"}},
			{"order", everything, []int{3}, []string{"ORDER"}},
			{"ord", everything, []int{3}, []string{"ORD"}},
			{"ａ123", everything, []int{3}, []string{"A123"}},
			{"order 退款", everything, nil, nil},
			{`"*'`, everything, nil, nil},
		} {
			for _, kind := range []string{"messages", "conversations"} {
				hits, _, err := db.Search(t.Context(), c.scope, c.q, kind, 10, "")
				if err != nil {
					t.Fatalf("%s: %v", c.q, err)
				}
				var got []int
				for _, h := range hits {
					got = append(got, slices.Index(convs, h.Conv))
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s in %s: %v, want %v", c.q, kind, got, c.want)
					continue
				}
				units := []uint16{}
				if len(hits) > 0 {
					units = utf16.Encode([]rune(hits[0].Snippet))
				}
				for i, m := range c.marks {
					if got := string(utf16.Decode(units[hits[0].Marks[i][0]:hits[0].Marks[i][1]])); got != m {
						t.Errorf("%s: mark %d shows %q, want %q", c.q, i, got, m)
					}
				}
			}
		}
		one, next, err := db.Search(t.Context(), everything, "退款", "messages", 1, "")
		if err != nil || len(one) != 1 || next == "" {
			t.Fatalf("first page: %d %q %v", len(one), next, err)
		}
		two, next, err := db.Search(t.Context(), everything, "退款", "messages", 1, next)
		if err != nil || len(two) != 1 || next != "" || two[0].Msg.ID == one[0].Msg.ID {
			t.Fatalf("second page: %d %q %v", len(two), next, err)
		}
		hits, _, err := db.Search(t.Context(), everything, "客户v3", "contacts", 10, "")
		if err != nil || len(hits) != 1 || hits[0].Contact.Name != "客户v3" {
			t.Fatalf("contacts: %+v %v", hits, err)
		}
		if _, err := db.PatchContact(t.Context(), hits[0].Contact.ID, store.ContactPatch{Phone: ptr("138 0013 1111"), Name: ptr("王五")}); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"王五", "13800131111"} {
			hits, _, err = db.Search(t.Context(), everything, q, "contacts", 10, "")
			if err != nil || len(hits) != 1 || hits[0].Contact.Name != "王五" {
				t.Fatalf("%s: %+v %v", q, hits, err)
			}
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestHistoryIsLoadedAndRemovedExactly(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		save(t, db, inbound("amy", "1", "真的客户"))
		now := zongji.NowMs(clock)
		var all []store.HistoryConversation
		for i := range 45 {
			at := now - zongji.Ms(i)*1000
			all = append(all, store.HistoryConversation{
				Contact: zongji.Contact{Name: fmt.Sprint("旧客", i)},
				Conv: zongji.Conversation{Channel: 1, Kind: "webchat", Status: zongji.StatusClosed, Team: 1, Queue: 1, Owner: 2, Units: 1,
					CreatedAt: at, LastAt: at + 2, ClosedAt: at + 3, QueuedAt: at + 1, Stars: 5},
				Messages: []zongji.Message{{From: zongji.FromContact, Text: "历史问题", At: at}, {From: zongji.FromAgent, Author: 2, Text: "历史回答", At: at + 2}},
				Events: []store.HistoryEvent{{At: at + 1, Kind: zongji.EvRouted, By: zongji.BySystem, Data: zongji.RoutedData{Queue: 1}},
					{At: at + 1, Kind: zongji.EvAssigned, By: zongji.ByAgent, Actor: 2, Data: zongji.AssignedData{Agent: 2, Wait: 1000}},
					{At: at + 3, Kind: zongji.EvRated, By: zongji.ByContact, Data: zongji.RatedData{Stars: 4}}},
			})
		}
		if err := db.LoadHistory(t.Context(), all, "past", strconv.Itoa); err != nil {
			t.Fatal(err)
		}
		if done, err := db.Setting(t.Context(), "past"); err != nil || done != "45" {
			t.Fatalf("the setting says %s written: %v", done, err)
		}
		conserved(t, db)
		if evs, _ := db.Unpublished(t.Context(), now, 100); len(evs) != 1 {
			t.Fatalf("%d events to publish, want only the real one", len(evs))
		}
		w, err := db.Wall(t.Context(), now-zongji.Ms(time.Hour.Milliseconds()), now+10)
		if err != nil || w.Today.Arrived != 46 || w.Today.HandedOver != 45 || w.Today.Taken != 45 || w.Today.WaitP50 != 1000 || w.Today.Stars != 4 || len(w.Curve) != 5 {
			t.Fatalf("wall: %+v %v", w, err)
		}
		hits, _, err := db.Search(t.Context(), zongji.Scope{All: true}, "历史", "messages", 200, "")
		if err != nil || len(hits) != 90 {
			t.Fatalf("%d hits, err %v", len(hits), err)
		}
		if n, err := db.RemoveHistory(t.Context()); err != nil || n != 45 {
			t.Fatal(n, err)
		}
		r, err := db.Conservation(t.Context())
		if err != nil || !r.OK() || r.Conversations != 1 || r.Messages != 1 || r.Events != 1 {
			t.Fatalf("left: %+v %v", r, err)
		}
		if hits, _, _ := db.Search(t.Context(), zongji.Scope{All: true}, "历史", "messages", 200, ""); len(hits) != 0 {
			t.Fatalf("%d hits left", len(hits))
		}
	})
}
