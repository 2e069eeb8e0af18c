package router_test

import (
	"encoding/json"
	"testing"

	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// letters is a world with a mailbox.
type letters struct {
	*node
	*channeltest.Mailbox
	w   *world
	acc zongji.ChannelAccount
}

func newLetters(t *testing.T, db *store.DB, s setup, settings map[string]string, fail func(zongji.Outbound) error) *letters {
	t.Helper()
	w := newWorld(t, db, s)
	if settings == nil {
		settings = map[string]string{}
	}
	acc, err := db.PutChannel(t.Context(), zongji.ChannelAccount{Kind: "email", Name: "mail", Key: "mail", Queue: w.queue.ID, Bot: s.bot, Settings: settings})
	w.must(err)
	p := &letters{w: w, acc: acc, Mailbox: channeltest.NewMailbox(fail)}
	p.node = w.node(bus.NewMemory(), func(c *router.Config) {
		with(p.Mailbox.Kind())(c)
		c.Bot.Load(1, []zongji.FAQ{
			{ID: 1, Category: "退换", Question: "怎么退货", Answer: "七天内可以退货。"}, {ID: 2, Category: "发票", Question: "怎么开发票", Answer: "订单页申请。"},
		})
	})
	w.until("the mailbox is open", func() bool { return p.Mailbox.Name() != "" })
	return p
}

// mail is a mail that somebody wrote.
func (p *letters) mail(thread, from, text string, m zongji.Mail) zongji.Stored {
	p.w.t.Helper()
	st, err := p.Arrive(p.w.t.Context(), thread, from, text, m)
	p.w.must(err)
	return st
}

// take has an agent take the conversation of a mail.
func (p *letters) take(me zongji.Actor, conv int64) zongji.Conversation {
	p.w.t.Helper()
	c, err := p.AcceptOffer(p.w.t.Context(), me, p.offer(me, conv).ID)
	p.w.must(err)
	return c
}

func eachLetters(t *testing.T, s setup, settings map[string]string, fn func(t *testing.T, p *letters)) {
	t.Helper()
	testenv.EachStore(t, func(t *testing.T, db *store.DB) { fn(t, newLetters(t, db, s, settings, nil)) })
}

func TestAMailGoesToPeopleWithoutChatter(t *testing.T) {
	eachLetters(t, setup{bot: true}, nil, func(t *testing.T, p *letters) {
		anna := p.seat("anna")
		st := p.mail("T-1", "amy@x.test", "怎么退货", zongji.Mail{})
		c := p.take(anna, st.Conv.ID)
		_, err := p.Finish(t.Context(), anna, c.ID, router.Finish{AskRating: true})
		p.w.must(err)
		for _, m := range p.w.messages(c.ID) {
			if m.From != zongji.FromContact {
				t.Errorf("the customer was told %q", m.Text)
			}
		}
		p.w.conserved()
	})
}

func TestNobodyAnswersAMachine(t *testing.T) {
	eachLetters(t, setup{bot: true}, nil, func(t *testing.T, p *letters) {
		st := p.mail("T-1", "robot@x.test", "I am away", zongji.Mail{Class: "auto_reply"})
		if st.Conv.Status != zongji.StatusClosed || st.Conv.Team != p.w.queue.Team {
			t.Errorf("kept as %+v", st.Conv)
		}
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-2", "amy@x.test", "在吗", zongji.Mail{}).Conv.ID)
		_, err := p.Finish(t.Context(), anna, c.ID, router.Finish{})
		p.w.must(err)
		if st = p.mail("T-2", "amy@x.test", "我在休假", zongji.Mail{Class: "auto_reply"}); st.Conv.Status != zongji.StatusClosed || st.Reopened != nil {
			t.Errorf("it reopened what was over: %+v", st.Conv)
		}
	})
}

func TestABounceMarksItsMailAndItsAddress(t *testing.T) {
	eachLetters(t, setup{}, nil, func(t *testing.T, p *letters) {
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{}).Conv.ID)
		m, err := p.reply(anna, c.ID, "在的")
		p.w.must(err)
		p.w.until("it is sent", func() bool { return p.w.messages(c.ID)[1].State == zongji.StateSent })
		refs, err := p.w.db.MailRefs(t.Context(), p.acc.ID, []string{p.Sent()[0].Thread})
		p.w.must(err)
		if len(refs) != 0 {
			t.Errorf("a thread is no Message-ID: %v", refs)
		}
		_, err = p.Accept(t.Context(), zongji.Inbound{Channel: p.acc.ID, ChanKind: "email", ExtID: "b1", Thread: "T-1", Kind: zongji.InStatus, State: zongji.StateFailed, RefMsg: m.ID,
			Reason: "mail:userunknown", From: zongji.Identity{Ext: "amy@x.test", Attrs: map[string]string{"email_state": "undeliverable"}}})
		p.w.must(err)
		if got := p.w.messages(c.ID)[1]; got.State != zongji.StateFailed || got.Reason != "mail:userunknown" {
			t.Errorf("the mail is %s, %q", got.State, got.Reason)
		}
		who, err := p.w.db.Contact(t.Context(), c.Contact)
		p.w.must(err)
		if who.Attrs["email_state"] != "undeliverable" {
			t.Errorf("the customer has %v", who.Attrs)
		}
	})
}

// mailIn reads what a message says of itself as a mail.
func mailIn(t *testing.T, m zongji.Message) (out zongji.Mail) {
	t.Helper()
	if err := json.Unmarshal(m.Extra, &out); err != nil {
		t.Fatalf("message %d is no mail: %v", m.ID, err)
	}
	return out
}
