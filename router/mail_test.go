package router_test

import (
	"encoding/json"
	"fmt"
	"strings"
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

// quick has mails wait for nothing.
var quick = map[string]string{"undo_s": "0", "from": "cs@shop.test", "from_name": "小店"}

func TestAnAnswerIsAMailToWhoWroteLast(t *testing.T) {
	eachLetters(t, setup{}, quick, func(t *testing.T, p *letters) {
		p.w.must(p.w.db.PutSetting(t.Context(), "company", `"小店公司"`))
		p.w.must(p.SetSignature(t.Context(), router.Signature, "{agent} | {team} | {company}"))
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{Subject: "订单"}).Conv.ID)
		p.mail("T-1", "bob@x.test", "抄送的人说", zongji.Mail{Subject: "回复: 订单", ReplyTo: []zongji.MailAddr{{Addr: "team@x.test"}}})
		_, err := p.reply(anna, c.ID, "在的")
		p.w.must(err)
		p.w.until("it left", func() bool { return len(p.Sent()) == 1 })
		out := p.Sent()[0].Msg
		m := mailIn(t, out)
		if m.Subject != "回复: 订单" || len(m.To) != 1 || m.To[0].Addr != "team@x.test" || m.From.Addr != "cs@shop.test" || m.InReplyTo == "" {
			t.Errorf("sent %+v", m)
		}
		if want := "在的\n\n-- \n小anna | 客服 | 小店公司"; out.Text != want {
			t.Errorf("text %q, want %q", out.Text, want)
		}
		if stored := p.w.messages(c.ID)[2]; stored.Text != "在的" || stored.Kind != zongji.KindMail {
			t.Errorf("kept %q as %s", stored.Text, stored.Kind)
		}
		p.w.conserved()
	})
}

func TestWhatAnAgentSaysOfHisMail(t *testing.T) {
	eachLetters(t, setup{}, quick, func(t *testing.T, p *letters) {
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{Raw: &zongji.File{ID: 7, Name: "a.eml", URL: "/f/x/a.eml"}}).Conv.ID)
		addr := func(a string) []zongji.MailAddr { return []zongji.MailAddr{{Addr: a}} }
		first := p.w.messages(c.ID)[0].ID
		for _, tt := range []struct {
			name string
			text string
			l    router.Letter
			code string
		}{
			{"all by himself", "你好", router.Letter{Subject: "新的", To: addr("b@x.test"), Cc: addr("c@x.test"), Bcc: addr("d@x.test")}, ""},
			{"a forward", "", router.Letter{To: addr("boss@shop.test"), Forward: first}, ""},
			{"a forward to nobody", "看", router.Letter{Forward: first}, "no_recipient"},
			{"a forward of what is not there", "看", router.Letter{To: addr("b@x.test"), Forward: 99}, "no_message"},
			{"no address", "看", router.Letter{To: addr("b x")}, "bad_address"},
			{"two in one", "看", router.Letter{To: addr("a@x.test, b@x.test")}, "bad_address"},
			{"a header in it", "看", router.Letter{To: addr("a@x.test>\r\nBcc: e@x.test")}, "bad_address"},
			{"nothing at all", "", router.Letter{}, "empty"},
		} {
			m, err := p.Reply(t.Context(), anna, c.ID, router.Reply{CID: "c" + strings.ReplaceAll(tt.name, " ", "-"), Text: tt.text, Mail: &tt.l})
			if got := zongji.CodeOf(err); (err != nil || tt.code != "") && got != tt.code {
				t.Errorf("%s: %v, want code %q", tt.name, err, tt.code)
			}
			if err == nil && tt.l.Forward != 0 && (len(m.Files) != 1 || mailIn(t, m).Subject != "Fwd: 咨询" || !mailIn(t, m).Forwarded) {
				t.Errorf("%s: %+v", tt.name, m)
			}
		}
		other := p.serve(anna, "zoe")
		_, err := p.Reply(t.Context(), anna, other.ID, router.Reply{CID: "x", Text: "你好", Mail: &router.Letter{}})
		p.w.refused(err, "no_mail")
	})
}

