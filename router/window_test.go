package router_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/bot"
	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// phone is a world with a messenger of reply windows.
type phone struct {
	*node
	*channeltest.Phone
	w *world
}

func newPhone(t *testing.T, db *store.DB, s setup, settings map[string]string, fail func(zongji.Outbound) error) *phone {
	return newPhoneOn(t, db, bus.NewMemory(), s, settings, fail)
}

func newPhoneOn(t *testing.T, db *store.DB, b *bus.Bus, s setup, settings map[string]string, fail func(zongji.Outbound) error) *phone {
	t.Helper()
	w := newWorld(t, db, s)
	_, err := db.PutChannel(t.Context(), zongji.ChannelAccount{Kind: "phone", Name: "phone", Key: "phone", Queue: w.queue.ID, Bot: s.bot, Settings: settings})
	w.must(err)
	p := &phone{w: w, Phone: channeltest.NewPhone("phone", fail)}
	p.start(w, b)
	return p
}

// start runs a node with the phone's account.
func (p *phone) start(w *world, b *bus.Bus) {
	p.node = w.node(b, func(c *router.Config) {
		with(p.Phone.Kind())(c)
		c.Bot = bot.New(bot.Config{})
		c.Bot.Load(1, []zongji.FAQ{
			{ID: 1, Category: "退换", Question: "怎么退货", Answer: "七天内可以退货。"}, {ID: 2, Category: "发票", Question: "怎么开发票", Answer: "订单页申请。"},
		})
	})
	w.until("the phone is open", func() bool { return p.Phone.Name() != "" })
}

// said waits until the customers got n messages, and returns their texts.
func (p *phone) said(n int) (texts []string) {
	p.w.t.Helper()
	p.w.until("the customer got the messages", func() bool { return len(p.Sent()) >= n })
	for _, out := range p.Sent() {
		texts = append(texts, out.Msg.Text)
	}
	return texts
}

func (w *world) left(conv int64) int {
	w.t.Helper()
	c := w.conv(conv)
	if c.Window == nil {
		w.t.Fatal("there is no window")
	}
	left, _ := c.Window.Open(zongji.MsOf(time.Now()))
	return left
}

// settled waits until nothing is on its way.
func (w *world) settled(conv int64) {
	w.t.Helper()
	w.until("nothing is on its way", func() bool {
		return !slices.ContainsFunc(w.messages(conv), func(m zongji.Message) bool {
			return m.State == zongji.StatePending || m.State == zongji.StateSending
		})
	})
}

// held is a conversation that an agent serves, with what is left of its window.
func (p *phone) held(me zongji.Actor, who string) zongji.Conversation {
	p.w.t.Helper()
	st, err := p.Message(p.w.t.Context(), who, "有问题")
	p.w.must(err)
	c, err := p.AcceptOffer(p.w.t.Context(), me, p.offer(me, st.Conv.ID).ID)
	p.w.must(err)
	p.w.settled(c.ID)
	return c
}

func TestTheSixthMessageIsNeverSent(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{}, nil, nil)
		anna := p.seat("anna")
		c := p.held(anna, "v")
		if n := len(p.said(2)); n != 2 || p.w.left(c.ID) != 3 { // place in the queue, who serves
			t.Fatalf("%d messages of the product, %d left; want 2 and 3", n, p.w.left(c.ID))
		}
		for _, text := range []string{"一", "二"} {
			_, err := p.reply(anna, c.ID, text)
			p.w.must(err)
		}
		files, err := db.PutFile(t.Context(), zongji.File{Name: "a.png", Type: "image/png", By: anna.User}, "tok", "key")
		p.w.must(err)
		_, err = p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "both", Text: "图", Files: []int64{files.ID}})
		var e *zongji.Error
		if !errors.As(err, &e) || e.Code != "quota_used" || e.Params["left"] != 1 || e.Params["cost"] != 2 {
			t.Errorf("two with one left: %v (%v)", err, e)
		}
		_, err = p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "last", Files: []int64{files.ID}})
		p.w.must(err)
		if _, err = p.reply(anna, c.ID, "三"); zongji.CodeOf(err) != "quota_used" {
			t.Errorf("the sixth: %v, want quota_used", err)
		}
		m, err := p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "last", Files: []int64{files.ID}})
		if err != nil || m.CID != "last" {
			t.Errorf("a repeat of what was stored: %v", err)
		}
		_, err = p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "note", Text: "还不能写", Note: true})
		p.w.must(err)
		m, err = p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "tpl", Template: &zongji.Template{Form: "template", ID: "T1", Title: "进度", Fields: map[string]string{"thing1": "已发货"}}})
		if err != nil || m.Kind != zongji.KindTemplate || m.Text != "进度" {
			t.Errorf("a template needs no window: %v %+v", err, m)
		}
		if got := len(p.said(6)); got != 6 {
			t.Errorf("%d messages were sent, want 5 and a template", got)
		}
		if _, err := p.Message(t.Context(), "v", "好的"); err != nil || p.w.left(c.ID) != 5 {
			t.Errorf("he wrote again: %d left, %v", p.w.left(c.ID), err)
		}
		p.w.conserved()
	})
}

