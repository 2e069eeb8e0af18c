package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

func TestTwoFirstMessagesAtOnceMakeOneConversation(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		for round := range 10 {
			var wg sync.WaitGroup
			var mu sync.Mutex
			convs := map[int64]int{}
			for i := range 8 {
				wg.Go(func() {
					st, err := db.SaveInbound(t.Context(), inbound(fmt.Sprint("v", round), fmt.Sprintf("%d-%d", round, i%4), "喂"), policy)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					convs[st.Conv.ID]++
					mu.Unlock()
				})
			}
			wg.Wait()
			if len(convs) != 1 {
				t.Fatalf("round %d: %d conversations", round, len(convs))
			}
		}
		conserved(t, db)
	})
}

func TestManyChangesOfOneConversationLeaveNoGap(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "hi")).Conv.ID
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
					c.LastUser = int64(i)
					if c.Status = zongji.StatusParked; i%2 == 0 {
						c.Status = zongji.StatusBot
					}
					ch.Event(zongji.EvTagged, zongji.BySystem, 0, zongji.TagData{Tags: []string{"x"}})
					ch.Message(zongji.Message{From: zongji.FromBot, Text: fmt.Sprint(i)})
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c, err := db.Conversation(t.Context(), conv)
		if err != nil || c.LastSeq != 51 || c.Rev != 101 {
			t.Fatalf("last_seq %d, rev %d, err %v", c.LastSeq, c.Rev, err)
		}
		conserved(t, db)
	})
}

func TestAMessageAfterTheEnd(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "hi")).Conv
		set := func(st zongji.Status, owner int64) {
			change(t, db, conv.ID, func(c *zongji.Conversation, ch *store.Change) error {
				c.Status, c.Owner, c.ClosedAt = st, owner, 0
				if st == zongji.StatusClosed {
					c.ClosedAt = zongji.NowMs(clock)
				}
				ch.Event(zongji.EvState, zongji.BySystem, 0, nil)
				return nil
			})
		}
		set(zongji.StatusWrapup, 9)
		st := save(t, db, inbound("amy", "2", "还有"))
		if st.Conv.Status != zongji.StatusAssigned || st.Conv.Owner != 9 || st.Reopened == nil || st.Conv.Epoch != 3 || st.Event.Rev != st.Reopened.Rev+1 {
			t.Fatalf("in wrap-up: %+v", st.Conv)
		}
		set(zongji.StatusClosed, 9)
		clock.Move(10 * time.Minute)
		st = save(t, db, inbound("amy", "3", "又来"))
		if st.Conv.ID != conv.ID || st.Conv.Status != zongji.StatusBot || st.Conv.Owner != 0 || st.Opened || st.Conv.HandledSeq != 2 {
			t.Fatalf("in the window: %+v", st.Conv)
		}
		set(zongji.StatusClosed, 0)
		clock.Move(31 * time.Minute)
		st = save(t, db, inbound("amy", "4", "明天"))
		if st.Conv.ID == conv.ID || !st.Opened || st.Conv.Previous != conv.ID || st.Conv.Contact != conv.Contact {
			t.Fatalf("after the window: %+v", st.Conv)
		}
		ms, err := db.ThreadHistory(t.Context(), 1, "amy", 0, 0, 10)
		if err != nil || len(ms) != 4 || ms[3].Text != "明天" {
			t.Fatalf("history: %v %v", ms, err)
		}
		newest, err := db.ThreadNewest(t.Context(), 1, "amy")
		if err != nil || newest.ID != st.Conv.ID {
			t.Fatalf("newest: %+v %v", newest, err)
		}
		conserved(t, db)
	})
}

func TestABurstIsDueAfterItsQuietButNotLaterThanItsMax(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		begin := zongji.NowMs(clock)
		conv := save(t, db, inbound("amy", "0", "a")).Conv.ID
		for i := range 9 {
			clock.Move(900 * time.Millisecond)
			save(t, db, inbound("amy", fmt.Sprint("n", i), "b"))
		}
		due := func(at zongji.Ms) []int64 {
			ids, err := db.ClaimDue(t.Context(), at, 10, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		if ids := due(begin.Add(4999 * time.Millisecond)); len(ids) != 0 {
			t.Fatal("due before its max")
		}
		if ids := due(begin.Add(5 * time.Second)); !slices.Equal(ids, []int64{conv}) {
			t.Fatalf("due: %v", ids)
		}
		if ids := due(begin.Add(6 * time.Second)); len(ids) != 0 {
			t.Fatal("claimed twice")
		}
		if ok, err := db.ClaimOne(t.Context(), conv, begin.Add(16*time.Second), time.Second); err != nil || !ok {
			t.Fatal("not due again after the claim", err)
		}
		change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
			c.HandledSeq = c.LastSeq
			ch.Due(0)
			return nil
		})
		if ids := due(begin.Add(time.Hour)); len(ids) != 0 {
			t.Fatal("due though handled")
		}
	})
}

