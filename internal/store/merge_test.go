package store_test

import (
	"fmt"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// from is a message of a person on a channel.
func from(channel int64, who, id, text string, is zongji.Identity) zongji.Inbound {
	in := inbound(who, id, text)
	in.Channel, in.From = channel, is
	in.From.Ext = who
	return in
}

// profile is what a channel tells of a person afterwards.
func profile(channel int64, who, id string, is zongji.Identity) zongji.Inbound {
	in := from(channel, who, id, "", is)
	in.Kind, in.Event = zongji.InEvent, "profile"
	return in
}

// sound checks that each message is still one message of one conversation.
func sound(t *testing.T, db *store.DB, messages int64) {
	t.Helper()
	rep, err := db.Conservation(t.Context())
	if err != nil || !rep.OK() || rep.Messages != messages {
		t.Errorf("conservation: %+v, %v; want %d messages", rep, err, messages)
	}
}

func TestOnePersonInTwoChannelsIsOneContact(t *testing.T) {
	for _, tt := range []struct {
		name  string
		web   zongji.Identity // who wrote on channel 1 first
		chat  zongji.Identity // what channel 2 tells afterwards
		one   bool
		phone string
	}{
		{"the channels say so", zongji.Identity{Union: "u1"}, zongji.Identity{Union: "u1", Name: "张三"}, true, ""},
		{"the company signs it", zongji.Identity{Verified: true, Sub: "c-9", Phone: "13800001111"}, zongji.Identity{Verified: true, Sub: "c-9"}, true, "138****1111"},
		{"the same number proves nothing", zongji.Identity{Phone: "13800001111"}, zongji.Identity{Phone: "13800001111"}, false, "138****1111"},
		{"two customers of the company stay two", zongji.Identity{Verified: true, Sub: "c-9", Union: "u1"}, zongji.Identity{Verified: true, Sub: "c-8", Union: "u1"}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
				old := save(t, db, from(1, "web-1", "1", "在吗", tt.web)).Conv
				clock.Move(time.Minute)
				late := save(t, db, from(2, "openid-1", "1", "在吗", zongji.Identity{Name: "微信用户"})).Conv
				closed := save(t, db, from(2, "openid-1", "2", "再问", zongji.Identity{})).Conv
				if tt.name == "two customers of the company stay two" {
					save(t, db, profile(2, "openid-1", "p0", zongji.Identity{Verified: true, Sub: "c-8"}))
				}
				st := save(t, db, profile(2, "openid-1", "p1", tt.chat))
				got, err := db.Conversation(t.Context(), late.ID)
				if err != nil {
					t.Fatal(err)
				}
				if one := got.Contact == old.Contact; one != tt.one {
					t.Fatalf("contact %d and %d, want one: %v", old.Contact, got.Contact, tt.one)
				}
				if c, err := db.Contact(t.Context(), late.Contact); err != nil || (c.ID == old.Contact) != tt.one || tt.one && c.Phone != tt.phone {
					t.Errorf("the id of before answers with %+v, %v", c, err)
				}
				if tt.one && (len(st.Merged) != 1 || st.Merged[0].Kind != zongji.EvContact || st.Merged[0].Row.Contact != old.Contact) {
					t.Errorf("told %+v", st.Merged)
				}
				if again := save(t, db, profile(2, "openid-1", "p2", tt.chat)); len(again.Merged) != 0 {
					t.Errorf("merged twice: %+v", again.Merged)
				}
				same, err := db.SameAs(t.Context(), zongji.Scope{All: true}, old.Contact)
				if hint := tt.chat.Phone != ""; err != nil || (len(same) == 1) != hint {
					t.Errorf("hints %+v, %v", same, err)
				}
				if c := save(t, db, from(2, "openid-1", "3", "还在", zongji.Identity{})).Conv; c.ID != closed.ID || c.Contact != got.Contact {
					t.Errorf("goes on in %d of %d", c.ID, c.Contact)
				}
				sound(t, db, 4)
			})
		})
	}
}

func TestAMessageThatTellsWhoHeIs(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		p := policy
		p.Grants, p.Reserve = true, 2
		g := zongji.Grant{Count: 5, For: 48 * time.Hour}
		old := save(t, db, from(1, "a", "1", "在吗", zongji.Identity{Union: "u1"})).Conv
		clock.Move(time.Minute)
		for i := range 3 {
			in := from(2, "b", fmt.Sprint(i), "在吗", zongji.Identity{})
			if in.Grant = &g; i > 0 {
				in.From.Union = "u1"
			}
			st, err := db.SaveInbound(t.Context(), in, p)
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 && (len(st.Merged) != 1 || st.Conv.Contact != old.Contact || st.Event.Rev != st.Merged[0].Rev+1) {
				t.Errorf("merged %+v, then %+v", st.Merged, st.Event)
			}
		}
		sound(t, db, 4)
	})
}