func TestTheBotLeavesTwoToPeople(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{bot: true}, map[string]string{"menu": "怎么退货\n怎么开发票"}, nil)
		st, err := p.Message(t.Context(), "v", "怎么退货")
		p.w.must(err)
		p.said(1)
		for _, click := range []string{"怎么开发票", "怎么退货", "别的事", "还有事"} { // clicks do not bring back what he wrote for
			_, err := p.Click(t.Context(), "v", click, "menu:9")
			p.w.must(err)
			p.w.until("it is answered or handed over", func() bool { c := p.w.conv(st.Conv.ID); return c.HandledSeq == c.LastSeq })
			if p.w.conv(st.Conv.ID).Window.Left < 2 {
				t.Fatalf("after %s the bot left %+v", click, p.w.conv(st.Conv.ID).Window)
			}
		}
		p.w.until("a person is asked", func() bool { return p.w.conv(st.Conv.ID).Status == zongji.StatusQueued })
		p.w.settled(st.Conv.ID)
		if left := p.w.conv(st.Conv.ID).Window.Left; left < 2 || len(p.Sent()) > 3 {
			t.Errorf("%d left after %d messages", left, len(p.Sent()))
		}
		p.w.conserved()
	})
}

func TestWhoComesIsGreetedOnce(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		for _, tt := range []struct {
			name  string
			bot   bool
			grant zongji.Grant
			pass  bool
			left  int
		}{
			{"a subscriber by the bot", true, channeltest.Clicked, false, 2},
			{"where two are all there is", true, zongji.Grant{Count: 2, For: time.Minute, Brief: true}, false, 1},
			{"by the account's welcome without a bot", false, channeltest.Clicked, false, 2},
			{"with a pass, outside the count", true, zongji.Grant{}, true, 0},
		} {
			t.Run(tt.name, func(t *testing.T) {
				db := testenv.SQLite(t, nil)
				p := newPhone(t, db, setup{bot: tt.bot}, map[string]string{"welcome": "欢迎光临 | 歡迎光臨 | Welcome", "menu": "怎么退货"}, nil)
				in := zongji.Inbound{Kind: zongji.InEvent, Event: "enter", Shown: true, Scene: "shop-7", From: zongji.Identity{Name: "v"}}
				if tt.pass {
					in.Pass = &zongji.Pass{Code: "welcome-code", Until: zongji.MsOf(time.Now().Add(20 * time.Second))}
				} else {
					in.Grant = &tt.grant
				}
				st, err := p.Tell(t.Context(), "v", in)
				p.w.must(err)
				if !st.Opened || st.Msg.Kind != zongji.KindEvent || st.Conv.Scene != "shop-7" || st.Conv.Unread != 0 || st.Conv.WaitingFrom != 0 {
					t.Errorf("stored %+v", st)
				}
				if got := p.said(1)[0]; got != "欢迎光临" {
					t.Errorf("greeted %q", got)
				}
				if out := p.Sent()[0]; tt.pass != (out.Conv.Pass != nil) || out.Msg.Kind != zongji.KindCandidates {
					t.Errorf("pass %+v, kind %s", out.Conv.Pass, out.Msg.Kind)
				}
				p.w.settled(st.Conv.ID)
				if left := p.w.left(st.Conv.ID); left != tt.left {
					t.Errorf("%d left, want %d", left, tt.left)
				}
				in.Event = "scan"
				_, err = p.Tell(t.Context(), "v", in)
				p.w.must(err)
				p.w.until("that is handled", func() bool { c := p.w.conv(st.Conv.ID); return c.HandledSeq == c.LastSeq })
				_, err = p.Deed(t.Context(), "v", "unsubscribe", "")
				p.w.must(err)
				p.w.until("that too", func() bool { c := p.w.conv(st.Conv.ID); return c.HandledSeq == c.LastSeq && c.Window.Ended })
				p.w.settled(st.Conv.ID)
				if n := len(p.Sent()); n != 1 || p.w.conv(st.Conv.ID).Status != zongji.StatusBot {
					t.Errorf("%d messages, status %s", n, p.w.conv(st.Conv.ID).Status)
				}
				p.w.conserved()
			})
		}
	})
}