func TestAgentsNeverHoldMoreThanTheirCapacity(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		u, err := db.PutUser(t.Context(), zongji.User{Login: "Li", Capacity: 3})
		if err != nil {
			t.Fatal(err)
		}
		full := errors.New("full")
		var wg sync.WaitGroup
		for i := range 20 {
			conv := save(t, db, inbound(fmt.Sprint("v", i), fmt.Sprint(i), "hi")).Conv.ID
			wg.Go(func() {
				_, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
					load, err := ch.AgentLoad(u.ID)
					if err != nil {
						return err
					}
					if load+c.Units > u.Capacity {
						return full
					}
					c.Status, c.Owner = zongji.StatusAssigned, u.ID
					ch.Event(zongji.EvAssigned, zongji.ByAgent, u.ID, zongji.AssignedData{Agent: u.ID, Wait: 5})
					ch.Route(zongji.Command{Op: zongji.OpAssigned, Agent: u.ID, Units: c.Units})
					return nil
				})
				if err != nil && !errors.Is(err, full) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		states, err := db.AgentStates(t.Context())
		if err != nil || states[u.ID].Load != 3 || states[u.ID].Chats != 3 {
			t.Fatalf("holds %+v, err %v", states[u.ID], err)
		}
		cmds, err := db.UnappliedCmds(t.Context(), zongji.Ms(1)<<50, 100)
		if err != nil || len(cmds) != 3 || cmds[0].Epoch != 2 || cmds[0].Conv == 0 {
			t.Fatalf("commands: %+v %v", cmds, err)
		}
		if err := db.CmdsApplied(t.Context(), []int64{cmds[0].ID, cmds[1].ID}); err != nil {
			t.Fatal(err)
		}
		if cmds, _ = db.UnappliedCmds(t.Context(), zongji.Ms(1)<<50, 100); len(cmds) != 1 {
			t.Fatalf("%d left", len(cmds))
		}
		conserved(t, db)
	})
}

func TestARepeatedClientIDGivesTheFirstMessage(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "hi")).Conv.ID
		write := func() (id int64, existing bool) {
			change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
				m := ch.Message(zongji.Message{From: zongji.FromAgent, Author: 5, CID: "c1", Text: "好的", State: zongji.StatePending})
				ch.Outbox(m, store.Sending{})
				id, existing = m.ID, ch.Existing != nil
				return nil
			})
			return id, existing
		}
		a, old := write()
		if old {
			t.Fatal("the first one existed")
		}
		b, old := write()
		if !old || a != b {
			t.Fatalf("the second is %d, want %d", b, a)
		}
		conserved(t, db)
	})
}

func TestAFailedChangeWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "hi")).Conv
		want := errors.New("no")
		_, err := db.Change(t.Context(), conv.ID, func(c *zongji.Conversation, ch *store.Change) error {
			c.Status = zongji.StatusClosed
			ch.Message(zongji.Message{From: zongji.FromBot, Text: "x"})
			return want
		})
		if err != want {
			t.Fatalf("got %v", err)
		}
		now, err := db.Conversation(t.Context(), conv.ID)
		if err != nil || now.Rev != conv.Rev || now.Status != conv.Status {
			t.Fatalf("changed: %+v %v", now, err)
		}
	})
}

func TestBadTextIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		for _, bad := range []string{"a\x00b", "a\xffb"} {
			if _, err := db.SaveInbound(t.Context(), inbound("amy", "1", bad), policy); zongji.KindOf(err) != zongji.Invalid {
				t.Fatalf("%q: %v", bad, err)
			}
		}
		if st := save(t, db, inbound("amy", "1", "good")); st.Msg.Seq != 1 {
			t.Fatalf("%+v", st)
		}
		conserved(t, db)
	})
}

