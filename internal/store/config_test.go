package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zongji/internal/secret"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

func TestConfigurationIsReadAsItWasWritten(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		ctx := t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		team, err := db.PutTeam(ctx, zongji.Team{Key: "desk", Name: "客服组"})
		ok(err)
		q, err := db.PutQueue(ctx, zongji.Queue{Key: "q", Name: "排队", Team: team.ID, RingS: []int{30}})
		ok(err)
		_, err = db.PutQueue(ctx, zongji.Queue{Key: "q"})
		if zongji.KindOf(err) != zongji.Conflict {
			t.Fatalf("a key twice: %v", err)
		}
		queues, err := db.Queues(ctx)
		ok(err)
		if len(queues) != 1 || queues[0].ID != q.ID || queues[0].RingS[0] != 30 {
			t.Fatalf("queues: %+v", queues)
		}
		u, err := db.PutUser(ctx, zongji.User{Login: " Li.Na ", Name: "李娜", Role: zongji.RoleAgent, Skills: map[string]int{"refund": 3}})
		ok(err)
		ok(db.SetPassword(ctx, u.ID, "hash"))
		u.Name = "李小娜"
		_, err = db.PutUser(ctx, u)
		ok(err)
		id, hash, err := db.PasswordHash(ctx, "LI.NA")
		ok(err)
		if id != u.ID || hash != "hash" {
			t.Fatalf("%d %q", id, hash)
		}
		if got, err := db.UserByLogin(ctx, "li.na"); err != nil || got.Skills["refund"] != 3 || got.Name != "李小娜" {
			t.Fatalf("%+v %v", got, err)
		}
		ok(db.PutSession(ctx, "tok", u.ID, zongji.NowMs(clock).Add(time.Hour)))
		if who, _, err := db.SessionUser(ctx, "tok"); err != nil || who != u.ID {
			t.Fatal(who, err)
		}
		clock.Move(2 * time.Hour)
		if _, _, err := db.SessionUser(ctx, "tok"); zongji.KindOf(err) != zongji.NotFound {
			t.Fatalf("an old session: %v", err)
		}
		c, err := db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Key: "web", Secret: "s3cret", Settings: map[string]string{"color": "#fff"}})
		ok(err)
		c.Secret, c.Name = "", "网站"
		_, err = db.PutChannel(ctx, c)
		ok(err)
		if got, err := db.ChannelByKey(ctx, "web"); err != nil || got.Secret != "s3cret" || got.Name != "网站" || got.Settings["color"] != "#fff" {
			t.Fatalf("%+v %v", got, err)
		}
		faqs, err := db.PutFAQs(ctx, []zongji.FAQ{{Question: "怎么退款？", Similar: []string{"退钱"}}, {Question: "多久发货？"}})
		ok(err)
		ok(db.FAQHit(ctx, faqs[0].ID, 2, 1, 0))
		if got, err := db.FAQs(ctx); err != nil || len(got) != 2 || got[0].Hits != 2 || got[0].Good != 1 || got[0].Similar[0] != "退钱" {
			t.Fatalf("%+v %v", got, err)
		}
		v, err := db.PutRules(ctx, 0, `{"a":1}`, u.ID)
		ok(err)
		if _, err := db.PutRules(ctx, 0, `{"a":2}`, u.ID); zongji.CodeOf(err) != "version_moved" {
			t.Fatalf("an old base: %v", err)
		}
		if version, text, err := db.Rules(ctx); err != nil || version != v || text != `{"a":1}` {
			t.Fatal(version, text, err)
		}
		_, err = db.PutQuickReply(ctx, zongji.QuickReply{Shortcut: "hi", Text: "您好", Owner: u.ID})
		ok(err)
		if mine, _ := db.QuickReplies(ctx, u.ID); len(mine) != 1 {
			t.Fatal("own reply missing")
		}
		if others, _ := db.QuickReplies(ctx, 5); len(others) != 0 {
			t.Fatal("somebody else's reply")
		}
		versions, err := db.ConfigVersions(ctx)
		ok(err)
		if versions["users"] != 2 || versions["queues"] != 1 || versions["faq"] != 1 || versions["rules"] != 1 {
			t.Fatalf("%v", versions)
		}
		ok(db.PutCalendar(ctx, "7x24", "{}"))
		ok(db.Audit(ctx, u.ID, "reveal", "contact:1", map[string]string{"reason": "回访"}))
		f, err := db.PutFile(ctx, zongji.File{Name: "a.png", Size: 3}, "token", "blob")
		ok(err)
		if _, err := db.FilesByID(ctx, []int64{f.ID, 1}); zongji.KindOf(err) != zongji.Invalid {
			t.Fatalf("an unknown file: %v", err)
		}
		ok(db.PutVisitor(ctx, c.ID, "vt", "visitor-1"))
		if ext, err := db.VisitorByToken(ctx, c.ID, "vt"); err != nil || ext != "visitor-1" {
			t.Fatal(ext, err)
		}
		ok(db.DeleteQueue(ctx, q.ID))
		if err := db.DeleteQueue(ctx, q.ID); zongji.KindOf(err) != zongji.NotFound {
			t.Fatalf("deleted twice: %v", err)
		}
	})
}