func TestTheLastMessageWaitsForMore(t *testing.T) {
	long(t)
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{}, nil, nil)
		anna := p.seat("anna")
		c := p.held(anna, "v")
		var ids []int64
		for _, text := range []string{"一", "二", "三", "还有", "最后"} {
			m, err := p.reply(anna, c.ID, text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			ids = append(ids, m.ID)
		}
		p.w.until("all are sent", func() bool {
			return !slices.ContainsFunc(p.w.messages(c.ID), func(m zongji.Message) bool {
				return slices.Contains(ids, m.ID) && m.State != zongji.StateSent
			})
		})
		texts := p.said(5)
		if len(texts) != 5 || texts[4] != "三\n还有\n最后" {
			t.Errorf("sent %q", texts)
		}
		if _, err := p.reply(anna, c.ID, "太晚了"); zongji.CodeOf(err) != "quota_used" {
			t.Errorf("after it left: %v", err)
		}
		p.w.conserved()
	})
}

func TestTheChannelCorrectsTheLedger(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		var mu sync.Mutex
		plan := map[string]channels.Class{"没开": channels.WindowClosed, "用完": channels.QuotaUsed, "太长": channels.Content, "不明": channels.UnknownResult}
		p := newPhone(t, db, setup{}, nil, func(out zongji.Outbound) error {
			mu.Lock()
			defer mu.Unlock()
			if class, ok := plan[out.Msg.Text]; ok {
				return &channels.SendError{Class: class, Code: "phone:1", Reason: "因为"}
			}
			return nil
		})
		anna := p.seat("anna")
		for _, tt := range []struct {
			text string
			code string // of the next
			left int
		}{{"太长", "", 3}, {"不明", "", 2}, {"用完", "quota_used", 0}, {"没开", "window_closed", 0}} {
			c := p.held(anna, "v"+tt.text)
			_, err := p.reply(anna, c.ID, tt.text)
			p.w.must(err)
			p.w.settled(c.ID)
			if left := p.w.left(c.ID); left != tt.left {
				t.Errorf("after %s: %d left, want %d", tt.text, left, tt.left)
			}
			if _, err := p.reply(anna, c.ID, "再来"); (tt.code != "") != (zongji.CodeOf(err) == tt.code) {
				t.Errorf("after %s: %v, want %q", tt.text, err, tt.code)
			}
			_, err = p.Finish(t.Context(), anna, c.ID, router.Finish{})
			p.w.must(err)
		}
		p.w.conserved()
	})
}

func TestStarsThatAreTypedAreARatingWhereTheyAnswerTheQuestion(t *testing.T) {
	db := testenv.SQLite(t, nil)
	p := newPhone(t, db, setup{}, nil, nil)
	anna := p.seat("anna")
	c := p.held(anna, "v")
	tell := func(text string) zongji.Stored {
		t.Helper()
		st, err := p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InMessage, Text: text})
		p.w.must(err)
		return st
	}
	if st := tell("5"); st.Msg.ID == 0 || p.w.conv(c.ID).Stars != 0 {
		t.Errorf("an answer to somebody who serves is a rating: %+v", st)
	}
	_, err := p.Finish(t.Context(), anna, c.ID, router.Finish{AskRating: true})
	p.w.must(err)
	p.w.settled(c.ID)
	if st := tell("４分"); st.Msg.ID != 0 || st.Conv.ID != c.ID || p.w.conv(c.ID).Stars != 4 {
		t.Errorf("the answer to the question for stars: %+v, %d stars", st, p.w.conv(c.ID).Stars)
	}
	if st := tell("2"); st.Msg.ID == 0 || p.w.conv(c.ID).Stars != 4 {
		t.Errorf("what follows a rating is one again: %+v", st)
	}
}

