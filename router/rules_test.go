package router_test

import (
	"testing"

	"zongji/bot"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// dangerRules send what speaks of danger, and a flood, straight to people.
const dangerRules = `{"rules":[{"id":"R1","name":"danger","enabled":true,
	"when":{"field":"text","op":"contains_any","value":["冒烟","水淹"]},
	"then":{"queue":"tech","p1":true,"tags":["安全"],"skip_bot":true},"stop":true}]}`

func TestDangerReachesPeopleBeforeTheBotAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before string // written and answered first
		text   string
		closed bool // after hours
		noBot  bool
		safety bool // he is told what saves him
	}{
		{name: "in the first message", text: "插座冒烟了", safety: true},
		{name: "after the bot has answered", before: "你好", text: "空调冒烟了怎么办", safety: true},
		{name: "a word that only the rules know", before: "你好", text: "家里水淹了"},
		{name: "where no bot answers", text: "插座冒烟了", noBot: true, safety: true},
		{name: "in a message left after hours", before: "有人吗，转人工", text: "冰箱冒烟了", closed: true, safety: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.EachStore(t, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db, setup{bot: !tt.noBot, queue: func(q *zongji.Queue) {
					if tt.closed {
						q.Calendar = "never"
					}
				}})
				w.must(db.PutCalendar(t.Context(), "never", closedNow()))
				_, err := db.PutRules(t.Context(), 0, dangerRules, 0)
				w.must(err)
				_, err = db.PutFAQs(t.Context(), []zongji.FAQ{{Question: "空调冒烟了怎么办", Answer: "请看说明书第三章。", Category: "报修"}})
				w.must(err)
				n := w.node(bus.NewMemory(), nil)
				carl := n.seat("carl")
				if tt.before != "" {
					c := n.write("visitor", tt.before).Conv
					w.until("the first message is answered", func() bool { return len(w.messages(c.ID)) >= 2 })
				}
				st := n.write("visitor", tt.text)
				n.offer(carl, st.Conv.ID)
				c := w.conv(st.Conv.ID)
				if c.Status != zongji.StatusQueued || c.Queue != w.other.ID || !c.Demand.P1 || len(c.Tags) != 1 {
					t.Errorf("%s in queue %d, demand %+v, tags %v: want urgent and tagged", c.Status, c.Queue, c.Demand, c.Tags)
				}
				safe, answered := false, false
				for _, m := range w.messages(c.ID) {
					if m.Seq > st.Msg.Seq {
						safe = safe || m.Text == bot.Text("zh-CN", "safety") || m.Kind == zongji.KindAnswer // an entry about danger says it better
						answered = answered || m.From == zongji.FromBot
					}
				}
				if safe != tt.safety {
					t.Errorf("told what saves him: %v, want %v", safe, tt.safety)
				}
				if answered && !tt.safety {
					t.Error("the bot answered what people must")
				}
				w.conserved()
			})
		})
	}
}

func TestAWaitingCustomerWhoWritesOfDangerIsUrgent(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, b *bus.Bus) {
		w := newWorld(t, db, setup{})
		_, err := db.PutRules(t.Context(), 0, dangerRules, 0)
		w.must(err)
		n := w.node(b, nil)
		st := n.write("visitor", "想问一下保修")
		w.until("he waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
		before := w.conv(st.Conv.ID)
		n.write("visitor", "还有人吗")
		n.write("visitor", "插座冒烟了")
		carl := n.seat("carl") // of the queue that the rule names
		o := n.offer(carl, st.Conv.ID)
		c := w.conv(st.Conv.ID)
		if c.Status != zongji.StatusQueued || c.Queue != w.other.ID || !c.Demand.P1 || len(c.Tags) != 1 || c.QueuedAt != before.QueuedAt {
			t.Errorf("%s in queue %d since %d, demand %+v, tags %v: want urgent, tagged, with its age", c.Status, c.Queue, c.QueuedAt, c.Demand, c.Tags)
		}
		safe := 0
		for _, m := range w.messages(c.ID) {
			if m.Text == bot.Text("zh-CN", "safety") {
				safe++
			}
		}
		if safe != 1 {
			t.Errorf("told %d times what saves him, want once", safe)
		}
		n.write("visitor", "冒烟越来越大")
		w.until("all is handled", func() bool { c := w.conv(st.Conv.ID); return c.HandledSeq == c.LastSeq })
		_, err = n.AcceptOffer(t.Context(), carl, o.ID) // the second word changed nothing
		w.must(err)
		w.conserved()
	})
}

// pointsRules bring forward who says that he is in a hurry.
const pointsRules = `{"rules":[{"id":"R1","name":"hurry","enabled":true,
	"when":{"field":"text","op":"contains_any","value":["着急"]},"then":{"points":15}}]}`

func TestAWaitingCustomerWhoIsInAHurryComesForward(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{capacity: 1})
		_, err := db.PutRules(t.Context(), 0, pointsRules, 0)
		w.must(err)
		n := w.node(bus.NewMemory(), nil)
		var convs []int64
		for _, who := range []string{"first", "second"} {
			id := n.write(who, "想问一下保修").Conv.ID
			w.until("he waits", func() bool { return w.conv(id).Status == zongji.StatusQueued })
			convs = append(convs, id)
		}
		n.write("second", "我很着急")
		w.until("he has points", func() bool { return w.conv(convs[1]).Demand.Points == 15 })
		anna := n.seat("anna")
		n.offer(anna, convs[1])
		w.conserved()
	})
}

func TestAPressedMenuEntryIsAskedAsItsText(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{bot: true})
		w.acc.Settings = map[string]string{"menu": "如何申请退货|如何申請退貨|How to return\n发票怎么开|發票怎麼開|Invoices"}
		_, err := db.PutChannel(t.Context(), w.acc)
		w.must(err)
		_, err = db.PutFAQs(t.Context(), []zongji.FAQ{
			{Question: "如何申请退货", Answer: "在订单页点申请退货。", Category: "售后"}, {Question: "发票怎么开", Answer: "在订单页点开发票。", Category: "发票"},
		})
		w.must(err)
		n := w.node(bus.NewMemory(), nil)
		st, err := n.shop.Press(t.Context(), "visitor", "②", "menu:2")
		w.must(err)
		w.until("the bot answers", func() bool { return len(w.messages(st.Conv.ID)) > 1 })
		if m := w.messages(st.Conv.ID)[1]; m.Kind != zongji.KindAnswer || m.Text != "在订单页点开发票。" {
			t.Errorf("answered %s %q", m.Kind, m.Text)
		}
	})
}