func TestLeasesFenceAndPoolsCount(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, clock *testenv.Clock) {
		take := func(who string) (int64, bool) {
			f, ok, err := db.Lease(t.Context(), "x", who, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return f, ok
		}
		f1, ok := take("a")
		again, _ := take("a")
		if !ok || again != f1 {
			t.Fatalf("renewed: %d, %d", f1, again)
		}
		clock.Move(2 * time.Minute)
		f2, ok := take("b")
		if !ok || f2 <= f1 {
			t.Fatalf("the next holder's fence is %d after %d", f2, f1)
		}
		if err := db.ReleaseLease(t.Context(), "x", "b"); err != nil {
			t.Fatal(err)
		}
		if f3, ok := take("a"); !ok || f3 <= f2 {
			t.Fatalf("after a release: %d", f3)
		}
		for want := int64(1); want < 4; want++ {
			if e, err := db.PoolEpoch(t.Context(), "main"); err != nil || e != want {
				t.Fatal(e, err)
			}
		}
	})
}

func TestTwoProcessesHaveTwoNodeNumbers(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "z.db")
			if engine == "postgres" {
				dsn = testenv.Postgres(t)
			}
			clock := testenv.NewClock(time.Time{})
			a, b := open(t, dsn, clock), open(t, dsn, clock)
			node := func(db *store.DB) int64 { return db.IDs().New() >> 7 & zongji.MaxNode }
			if node(a) == node(b) {
				t.Fatal("both have the same number")
			}
			if in := a.Info(); in.Kind != engine || in.Version == "" || in.Schema != 4 || in.Bytes == 0 {
				t.Fatalf("%+v", in)
			}
			save(t, a, inbound("amy", "1", "hi"))
			if st := save(t, b, inbound("amy", "2", "hi")); st.Msg.Seq != 2 {
				t.Fatalf("the other process: %+v", st)
			}
			conserved(t, a)
		})
	}
}

func TestAVerifiedCustomerIsTheSameOnEveryChannel(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, _ *testenv.Clock) {
		in := inbound("d1", "1", "hi")
		in.From = zongji.Identity{Ext: "cust-9", Name: "王五", Phone: "13800131111", Email: "wang@example.com", Level: 2, Verified: true}
		a := save(t, db, in)
		in.Channel, in.Thread = 2, "d2"
		b := save(t, db, in)
		if a.Conv.Contact != b.Conv.Contact || b.Conv.ContactLevel != 2 {
			t.Fatalf("%+v", b.Conv)
		}
		c, err := db.Contact(t.Context(), a.Conv.Contact)
		if err != nil || c.Phone != "138****1111" || c.Email != "w***@example.com" || !c.Verified {
			t.Fatalf("%+v %v", c, err)
		}
		if phone, email, err := db.Reveal(t.Context(), c.ID); err != nil || phone != "13800131111" || email != "wang@example.com" {
			t.Fatal(phone, email, err)
		}
	})
}

func TestSealedThingsAreNotInTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "z.db")
	start := func(key string) (*store.DB, error) {
		s, err := secret.New(key)
		if err != nil {
			t.Fatal(err)
		}
		return store.Open(t.Context(), store.Config{DSN: path, Sealer: s})
	}
	db, err := start("a secret of some length")
	if err != nil {
		t.Fatal(err)
	}
	in := inbound("visitor-ext", "1", "hi")
	in.From.Phone, in.From.Email, in.From.Ext = "13912345678", "someone@example.org", "ext-of-visitor"
	conv := save(t, db, in).Conv
	if phone, _, err := db.Reveal(t.Context(), conv.Contact); err != nil || phone != "13912345678" {
		t.Fatal(phone, err)
	}
	if _, err := db.PutChannel(t.Context(), zongji.ChannelAccount{Key: "w", Secret: "channel-secret"}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"13912345678", "someone@example.org", "ext-of-visitor", "channel-secret"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds %s", filepath.Base(f), s)
			}
		}
	}
	if _, err := start("another secret of length"); err == nil || !strings.Contains(err.Error(), "another secret") {
		t.Fatalf("another secret: %v", err)
	}
}