func TestANewConversationKeepsTheWindow(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{queue: func(q *zongji.Queue) { q.ReopenS = 0 }}, nil, nil)
		anna := p.seat("anna")
		c := p.held(anna, "v")
		_, err := p.Finish(t.Context(), anna, c.ID, router.Finish{AskRating: true})
		p.w.must(err)
		p.w.settled(c.ID)
		if out := p.Sent(); out[len(out)-1].Msg.Kind != zongji.KindRate {
			t.Errorf("the last is %s, want the question for stars", out[len(out)-1].Msg.Kind)
		}
		g := channeltest.Clicked
		for range 3 { // the tap is told three times
			_, err = p.Tell(t.Context(), "v", zongji.Inbound{ExtID: "tap", Kind: zongji.InRating, Stars: 5, Grant: &g})
			p.w.must(err)
		}
		if got := p.w.conv(c.ID); got.Stars != 5 || got.Window.Left != 2 || got.Window.BriefLeft != 3 {
			t.Errorf("stars %d, window %+v", got.Stars, got.Window)
		}
		evs, err := db.Events(t.Context(), c.ID, []zongji.EventKind{zongji.EvRated}, 10)
		if err != nil || len(evs) != 1 {
			t.Errorf("%d ratings of one tap, %v", len(evs), err)
		}
		st, err := p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InMessage, Text: "又来了"})
		p.w.must(err)
		if !st.Opened || st.Conv.Window == nil || st.Conv.Window.Left != 2 {
			t.Errorf("opened %v with %+v", st.Opened, st.Conv.Window)
		}
		p.w.conserved()
	})
}

func TestAMessagesStateByTheChannelsWord(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{}, nil, nil)
		anna := p.seat("anna")
		c := p.held(anna, "v")
		m, err := p.reply(anna, c.ID, "一")
		p.w.must(err)
		p.w.settled(c.ID)
		st, err := p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InMessage, ExtID: "his", Text: "说错了"})
		p.w.must(err)
		for _, in := range []zongji.Inbound{
			{Kind: zongji.InStatus, State: zongji.StateFailed, RefMsg: m.ID, Reason: "对方拒收"},
			{Kind: zongji.InStatus, State: zongji.StateSent, RefMsg: m.ID},
			{Kind: zongji.InStatus, State: zongji.StateRecalled, Ref: "his"},
		} {
			_, err := p.Tell(t.Context(), "v", in)
			p.w.must(err)
		}
		for _, in := range []zongji.Inbound{
			{Kind: zongji.InStatus, State: zongji.StateFailed, Ref: "his"},
			{Kind: zongji.InStatus, State: zongji.StateFailed, Ref: "nobody's"},
			{Kind: zongji.InStatus, State: zongji.StateFailed, RefMsg: 1},
		} {
			if _, err := p.Tell(t.Context(), "v", in); zongji.KindOf(err) != zongji.Invalid && zongji.KindOf(err) != zongji.NotFound {
				t.Errorf("%+v: %v", in, err)
			}
		}
		for _, got := range p.w.messages(c.ID) {
			switch got.ID {
			case m.ID:
				if got.State != zongji.StateFailed || got.Reason != "对方拒收" {
					t.Errorf("ours is %s (%s)", got.State, got.Reason)
				}
			case st.Msg.ID:
				if got.State != zongji.StateRecalled {
					t.Errorf("his is %s", got.State)
				}
			}
		}
	})
}

