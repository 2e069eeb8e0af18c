package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// letter is a mail of from in a thread.
func letter(thread, ext, from, subject string) zongji.Inbound {
	extra, _ := json.Marshal(zongji.Mail{Subject: subject, From: zongji.MailAddr{Addr: from}, To: []zongji.MailAddr{{Addr: "cs@shop.test"}}, Class: "human"})
	return zongji.Inbound{Channel: 7, ChanKind: "email", ExtID: ext, Thread: thread, Kind: zongji.InMessage, Msg: zongji.KindMail, Text: "正文 " + ext,
		From: zongji.Identity{Ext: from, Name: from, Email: from}, Extra: extra, Refs: []string{ext + "@mail"}}
}

func machineLetter(thread, ext, from string) zongji.Inbound {
	in := letter(thread, ext, from, "Automatic reply")
	in.Extra, _ = json.Marshal(zongji.Mail{Subject: "Automatic reply", From: zongji.MailAddr{Addr: from}, Class: "auto_reply"})
	in.Auto = true
	return in
}

func TestAMailIsKeptWithWhatNamesItsThread(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		first := letter("T-1", "a", "amy@x.test", "订单 8821")
		first.Text = ""
		a := save(t, db, first)
		if a.Msg.Kind != zongji.KindMail || a.Msg.Text != "" || a.Conv.Preview != "订单 8821" || a.Msg.AuthorName != "amy@x.test" {
			t.Errorf("stored %+v, preview %q", a.Msg, a.Conv.Preview)
		}
		clock.Move(time.Minute)
		reply := letter("T-1", "b", "bob@x.test", "Re: 订单 8821")
		b := save(t, db, reply)
		if b.Conv.ID != a.Conv.ID || b.Conv.ContactName != "amy@x.test" || b.Msg.AuthorName != "bob@x.test" {
			t.Errorf("another writer of the thread: conv %d contact %q author %q", b.Conv.ID, b.Conv.ContactName, b.Msg.AuthorName)
		}
		refs, err := db.MailRefs(t.Context(), 7, []string{"a@mail", "b@mail", "c@mail", "bad\x00", ""})
		if err != nil || len(refs) != 2 || refs["b@mail"] != (store.MailRef{Thread: "T-1"}) {
			t.Errorf("known %v, %v", refs, err)
		}
		th, err := db.MailThread(t.Context(), 7, "T-1")
		want := store.MailThread{ID: "T-1", Conv: a.Conv.ID, Subject: "订单 8821", People: []string{"bob@x.test", "amy@x.test", "cs@shop.test"}, Refs: []string{"a@mail", "b@mail"}}
		if err != nil || fmt.Sprint(th) != fmt.Sprint(want) {
			t.Errorf("thread %+v, want %+v, %v", th, want, err)
		}
		if th, err := db.MailThread(t.Context(), 7, "T-9"); err != nil || th.ID != "" {
			t.Errorf("no thread is %+v, %v", th, err)
		}
		if seen, err := db.MailSeen(t.Context(), 7, "a"); err != nil || !seen {
			t.Errorf("seen %v, %v", seen, err)
		}
		hits, _, err := db.Search(t.Context(), zongji.Scope{All: true}, "8821", "messages", 10, "")
		if err != nil || len(hits) != 2 {
			t.Errorf("found by its subject: %d, %v", len(hits), err)
		}
		conserved(t, db)
	})
}

func TestASubjectFindsAnOpenThreadOfItsWriter(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		p := policy
		p.Topic = "发票"
		st, err := db.SaveInbound(t.Context(), letter("T-1", "a", "Amy@x.test", "回复: 发票"), p)
		if err != nil {
			t.Fatal(err)
		}
		conv := st.Conv.ID
		now := zongji.NowMs(clock)
		for _, tt := range []struct {
			name, addr, subject string
			since               zongji.Ms
			want                string
		}{
			{"the writer, in other letters", "amy@x.test", "发票", 0, "T-1"},
			{"another writer", "bob@x.test", "发票", 0, ""},
			{"another subject", "amy@x.test", "发", 0, ""},
			{"too long ago", "amy@x.test", "发票", now.Add(time.Hour), ""},
		} {
			if got, err := db.MailRecent(t.Context(), 7, tt.addr, tt.subject, tt.since); got != tt.want || err != nil {
				t.Errorf("%s: %q, want %q, %v", tt.name, got, tt.want, err)
			}
		}
		closeConv(t, db, conv, zongji.NowMs(clock))
		if got, err := db.MailRecent(t.Context(), 7, "amy@x.test", "发票", 0); got != "" || err != nil {
			t.Errorf("of a closed one: %q, %v", got, err)
		}
	})
}