func TestAnAgentTakesHisMailBack(t *testing.T) {
	eachLetters(t, setup{}, map[string]string{"undo_s": "60"}, func(t *testing.T, p *letters) {
		anna, ben := p.seat("anna"), p.w.me("ben")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{}).Conv.ID)
		p.w.must(p.SetDraft(t.Context(), anna, c.ID, []byte(`{"text":"在的"}`)))
		waiting := p.w.conv(c.ID).WaitingFrom
		m, err := p.reply(anna, c.ID, "在的")
		p.w.must(err)
		if _, err := p.w.db.Draft(t.Context(), c.ID, anna.User); zongji.KindOf(err) != zongji.NotFound {
			t.Errorf("the draft is still there: %v", err)
		}
		_, err = p.Withdraw(t.Context(), ben, m.ID)
		p.w.refused(err, "not_yours")
		_, err = p.Withdraw(t.Context(), anna, p.w.messages(c.ID)[0].ID)
		p.w.refused(err, "not_yours")
		back, err := p.Withdraw(t.Context(), anna, m.ID)
		p.w.must(err)
		now := p.w.conv(c.ID)
		if back.Text != "在的" || back.State != zongji.StateWithdrawn || now.WaitingFrom != waiting || now.FirstAt != 0 || now.Preview != "在吗" {
			t.Errorf("taken back %+v; the conversation waits from %d, want %d, preview %q", back, now.WaitingFrom, waiting, now.Preview)
		}
		_, err = p.Withdraw(t.Context(), anna, m.ID)
		p.w.refused(err, "too_late")
		p.w.conserved()
	})
}

func TestWhatLeftIsNotTakenBack(t *testing.T) {
	eachLetters(t, setup{}, quick, func(t *testing.T, p *letters) {
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{}).Conv.ID)
		m, err := p.reply(anna, c.ID, "在的")
		p.w.must(err)
		p.w.until("it left", func() bool { return len(p.Sent()) == 1 })
		_, err = p.Withdraw(t.Context(), anna, m.ID)
		p.w.refused(err, "too_late")
	})
}

func TestAMailIsMovedAndPutBack(t *testing.T) {
	eachLetters(t, setup{}, quick, func(t *testing.T, p *letters) {
		anna := p.seat("anna")
		c := p.take(anna, p.mail("T-1", "amy@x.test", "订单呢", zongji.Mail{Subject: "订单"}).Conv.ID)
		second := p.mail("T-1", "amy@x.test", "还有发票", zongji.Mail{Subject: "发票"})
		ref := mailIn(t, second.Msg).MessageID
		mv, err := p.Split(t.Context(), anna, second.Msg.ID)
		p.w.must(err)
		made := p.w.conv(mv.Move.To)
		copied := p.w.messages(made.ID)
		if len(copied) != 1 || copied[0].Text != "还有发票" || mailIn(t, copied[0]).Match != "split" || made.Contact != c.Contact || made.Unread != 1 {
			t.Errorf("split to %+v with %+v", made, copied)
		}
		if moved := mailIn(t, p.w.messages(c.ID)[1]).Moved; moved == nil || moved.Conv != made.ID || moved.Msg != copied[0].ID || moved.Move != mv.Move.ID {
			t.Errorf("the original says %+v", moved)
		}
		known := func() string {
			refs, err := p.w.db.MailRefs(t.Context(), p.acc.ID, []string{ref})
			p.w.must(err)
			return refs[ref].Thread
		}
		if known() != made.Thread {
			t.Errorf("its answers go to %q, want %q", known(), made.Thread)
		}
		p.w.until("it waits for people", func() bool { return p.w.conv(made.ID).Status == zongji.StatusQueued })
		_, err = p.Split(t.Context(), anna, second.Msg.ID)
		p.w.refused(err, "moved")
		_, err = p.UndoMove(t.Context(), anna, mv.Move.ID)
		p.w.must(err)
		if mailIn(t, p.w.messages(c.ID)[1]).Moved != nil || known() != "T-1" || p.w.conv(made.ID).Status != zongji.StatusClosed {
			t.Errorf("put back: %q, the conversation made for it is %s", known(), p.w.conv(made.ID).Status)
		}
		_, err = p.UndoMove(t.Context(), anna, mv.Move.ID)
		p.w.refused(err, "undone")

		other := p.mail("T-2", "amy@x.test", "发票的事", zongji.Mail{Subject: "发票"})
		p.w.until("the other one waits for people", func() bool { return p.w.conv(other.Conv.ID).Status == zongji.StatusQueued })
		mv, err = p.Join(t.Context(), anna, second.Msg.ID, other.Conv.ID)
		p.w.must(err)
		if ms := p.w.messages(other.Conv.ID); len(ms) != 2 || mailIn(t, ms[1]).Match != "joined" || known() != "T-2" {
			t.Errorf("joined: %d messages, answers go to %q", len(ms), known())
		}
		_, err = p.Join(t.Context(), anna, p.w.messages(c.ID)[0].ID, c.ID)
		p.w.refused(err, "bad_target")
		_, err = p.Split(t.Context(), p.w.me("carl"), p.w.messages(c.ID)[0].ID)
		p.w.refused(err, "no_conversation")
		_, err = p.UndoMove(t.Context(), p.w.me("carl"), mv.Move.ID)
		p.w.refused(err, "no_conversation")
		p.w.conserved()
	})
}

