package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// each runs fn on a fresh database of each engine.
func each(t *testing.T, fn func(t *testing.T, db *store.DB, clock *testenv.Clock)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "z.db")
			if engine == "postgres" {
				dsn = testenv.Postgres(t)
			}
			clock := testenv.NewClock(time.Time{})
			fn(t, open(t, dsn, clock), clock)
		})
	}
}

func open(t testing.TB, dsn string, clock zongji.Clock) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{DSN: dsn, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var policy = zongji.InboundPolicy{Quiet: time.Second, Max: 5 * time.Second, Reopen: 30 * time.Minute, Queue: 7}

func inbound(thread, id, text string) zongji.Inbound {
	return zongji.Inbound{Channel: 1, ChanKind: "webchat", ExtID: id, CID: id, Thread: thread, Kind: zongji.InMessage,
		From: zongji.Identity{Ext: thread, Name: "客户" + thread}, Text: text}
}

func save(t testing.TB, db *store.DB, in zongji.Inbound) zongji.Stored {
	t.Helper()
	st, err := db.SaveInbound(t.Context(), in, policy)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func change(t testing.TB, db *store.DB, conv int64, fn func(c *zongji.Conversation, ch *store.Change) error) *store.Changed {
	t.Helper()
	ch, err := db.Change(t.Context(), conv, fn)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// conserved fails the test when the database is not in order.
func conserved(t *testing.T, db *store.DB) {
	t.Helper()
	r, err := db.Conservation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Fatalf("not conserved: %+v", r)
	}
}

func TestAMessageIsStoredOnceHoweverOftenItComes(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		first := save(t, db, inbound("amy", "1", "我要退款"))
		if !first.Opened || first.Repeat || first.Msg.Seq != 1 || first.Conv.Status != zongji.StatusBot || first.Conv.Rev != 1 || first.Event == nil {
			t.Fatalf("first: %+v", first)
		}
		second := save(t, db, inbound("amy", "2", "快点"))
		if second.Opened || second.Conv.ID != first.Conv.ID || second.Msg.Seq != 2 || second.Conv.Unread != 2 {
			t.Fatalf("second: %+v", second)
		}
		again := save(t, db, inbound("amy", "1", "我要退款"))
		if !again.Repeat || again.Msg.ID != first.Msg.ID || again.Conv.LastSeq != 2 {
			t.Fatalf("again: %+v", again)
		}
		conserved(t, db)
	})
}

func TestTheHotPathTakesAtMostSixStatements(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		save(t, db, inbound("amy", "1", "你好"))
		before := db.Statements()
		save(t, db, inbound("amy", "2", "在吗"))
		if n := db.Statements() - before; n > 6 {
			t.Fatalf("%d statements, want at most 6", n)
		}
	})
}

func TestAnAnswerTakesAtMostSixStatements(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		conv := save(t, db, inbound("amy", "1", "你好")).Conv.ID
		for i, want := range []string{"a", "b", "a"} { // the last is a repeat
			before := db.Statements()
			ch, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
				m := ch.Message(zongji.Message{From: zongji.FromAgent, Author: 7, Text: "您好，请讲", CID: want})
				if (ch.Existing != nil) != (i == 2) || m.CID != want || m.Seq != int64(2+i%2) {
					t.Errorf("%s: existing %v, message %+v", want, ch.Existing, m)
				}
				c.AgentSeen, c.Unread = c.LastSeq, 0
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := db.Statements() - before; n > 6 || i < 2 && n > 5 {
				t.Errorf("%d statements, want at most 5, 6 for a repeat", n)
			}
			if i == 2 && (len(ch.Messages) != 0 || ch.Conv.LastSeq != 3) {
				t.Errorf("the repeat was stored again: %+v", ch)
			}
		}
		conserved(t, db)
	})
}