func closeConv(t *testing.T, db *store.DB, conv int64, at zongji.Ms) {
	t.Helper()
	if _, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
		c.Status, c.ClosedAt = zongji.StatusClosed, at
		ch.Event(zongji.EvClosed, zongji.BySystem, 0, nil)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAMachineWroteIsOnlyKept(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		p := policy
		p.Now, p.Team, p.Reopen = zongji.NowMs(clock), 3, time.Hour
		alone, err := db.SaveInbound(t.Context(), machineLetter("T-2", "r", "news@x.test"), p)
		if c := alone.Conv; err != nil || c.Status != zongji.StatusClosed || c.Team != 3 || c.WaitingFrom != 0 || c.Unread != 0 {
			t.Errorf("without a conversation: %+v, %v", c, err)
		}
		listed, _, err := db.ListConversations(t.Context(), zongji.Scope{User: 9, Teams: []int64{3}}, store.ListReq{View: "closed", Limit: 10})
		if err != nil || len(listed) != 1 || listed[0].ID != alone.Conv.ID {
			t.Errorf("its team finds %d, %v", len(listed), err)
		}
		open, err := db.SaveInbound(t.Context(), letter("T-1", "a", "amy@x.test", "你好"), p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Change(t.Context(), open.Conv.ID, func(c *zongji.Conversation, ch *store.Change) error {
			c.Status, c.WaitingFrom, c.AgentSeen, c.HandledSeq = zongji.StatusWrapup, 0, c.LastSeq, c.LastSeq
			ch.Due(0)
			ch.Event(zongji.EvWrapup, zongji.BySystem, 0, nil)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		st, err := db.SaveInbound(t.Context(), machineLetter("T-1", "v", "amy@x.test"), p)
		if c := st.Conv; err != nil || c.ID != open.Conv.ID || c.Status != zongji.StatusWrapup || c.WaitingFrom != 0 || c.Unread != 0 || st.Reopened != nil || c.LastSeq != 2 {
			t.Errorf("in a conversation: %+v, %v", c, err)
		}
		closeConv(t, db, open.Conv.ID, p.Now)
		if st, err = db.SaveInbound(t.Context(), machineLetter("T-1", "w", "amy@x.test"), p); err != nil || st.Conv.Status != zongji.StatusClosed || st.Opened || st.Conv.ID != open.Conv.ID {
			t.Errorf("after the end: %+v, %v", st.Conv, err)
		}
		if due, err := db.ClaimDue(t.Context(), p.Now.Add(time.Hour), 10, time.Minute); err != nil || len(due) != 0 {
			t.Errorf("due %v, %v", due, err)
		}
		if st, err = db.SaveInbound(t.Context(), letter("T-1", "x", "amy@x.test", "还在吗"), p); err != nil || st.Reopened == nil || st.Conv.WaitingFrom == 0 {
			t.Errorf("then a person writes: %+v, %v", st.Conv, err)
		}
		conserved(t, db)
	})
}

func TestReferencesAreTheFirstAndTheLast(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		for i := range 30 {
			save(t, db, letter("T-1", fmt.Sprintf("m%02d", i), "amy@x.test", "长"))
			clock.Move(time.Second)
		}
		th, err := db.MailThread(t.Context(), 7, "T-1")
		if err != nil || len(th.Refs) != 20 || th.Refs[0] != "m00@mail" || th.Refs[1] != "m11@mail" || th.Refs[19] != "m29@mail" || !slices.IsSorted(th.Refs) {
			t.Errorf("refs %v, %v", th.Refs, err)
		}
	})
}

func TestASentMailMeansItsThread(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		conv := save(t, db, letter("T-1", "a", "amy@x.test", "你好")).Conv.ID
		var msg int64
		if _, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
			m := ch.Message(zongji.Message{From: zongji.FromAgent, Author: 5, CID: "c", Kind: zongji.KindMail, Text: "好的", State: zongji.StatePending})
			msg = m.ID
			ch.Outbox(m, store.Sending{})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		rows, err := db.OutboxClaim(t.Context(), 7, 1, zongji.NowMs(clock), 8)
		if err != nil || len(rows) != 1 {
			t.Fatalf("claimed %d, %v", len(rows), err)
		}
		id := "out.1.T-1@shop.test"
		if _, err := db.OutboxDone(t.Context(), rows[0].ID, store.SendEnd{State: zongji.StateSent, ExtID: id, Ref: id, Reason: "b@x.test: 550"}); err != nil {
			t.Fatal(err)
		}
		refs, err := db.MailRefs(t.Context(), 7, []string{id})
		if err != nil || refs[id] != (store.MailRef{Thread: "T-1", Msg: msg}) {
			t.Errorf("known %v, want message %d, %v", refs, msg, err)
		}
		m, err := db.MessageBy(t.Context(), 7, "", msg)
		if err != nil || m.State != zongji.StateSent || m.Reason != "b@x.test: 550" {
			t.Errorf("%s %q, %v", m.State, m.Reason, err)
		}
	})
}

func TestAVeryLongMailIsFoundByItsBeginning(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		in := letter("T-1", "a", "amy@x.test", "长文")
		in.Text = "鹦鹉螺 " + strings.Repeat("很长的一封信。", zongji.MaxMail/7)
		save(t, db, in)
		hits, _, err := db.Search(t.Context(), zongji.Scope{All: true}, "鹦鹉螺", "messages", 10, "")
		if err != nil || len(hits) != 1 {
			t.Errorf("found %d, %v", len(hits), err)
		}
	})
}

func TestAutomaticMailsAreCounted(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		p := policy
		p.Now = zongji.NowMs(clock)
		var conv int64
		for i, thread := range []string{"T-1", "T-1", "T-2"} {
			st, err := db.SaveInbound(t.Context(), letter(thread, fmt.Sprint(i), "amy@x.test", "你好"), p)
			if err != nil {
				t.Fatal(err)
			}
			conv = st.Conv.ID
		}
		for range 2 {
			if _, err := db.Change(t.Context(), conv, func(c *zongji.Conversation, ch *store.Change) error {
				thread, hour, received, err := ch.MailCounts(p.Now)
				want := int(c.LastSeq) - 1 // what was told before
				if thread != want || hour != want || received != 3 {
					t.Errorf("counted %d, %d, %d; want %d, %d, 3", thread, hour, received, want, want)
				}
				ch.Message(zongji.Message{From: zongji.FromSystem, Kind: zongji.KindMail, Text: "收到", CID: "ack"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
