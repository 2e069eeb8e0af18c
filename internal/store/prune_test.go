package store_test

import (
	"fmt"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

func TestOldRowsGoAndYoungOnesStay(t *testing.T) {
	const day = 24 * time.Hour
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		ctx := t.Context()
		seen := func(n int) zongji.Inbound {
			in := inbound("amy", fmt.Sprint("e", n), "")
			in.Kind, in.Event = zongji.InEvent, "view"
			return in
		}
		conv := save(t, db, inbound("amy", "1", "hi")).Conv.ID
		for n := range 3 { // on day 0, 40 and 80
			if n > 0 {
				clock.Move(40 * day)
			}
			change(t, db, conv, func(c *zongji.Conversation, ch *store.Change) error {
				ch.Outbox(ch.Message(zongji.Message{From: zongji.FromAgent, Author: 5, Text: "hi", State: zongji.StatePending}), store.Sending{})
				return nil
			})
			rows, err := db.OutboxClaim(ctx, 1, 1, zongji.NowMs(clock), 10)
			if err != nil || len(rows) == 0 {
				t.Fatal(rows, err)
			}
			if n > 0 { // the first is never finished
				_, err = db.OutboxDone(ctx, rows[len(rows)-1].ID, store.SendEnd{State: zongji.StateSent})
			} else {
				conv = save(t, db, inbound("ben", "2", "hi")).Conv.ID
			}
			if err == nil {
				_, err = db.SetAgentState(ctx, 5, zongji.AgentReady, "", zongji.ByAgent)
			}
			if err == nil {
				err = db.Audit(ctx, 5, "test", fmt.Sprint(n), nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			save(t, db, seen(n))
		}
		for _, tt := range []struct {
			name string
			ages store.Ages
			gone int64
		}{
			{"nothing without an age", store.Ages{}, 0},
			{"nothing that is younger", store.Ages{Seen: 90 * day, Sent: 90 * day, Agent: 90 * day, Audit: 90 * day}, 0},
			{"events that were seen", store.Ages{Seen: 10 * day}, 2},
			{"of the outbox what is finished", store.Ages{Sent: 30 * day}, 1},
			{"what agents did with their state", store.Ages{Agent: 50 * day}, 1},
			{"who changed what", store.Ages{Audit: day}, 2},
			{"each only once", store.Ages{Seen: 10 * day, Sent: 30 * day, Agent: 50 * day, Audit: day}, 0},
		} {
			if gone, err := db.Prune(ctx, tt.ages); err != nil || gone != tt.gone {
				t.Errorf("%s: %d rows went, want %d; %v", tt.name, gone, tt.gone, err)
			}
		}
		for n, repeat := range []bool{false, false, true} {
			if st := save(t, db, seen(n)); st.Repeat != repeat {
				t.Errorf("event %d is known: %v", n, st.Repeat)
			}
		}
		if log, err := db.AuditLog(ctx, 10); err != nil || len(log) != 1 || log[0].About != "2" {
			t.Errorf("audit: %+v, %v", log, err)
		}
		clock.Move(time.Hour)
		if rows, err := db.OutboxClaim(ctx, 1, 1, zongji.NowMs(clock), 10); err != nil || len(rows) != 1 || rows[0].Try == 1 {
			t.Errorf("what waits to be sent is gone: %+v, %v", rows, err)
		}
		conserved(t, db)
	})
}

func TestADeletedAccountLeavesNoSecrets(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		ctx := t.Context()
		acc, err := db.PutChannel(ctx, zongji.ChannelAccount{Kind: "wechat", Name: "shop", Key: "shop"})
		for _, err := range []error{err, db.PutKeep(ctx, acc.ID, "token", "secret", 1), db.LogChannel(ctx, acc.ID, "code", "text"),
			db.SetHealth(ctx, acc.ID, store.ChannelHealth{State: "ok"}), db.DeleteChannel(ctx, acc.ID)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		kept, err := db.Keep(ctx, acc.ID, "token")
		log, err2 := db.ChannelLog(ctx, acc.ID, 10)
		health, err3 := db.Health(ctx)
		if kept != "" || len(log)+len(health) != 0 || err != nil || err2 != nil || err3 != nil {
			t.Errorf("left: %q, %v, %v; %v %v %v", kept, log, health, err, err2, err3)
		}
	})
}