func TestMediaIsFetchedAfterwards(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{}, nil, nil)
		var mu sync.Mutex
		tries := map[string]int{}
		block := make(chan struct{})
		p.Fetched = func(what string) ([]zongji.File, error) {
			mu.Lock()
			tries[what]++
			n := tries[what]
			mu.Unlock()
			switch {
			case what == "held" && n == 1:
				<-block
				return nil, errors.New("killed")
			case what == "gone":
				return nil, &channels.SendError{Class: channels.Content, Reason: "已过期"}
			case what == "later" && n == 1:
				return nil, &channels.SendError{Class: channels.Retry}
			}
			return []zongji.File{{ID: int64(n), Name: what + ".png", Type: "image/png", Size: 3}}, nil
		}
		var conv int64
		for _, what := range []string{"held", "gone", "later", "now"} {
			st, err := p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InMessage, Msg: zongji.KindImage, Fetch: what})
			p.w.must(err)
			if conv = st.Conv.ID; st.Msg.State != zongji.StateFetching || st.Conv.Preview != zongji.PreviewImage {
				t.Errorf("%s stored as %s, preview %q", what, st.Msg.State, st.Conv.Preview)
			}
		}
		p.w.until("it is being fetched", func() bool { mu.Lock(); defer mu.Unlock(); return tries["held"] == 1 })
		p.cancel() // dies in the middle
		close(block)
		<-p.done
		p.start(p.w, bus.NewMemory())
		p.w.until("all have come or never will", func() bool {
			return !slices.ContainsFunc(p.w.messages(conv), func(m zongji.Message) bool { return m.State == zongji.StateFetching })
		})
		var got []string
		for _, m := range p.w.messages(conv) {
			if m.Kind == zongji.KindImage && len(m.Files) == 1 {
				got = append(got, m.Files[0].Name)
			} else if m.Kind == zongji.KindImage {
				got = append(got, string(m.State)+" "+m.Reason)
			}
		}
		if s := strings.Join(got, ", "); s != "held.png, failed 已过期, later.png, now.png" {
			t.Errorf("fetched %s", s)
		}
		p.w.until("screens were told with the message", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return slices.ContainsFunc(p.live, func(l zongji.Live) bool {
				return l.Event != nil && l.Event.Kind == zongji.EvState && l.Event.Msg != nil && len(l.Event.Msg.Files) == 1
			})
		})
		p.w.conserved()
	})
}

func TestAClosingWindowComesForward(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{capacity: 1}, nil, nil)
		g := channeltest.Wrote
		first, err := p.Message(t.Context(), "first", "有问题")
		p.w.must(err)
		late, err := p.Tell(t.Context(), "late", zongji.Inbound{Kind: zongji.InMessage, Text: "有问题", Grant: &g,
			At: zongji.MsOf(time.Now().Add(-47*time.Hour - 30*time.Minute))})
		p.w.must(err)
		p.w.until("he is brought forward", func() bool { d := p.w.conv(late.Conv.ID).Demand; return d != nil && d.Pressed && d.Points == 40 })
		evs, err := db.Events(t.Context(), late.Conv.ID, []zongji.EventKind{zongji.EvPoints}, 10)
		if err != nil || len(evs) != 1 || !strings.Contains(string(evs[0].Data), `"window"`) {
			t.Errorf("%d events say why, %v", len(evs), err)
		}
		if d := p.w.conv(first.Conv.ID).Demand; d == nil || d.Points != 0 {
			t.Errorf("who has two days: %+v", d)
		}
		p.w.until("the leader knows", func() bool {
			left, err := db.UnappliedCmds(t.Context(), zongji.MsOf(time.Now()), 10)
			return err == nil && len(left) == 0
		})
		anna := p.seat("anna")
		p.offer(anna, late.Conv.ID)
		p.w.conserved()
	})
}

func TestWithoutRedisAMessengerGoesOn(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		redis := testenv.Redis(t)
		p := newPhoneOn(t, db, openRedis(t, redis), setup{}, nil, nil)
		anna := p.seat("anna")
		c := p.held(anna, "v")
		sent := len(p.Sent())
		redis.Stop()
		g := channeltest.Wrote
		began := time.Now()
		st, err := p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InMessage, Msg: zongji.KindImage, Fetch: "pic", Grant: &g})
		if took := time.Since(began); err != nil || took > 5*time.Second {
			t.Fatalf("not stored: %v after %v", err, took)
		}
		p.w.until("its media came", func() bool {
			ms, err := db.Messages(t.Context(), c.ID, st.Msg.Seq-1, 0, 1)
			return err == nil && len(ms) == 1 && len(ms[0].Files) == 1 && ms[0].State == zongji.StateStored
		})
		_, err = p.reply(anna, c.ID, "收到")
		p.w.must(err)
		p.w.until("it is sent", func() bool { return len(p.Sent()) == sent+1 })
		p.w.conserved()
	})
}