func TestAMailIsAcknowledged(t *testing.T) {
	closed := func(q *zongji.Queue) { q.Calendar = "never" }
	for _, tt := range []struct {
		name  string
		queue func(*zongji.Queue)
		mail  zongji.Mail
		want  string // Mail.Auto, "" none
		text  string
	}{
		{"a person's", nil, zongji.Mail{}, "ack", "编号 T-1"},
		{"with a promise", func(q *zongji.Queue) { q.AnswerS = 3600 }, zongji.Mail{}, "ack", "前回复"},
		{"after hours", closed, zongji.Mail{}, "hours", "回来"},
		{"a machine's", nil, zongji.Mail{Class: "auto_reply"}, "", ""},
		{"of one who asks for none", nil, zongji.Mail{Class: "human_no_autoreply"}, "", ""},
		{"of one who is another", nil, zongji.Mail{Auth: "fail"}, "", ""},
		{"that cannot be read", nil, zongji.Mail{Quarantine: "bomb"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := testenv.SQLite(t, nil)
			if err := db.PutCalendar(t.Context(), "never", `{"zone":"Asia/Shanghai","week":{}}`); err != nil {
				t.Fatal(err)
			}
			p := newLetters(t, db, setup{queue: tt.queue}, map[string]string{"ack": "on", "hours_text": "{hours} 回来"}, nil)
			st := p.mail("T-1", "amy@x.test", "在吗", tt.mail)
			if tt.want == "" {
				p.w.until("it is looked at", func() bool {
					s := p.w.conv(st.Conv.ID).Status
					return s == zongji.StatusQueued || s == zongji.StatusClosed
				})
			} else {
				p.w.until("the writer is told", func() bool { return len(p.Sent()) == 1 })
				m := mailIn(t, p.Sent()[0].Msg)
				if m.Auto != tt.want || len(m.To) != 1 || m.To[0].Addr != "amy@x.test" || !strings.Contains(p.Sent()[0].Msg.Text, tt.text) {
					t.Errorf("told %+v: %q", m, p.Sent()[0].Msg.Text)
				}
			}
			p.mail("T-1", "amy@x.test", "还在吗", zongji.Mail{})
			for i := range 5 { // at most three an hour
				p.mail(fmt.Sprint("T-", i+2), "amy@x.test", "喂", tt.mail)
			}
			told := len(p.w.messages(st.Conv.ID))
			for i := range 5 {
				c, err := p.w.db.ThreadNewest(t.Context(), p.acc.ID, fmt.Sprint("T-", i+2))
				p.w.must(err)
				p.w.until("all are looked at", func() bool { return p.w.conv(c.ID).Status != zongji.StatusBot })
				told += len(p.w.messages(c.ID))
			}
			if mails := 7; tt.want != "" && told != mails+3 {
				t.Errorf("%d automatic mails to one writer within an hour, want 3", told-mails)
			}
			p.w.conserved()
		})
	}
}

func TestMailsHaveAWeightOfTheirOwn(t *testing.T) {
	eachLetters(t, setup{}, map[string]string{"units": "2"}, func(t *testing.T, p *letters) {
		st := p.mail("T-1", "amy@x.test", "在吗", zongji.Mail{})
		p.w.until("it waits", func() bool { return p.w.conv(st.Conv.ID).Status == zongji.StatusQueued })
		chat := p.write("zoe", "转人工")
		p.w.until("the chat waits", func() bool { return p.w.conv(chat.Conv.ID).Status == zongji.StatusQueued })
		if mail, c := p.w.conv(st.Conv.ID).Units, p.w.conv(chat.Conv.ID).Units; mail != 2 || c != 1 {
			t.Errorf("a mail takes %d, a chat %d", mail, c)
		}
	})
}