func TestMarksOnlyMoveForward(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		for i := range 3 {
			save(t, db, inbound("amy", fmt.Sprint(i), "hi"))
		}
		c, _ := db.ThreadNewest(t.Context(), 1, "amy")
		mark := func(m zongji.MarkData) *store.Changed {
			ch, err := db.Mark(t.Context(), c.ID, m, zongji.ByAgent, 5)
			if err != nil {
				t.Fatal(err)
			}
			return ch
		}
		if ch := mark(zongji.MarkData{AgentSeen: 2}); ch.Conv.Unread != 1 || len(ch.Events) != 1 {
			t.Fatalf("seen 2: %+v", ch)
		}
		if ch := mark(zongji.MarkData{AgentSeen: 1}); len(ch.Events) != 0 || ch.Conv.AgentSeen != 2 {
			t.Fatalf("seen 1: %+v", ch)
		}
		if ch := mark(zongji.MarkData{AgentSeen: 99}); ch.Conv.AgentSeen != 3 || ch.Conv.Unread != 0 {
			t.Fatalf("seen 99: %+v", ch)
		}
		conserved(t, db)
	})
}

func TestAKeyedEventIsThereOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "hi")).Conv.ID
		for i := range 2 {
			ch, err := db.AddEvent(t.Context(), conv, zongji.EvOffered, zongji.BySystem, 0, zongji.OfferData{Offer: 4}, "offer:4")
			if err != nil || len(ch.Events) != 1-i {
				t.Fatalf("%d: %+v %v", i, ch, err)
			}
		}
		evs, err := db.Events(t.Context(), conv, []zongji.EventKind{zongji.EvOffered}, 10)
		if err != nil || len(evs) != 1 || !strings.Contains(string(evs[0].Data), `"offer":4`) {
			t.Fatalf("%+v %v", evs, err)
		}
	})
}

func TestEventsWaitUntilTheyArePublished(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		st := save(t, db, inbound("amy", "1", "hi"))
		now := zongji.NowMs(clock)
		evs, err := db.Unpublished(t.Context(), now, 10)
		if err != nil || len(evs) != 1 || evs[0].Msg == nil || evs[0].Msg.Text != "hi" || evs[0].Row == nil || evs[0].After.Status != zongji.StatusBot {
			t.Fatalf("%+v %v", evs, err)
		}
		if after, err := db.EventsAfter(t.Context(), now-1, 0, 10); err != nil || len(after) != 1 || after[0].ID != st.Event.ID {
			t.Fatalf("after: %+v %v", after, err)
		}
		rev := evs[0].Rev
		if gap, err := db.EventsBetween(t.Context(), st.Conv.ID, rev-1, rev+1, evs[0].At); err != nil || len(gap) != 1 || gap[0].Msg == nil || gap[0].Row == nil {
			t.Fatalf("between: %+v %v", gap, err)
		}
		for _, none := range [][3]int64{{rev, rev + 9, 0}, {0, rev, 0}, {0, rev + 1, int64(evs[0].At) + 1}} {
			if gap, err := db.EventsBetween(t.Context(), st.Conv.ID, none[0], none[1], zongji.Ms(none[2])); err != nil || len(gap) != 0 {
				t.Fatalf("between %v: %+v %v", none, gap, err)
			}
		}
		if err := db.MarkPublished(t.Context(), []int64{evs[0].ID}); err != nil {
			t.Fatal(err)
		}
		if evs, _ = db.Unpublished(t.Context(), now, 10); len(evs) != 0 {
			t.Fatalf("still %d", len(evs))
		}
	})
}

func TestTheOutboxKeepsTheOrderOfAConversation(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		for i := range 2 {
			conv := save(t, db, inbound(fmt.Sprint("v", i), fmt.Sprint(i), "hi")).Conv.ID
			for _, text := range []string{"one", "two"} {
				change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
					ch.Outbox(ch.Message(zongji.Message{From: zongji.FromAgent, Author: 5, Text: text, State: zongji.StatePending}), store.Sending{})
					return nil
				})
			}
		}
		fence, ok, err := db.Lease(t.Context(), "outbox:1", "a", time.Minute)
		if err != nil || !ok {
			t.Fatal(err)
		}
		if _, ok, _ := db.Lease(t.Context(), "outbox:1", "b", time.Minute); ok {
			t.Fatal("two holders")
		}
		claim := func() []zongji.Outbound {
			rows, err := db.OutboxClaim(t.Context(), 1, fence, zongji.NowMs(clock), 10)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		done := func(o zongji.Outbound, s zongji.SendState, ext string, retry zongji.Ms) *store.Changed {
			ch, err := db.OutboxDone(t.Context(), o.ID, store.SendEnd{State: s, ExtID: ext, RetryAt: retry})
			if err != nil {
				t.Fatal(err)
			}
			return ch
		}
		rows := claim()
		if len(rows) != 2 || rows[0].Msg.Text != "one" || rows[1].Msg.Text != "one" || rows[0].To.Ext == "" || rows[0].Try != 1 {
			t.Fatalf("first: %+v", rows)
		}
		if ch := done(rows[0], zongji.StateSent, "x1", 0); len(ch.Events) != 1 {
			t.Fatalf("done: %+v", ch)
		}
		if ch := done(rows[0], zongji.StateSent, "x1", 0); ch != nil {
			t.Fatalf("done twice: %+v", ch)
		}
		done(rows[1], zongji.StatePending, "", zongji.NowMs(clock).Add(time.Minute))
		next := claim()
		if len(next) != 1 || next[0].Conv.ID != rows[0].Conv.ID || next[0].Msg.Text != "two" {
			t.Fatalf("next: %+v", next)
		}
		if again := claim(); len(again) != 1 || again[0].Msg.State != zongji.StateSending || again[0].Try != 2 {
			t.Fatalf("unfinished: %+v", again)
		}
		clock.Move(time.Hour)
		if rows = claim(); len(rows) != 2 {
			t.Fatalf("after the back-off: %+v", rows)
		}
		conserved(t, db)
	})
}