func TestOnePersonOnWebAndPhone(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		p := newPhone(t, db, setup{}, nil, nil)
		anna := p.seat("anna")
		web, err := p.shop.Tell(t.Context(), "c-9", zongji.Inbound{Kind: zongji.InMessage, Text: "网页", From: zongji.Identity{Name: "张三", Verified: true}})
		p.w.must(err)
		c := p.held(anna, "openid")
		sent := len(p.Sent())
		_, err = p.Tell(t.Context(), "openid", zongji.Inbound{Kind: zongji.InEvent, Event: "identify", From: zongji.Identity{Verified: true, Sub: "c-9"}})
		p.w.must(err)
		p.w.until("the screens were told", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return slices.ContainsFunc(p.live, func(l zongji.Live) bool {
				return l.Event != nil && l.Event.Kind == zongji.EvContact && l.Event.Conv == c.ID && l.Event.Row.Contact == web.Conv.Contact && l.Event.Row.ContactName == "张三"
			})
		})
		_, err = p.reply(anna, c.ID, "您好张三")
		p.w.must(err)
		p.w.until("the phone gets it", func() bool { return len(p.Sent()) == sent+1 })
		if out := p.Sent()[sent]; out.To.Ext != "openid" || out.Thread != "openid" {
			t.Errorf("sent to %q", out.To.Ext)
		}
		merges, err := db.Merges(t.Context(), web.Conv.Contact)
		if err != nil || len(merges) != 1 || merges[0].Why != "verified" {
			t.Fatalf("merges %+v, %v", merges, err)
		}
		_, err = p.UndoMerge(t.Context(), merges[0].ID, anna.User)
		p.w.must(err)
		if got := p.w.conv(c.ID).Contact; got != c.Contact {
			t.Errorf("after the undo it belongs to %d, want %d", got, c.Contact)
		}
		_, err = p.reply(anna, c.ID, "还是您")
		p.w.must(err)
		p.w.until("the phone gets that too", func() bool { return len(p.Sent()) == sent+2 })
		p.Typing(t.Context(), anna, c.ID, true)
		p.w.until("the phone shows that she writes", func() bool { who := p.Typed(); return len(who) == 1 && who[0].Ext == "openid" })
		got := 0 // what the phone got is what was written to it
		for _, m := range p.w.messages(c.ID) {
			if m.From != zongji.FromContact && m.From != zongji.FromNote {
				got++
			}
		}
		if got != len(p.Sent()) {
			t.Errorf("%d were written, the phone got %d", got, len(p.Sent()))
		}
		p.w.conserved()
	})
}

// TestWhoIsServedElsewhereHearsNoBot: where the channel's own people have a
// customer, neither the bot nor the product writes, and the decisions say why.
func TestWhoIsServedElsewhereHearsNoBot(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		var mu sync.Mutex
		held := true
		p := newPhone(t, db, setup{bot: true}, nil, func(zongji.Outbound) error {
			mu.Lock()
			defer mu.Unlock()
			if held {
				return &channels.SendError{Class: channels.Held, Code: "phone:95018", Reason: "坐席在接待"}
			}
			return nil
		})
		ask := func(who, text string) int64 {
			st, err := p.Message(t.Context(), who, text)
			p.w.must(err)
			p.w.until("it is handled", func() bool { c := p.w.conv(st.Conv.ID); return c.HandledSeq == c.LastSeq })
			p.w.settled(st.Conv.ID)
			return st.Conv.ID
		}
		tries := func(conv int64) (n int) {
			for _, m := range p.w.messages(conv) {
				if m.From == zongji.FromBot || m.From == zongji.FromSystem {
					n++
				}
			}
			return n
		}
		conv := ask("v", "怎么退货")
		if c := p.w.conv(conv); tries(conv) != 1 || c.Window.Held == 0 || c.Window.Left != 5 {
			t.Fatalf("%d tries, window %+v", tries(conv), c.Window)
		}
		ask("v", "怎么开发票")
		ask("v", "转人工")
		if c := p.w.conv(conv); tries(conv) != 1 || c.Status != zongji.StatusBot {
			t.Errorf("%d tries, status %s", tries(conv), c.Status)
		}
		evs, err := db.Events(t.Context(), conv, []zongji.EventKind{zongji.EvBot}, 10)
		if err != nil || !strings.Contains(string(evs[0].Data), `"held"`) && !strings.Contains(string(evs[len(evs)-1].Data), `"held"`) {
			t.Errorf("decisions %v %v", evs, err)
		}
		mu.Lock()
		held = false
		mu.Unlock()
		no := false
		_, err = p.Tell(t.Context(), "v", zongji.Inbound{Kind: zongji.InEvent, Event: "kf_ended", Shown: true, Held: &no})
		p.w.must(err)
		ask("v", "怎么开发票")
		if c := p.w.conv(conv); tries(conv) != 2 || c.Window.Held != 0 {
			t.Errorf("it is ours again: %d tries, window %+v", tries(conv), c.Window)
		}
		p.w.conserved()
	})
}