func TestAMergeIsUndone(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		a := save(t, db, from(1, "a", "1", "在吗", zongji.Identity{Name: "甲", Union: "u1"})).Conv
		clock.Move(time.Minute)
		b := save(t, db, from(2, "b", "1", "在吗", zongji.Identity{Name: "乙", Phone: "13800001111", Attrs: map[string]string{"vip": "1"}})).Conv
		save(t, db, profile(2, "b", "p1", zongji.Identity{Union: "u1"}))
		merges, err := db.Merges(t.Context(), a.Contact)
		if err != nil || len(merges) != 1 || merges[0].Loser != b.Contact || merges[0].Name != "乙" || merges[0].Why != "union" {
			t.Fatalf("merges %+v, %v", merges, err)
		}
		if c, _ := db.Contact(t.Context(), a.Contact); c.Phone == "" || c.Attrs["vip"] != "1" || c.Name != "甲" {
			t.Errorf("after the merge %+v", c)
		}
		change(t, db, b.ID, func(c *zongji.Conversation, ch *store.Change) error {
			c.Status, c.ClosedAt = zongji.StatusClosed, zongji.NowMs(clock)
			ch.Due(0)
			ch.Event(zongji.EvClosed, zongji.BySystem, 0, nil)
			return nil
		})
		clock.Move(48 * time.Hour)
		later := save(t, db, from(2, "b", "2", "又来", zongji.Identity{})).Conv
		if later.Contact != a.Contact || later.ID == b.ID {
			t.Fatalf("after the merge he writes as %d in %d; first were %d and %d, of %d and %d", later.Contact, later.ID, a.Contact, b.Contact, a.ID, b.ID)
		}
		m, told, err := db.UndoMerge(t.Context(), merges[0].ID, 7)
		if err != nil || len(told) != 1 || told[0].Conv != later.ID {
			t.Fatalf("undo: %+v, %+v, %v", m, told, err)
		}
		for conv, want := range map[int64]int64{a.ID: a.Contact, b.ID: b.Contact, later.ID: b.Contact} {
			if c, err := db.Conversation(t.Context(), conv); err != nil || c.Contact != want {
				t.Errorf("conversation %d belongs to %d, want %d (%v)", conv, c.Contact, want, err)
			}
		}
		ca, _ := db.Contact(t.Context(), a.Contact)
		cb, _ := db.Contact(t.Context(), b.Contact)
		if ca.Phone != "" || ca.Attrs["vip"] != "" || cb.ID != b.Contact || cb.Phone == "" {
			t.Errorf("after the undo %+v and %+v", ca, cb)
		}
		hits, _, err := db.Search(t.Context(), zongji.Scope{All: true}, "乙", "contacts", 10, "")
		if err != nil || len(hits) != 1 {
			t.Errorf("found by name: %d, %v", len(hits), err)
		}
		if _, _, err := db.UndoMerge(t.Context(), merges[0].ID, 7); zongji.CodeOf(err) != "undone" {
			t.Errorf("undone twice: %v", err)
		}
		if st := save(t, db, profile(2, "b", "p2", zongji.Identity{Union: "u1"})); len(st.Merged) != 0 {
			t.Error("what people parted was merged again")
		}
		if _, _, err := db.MergeContacts(t.Context(), b.Contact, a.Contact, 7); err != nil {
			t.Errorf("by hand: %v", err)
		}
		if _, _, err := db.MergeContacts(t.Context(), b.Contact, a.Contact, 7); zongji.CodeOf(err) != "same_contact" {
			t.Errorf("one already: %v", err)
		}
		sound(t, db, 3)
	})
}

// TestWhomPeoplePartedStaysTwoInALongerChain: a contact that is part of an older
// one by now is still not who he was parted from.
func TestWhomPeoplePartedStaysTwoInALongerChain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		c := save(t, db, from(3, "c", "1", "在吗", zongji.Identity{Name: "丙"})).Conv
		clock.Move(time.Minute)
		a := save(t, db, from(1, "a", "1", "在吗", zongji.Identity{Name: "甲", Union: "u1"})).Conv
		clock.Move(time.Minute)
		save(t, db, from(2, "b", "1", "在吗", zongji.Identity{Name: "乙"}))
		save(t, db, profile(2, "b", "p1", zongji.Identity{Union: "u1"}))
		merges, err := db.Merges(t.Context(), a.Contact)
		if err != nil || len(merges) != 1 {
			t.Fatalf("merges %+v, %v", merges, err)
		}
		if _, _, err := db.UndoMerge(t.Context(), merges[0].ID, 7); err != nil {
			t.Fatal(err)
		}
		if m, _, err := db.MergeContacts(t.Context(), a.Contact, c.Contact, 7); err != nil || m.Winner != c.Contact {
			t.Fatalf("by hand: %+v, %v", m, err)
		}
		if st := save(t, db, profile(2, "b", "p2", zongji.Identity{Union: "u1"})); len(st.Merged) != 0 {
			t.Error("what people parted was merged again by way of a third")
		}
	})
}