// TestWhatWasAcknowledgedSurvivesAKill re-executes the test binary as a
// writer, kills it in the middle of its work and looks for each message that
// it had reported.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds: skipped by -short")
	}
	path := filepath.Join(t.TempDir(), "z.db")
	acked := map[string]bool{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChildWriter$")
		cmd.Env = append(os.Environ(), "ZONGJI_CHILD_DB="+path, fmt.Sprint("ZONGJI_CHILD_ROUND=", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		n := 0
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "ack "); ok && strings.HasSuffix(id, ".") {
				acked[id] = true
				n++
			}
			if n == 300 {
				_ = cmd.Process.Kill() // what stands in the pipe was acknowledged too
			}
		}
		_ = cmd.Wait() // killed
		if n < 300 {
			t.Fatalf("the child acknowledged %d", n)
		}
	}
	db := open(t, path, zongji.Wall{})
	found := map[string]int{}
	for v := range 8 {
		for round := range 3 {
			ms, err := db.ThreadHistory(t.Context(), 1, fmt.Sprintf("r%dv%d", round, v), 0, 0, 100000)
			if err != nil && zongji.KindOf(err) != zongji.NotFound {
				t.Fatal(err)
			}
			for _, m := range ms {
				found[m.CID]++
			}
		}
	}
	for id := range acked {
		if found[id] != 1 {
			t.Fatalf("%s was acknowledged and is there %d times", id, found[id])
		}
	}
	conserved(t, db)
}

func TestChildWriter(t *testing.T) {
	path := os.Getenv("ZONGJI_CHILD_DB")
	if path == "" {
		t.Skip("only as a child of another test")
	}
	db := open(t, path, zongji.Wall{})
	round := os.Getenv("ZONGJI_CHILD_ROUND")
	var wg sync.WaitGroup
	var mu sync.Mutex
	for v := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				id := fmt.Sprintf("%s-%d-%d.", round, v, i)
				if _, err := db.SaveInbound(t.Context(), inbound(fmt.Sprintf("r%sv%d", round, v), id, "消息"), policy); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				fmt.Println("ack " + id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestASenderThatLostItsLeaseSaysOnlyWhatIsTrue(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		ctx := t.Context()
		conv := save(t, db, inbound("amy", "1", "hi")).Conv.ID
		change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
			ch.Outbox(ch.Message(zongji.Message{From: zongji.FromAgent, Author: 5, Text: "one", State: zongji.StatePending}), store.Sending{})
			return nil
		})
		var o zongji.Outbound
		for _, fence := range []int64{1, 2} {
			rows, err := db.OutboxClaim(ctx, 1, fence, zongji.NowMs(clock), 10)
			if err != nil || len(rows) != 1 || rows[0].Fence != fence {
				t.Fatalf("claim under %d: %+v, %v", fence, rows, err)
			}
			o = rows[0]
		}
		if err := db.OutboxBack(ctx, o.ID, 1, "", "", 0); err != nil {
			t.Fatal(err)
		}
		if rows, _ := db.OutboxClaim(ctx, 1, 2, zongji.NowMs(clock), 10); len(rows) != 1 || rows[0].Msg.State != zongji.StateSending {
			t.Errorf("the old sender put back what the new one sends: %+v", rows)
		}
		for _, tt := range []struct {
			state zongji.SendState
			taken bool
		}{{zongji.StatePending, false}, {zongji.StateFailed, false}, {zongji.StateSent, true}} {
			ch, err := db.OutboxDone(ctx, o.ID, store.SendEnd{State: tt.state, Fence: 1})
			if err != nil || (ch != nil) != tt.taken {
				t.Errorf("%s from the old sender: taken %v, %v", tt.state, ch != nil, err)
			}
		}
		conserved(t, db)
	})
}
