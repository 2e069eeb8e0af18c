package router_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// post is a channel without sockets whose sends end as its plan says.
type post struct {
	mu    sync.Mutex
	plan  map[string][]error // text → errors of its first tries
	tries map[string][]time.Time
	ids   map[string]int64 // text → Outbound.ID of its first try
}

func (p *post) send(out zongji.Outbound) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, text := len(p.tries[out.Msg.Text]), out.Msg.Text
	p.tries[text] = append(p.tries[text], time.Now())
	if first, ok := p.ids[text]; ok && first != out.ID && out.Msg.From == zongji.FromAgent {
		return fmt.Errorf("try %d of %q has id %d, its first had %d", n+1, text, out.ID, first)
	}
	p.ids[text] = out.ID
	if n < len(p.plan[text]) {
		return p.plan[text][n]
	}
	return nil
}

func (p *post) count(text string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.tries[text])
}

// mailbox adds an account of the kind email to the world.
func (w *world) mailbox() zongji.ChannelAccount {
	w.t.Helper()
	acc, err := w.db.PutChannel(w.t.Context(), zongji.ChannelAccount{Kind: "email", Name: "post", Key: "post", Queue: w.queue.ID, Settings: map[string]string{}})
	w.must(err)
	return acc
}

func with(kind channels.Kind) func(*router.Config) {
	return func(c *router.Config) { c.Kinds = append(c.Kinds, kind) }
}

func TestTheOutbox(t *testing.T) {
	long(t)
	fails := func(class channels.Class) error {
		return &channels.SendError{Class: class, Code: "E1", Reason: "因为"}
	}
	for _, tt := range []struct {
		name  string
		keyed bool
		plan  map[string][]error // of the texts 一 and 二, in one conversation, and 三 in another
		tries int                // of 一
		state zongji.SendState   // of 一
		order []string           // as they arrive
		pause time.Duration      // between the first two tries of 一, at least
	}{
		{name: "what is sent arrives once and in order", tries: 1, state: zongji.StateSent, order: []string{"一", "二"}},
		{name: "a retry backs off and holds up its conversation alone", plan: map[string][]error{"一": {fails(channels.Retry), fails(channels.Retry)}},
			tries: 3, state: zongji.StateSent, order: []string{"三", "一", "二"}, pause: 900 * time.Millisecond},
		{name: "a final failure is shown and frees the next", plan: map[string][]error{"一": {fails(channels.Recipient)}},
			tries: 1, state: zongji.StateFailed, order: []string{"二"}},
		{name: "an unknown result is shown and not sent again", plan: map[string][]error{"一": {errors.New("connection reset")}},
			tries: 1, state: zongji.StateUnknown, order: []string{"二"}},
		{name: "an unknown result is sent again under the same key", keyed: true, plan: map[string][]error{"一": {errors.New("connection reset")}},
			tries: 2, state: zongji.StateSent, order: []string{"一", "二"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.EachStore(t, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db, setup{})
				w.mailbox()
				p := &post{plan: tt.plan, tries: map[string][]time.Time{}, ids: map[string]int64{}}
				keyed := channeltest.NewKeyed("email", p.send)
				kind, fake := keyed.Kind(), keyed.Fake
				if !tt.keyed {
					fake = channeltest.New("email", p.send)
					kind = fake.Kind()
				}
				n := w.node(bus.NewMemory(), with(kind))
				w.until("the mailbox is open", func() bool { return fake.Name() != "" })
				anna := n.seat("anna")
				convs := map[string]zongji.Conversation{}
				for _, who := range []string{"a", "b"} {
					st, err := fake.Write(t.Context(), who, "有问题")
					w.must(err)
					convs[who], err = n.AcceptOffer(t.Context(), anna, n.offer(anna, st.Conv.ID).ID)
					w.must(err)
				}
				for _, text := range []string{"一", "二"} {
					m, err := n.reply(anna, convs["a"].ID, text)
					w.must(err)
					if m.State != zongji.StatePending {
						t.Errorf("%s is %s before it is sent, want pending", text, m.State)
					}
				}
				_, err := n.reply(anna, convs["b"].ID, "三")
				w.must(err)
				w.until("all are finished", func() bool {
					return !slices.ContainsFunc(slices.Concat(w.messages(convs["a"].ID), w.messages(convs["b"].ID)), func(m zongji.Message) bool {
						return m.From == zongji.FromAgent && (m.State == zongji.StatePending || m.State == zongji.StateSending)
					})
				})
				for _, m := range w.messages(convs["a"].ID) {
					if m.Text == "一" && (m.State != tt.state || m.State == zongji.StateFailed && m.Reason != "E1 因为") {
						t.Errorf("一 ended %s (%q), want %s", m.State, m.Reason, tt.state)
					}
				}
				if got := p.count("一"); got != tt.tries {
					t.Errorf("一 was tried %d times, want %d", got, tt.tries)
				}
				if at := p.tries["一"]; len(at) > 1 && at[1].Sub(at[0]) < tt.pause {
					t.Errorf("tried again after %v, want at least %v", at[1].Sub(at[0]), tt.pause)
				}
				var order []string
				for _, out := range fake.Sent() {
					if slices.Contains(tt.order, out.Msg.Text) {
						order = append(order, out.Msg.Text)
					}
				}
				if !slices.Equal(order, tt.order) {
					t.Errorf("arrived %q, want %q", order, tt.order)
				}
				w.conserved()
			})
		})
	}
}

func TestAPausedAccountRests(t *testing.T) {
	long(t)
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{})
		w.mailbox()
		var mu sync.Mutex
		var until time.Time
		var early int
		fake := channeltest.New("email", func(zongji.Outbound) error {
			mu.Lock()
			defer mu.Unlock()
			switch now := time.Now(); {
			case until.IsZero():
				until = now.Add(2 * time.Second)
				return &channels.SendError{Class: channels.AccountPaused, RetryAt: zongji.MsOf(until), Reason: "限流"}
			case now.Before(until.Add(-time.Millisecond)):
				early++
			}
			return nil
		})
		w.node(bus.NewMemory(), with(fake.Kind()))
		w.until("the mailbox is open", func() bool { return fake.Name() != "" })
		for i := range 4 {
			_, err := fake.Write(t.Context(), fmt.Sprint("v", i), "有问题")
			w.must(err)
		}
		w.until("all customers are told that they wait", func() bool { return len(fake.Sent()) == 4 })
		if early > 0 || time.Now().Before(until) {
			t.Errorf("%d sends while the account was paused", early)
		}
	})
}

// wide is a channel that writes to four customers at once.
type wide struct{ *channeltest.Fake }

func (wide) Ways() int { return 4 }

func TestSeveralCustomersAreWrittenToAtOnce(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{})
		acc := w.mailbox()
		first := w.node(bus.NewMemory(), nil) // knows no mail: nothing is sent
		for i := range 4 {
			who := fmt.Sprint("v", i)
			st, err := first.Accept(t.Context(), zongji.Inbound{Channel: acc.ID, ChanKind: "email", ExtID: who, Thread: who, Kind: zongji.InMessage,
				From: zongji.Identity{Ext: who, Name: who}, Text: "有问题", Lang: "zh-CN"})
			w.must(err)
			w.until("he is to be told that he waits", func() bool { return len(w.messages(st.Conv.ID)) == 2 })
		}
		first.stop()
		all := make(chan struct{}) // closed when four sends are under way
		var under atomic.Int32
		fake := channeltest.New("email", func(zongji.Outbound) error {
			if under.Add(1) == 4 {
				close(all)
			}
			select {
			case <-all:
				return nil
			case <-time.After(10 * time.Second):
				return &channels.SendError{Class: channels.Content, Reason: "alone"}
			}
		})
		kind := fake.Kind()
		open := kind.Open
		kind.Open = func(ctx context.Context, set zongji.ChannelAccount, deps channels.Deps) (channels.Channel, error) {
			_, err := open(ctx, set, deps)
			return wide{fake}, err
		}
		w.node(bus.NewMemory(), with(kind))
		w.until("all are written to", func() bool { return len(fake.Sent()) == 4 })
	})
}

func TestAPauseCostsNoTry(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{})
		w.mailbox()
		var mu sync.Mutex
		var tries []int
		fake := channeltest.New("email", func(out zongji.Outbound) error {
			mu.Lock()
			defer mu.Unlock()
			if tries = append(tries, out.Try); len(tries) < 3 {
				return &channels.SendError{Class: channels.AccountPaused, RetryAt: zongji.MsOf(time.Now())}
			}
			return nil
		})
		w.node(bus.NewMemory(), with(fake.Kind()))
		w.until("the mailbox is open", func() bool { return fake.Name() != "" })
		st, err := fake.Write(t.Context(), "v", "有问题")
		w.must(err)
		w.until("it is sent", func() bool { return len(fake.Sent()) == 1 })
		w.until("that is written", func() bool { return w.messages(st.Conv.ID)[1].State == zongji.StateSent })
		if !slices.Equal(tries, []int{1, 1, 1}) {
			t.Errorf("tries %v, want the first each time", tries)
		}
	})
}

func TestASendInDoubtAfterACrash(t *testing.T) {
	long(t)
	for _, keyed := range []bool{false, true} {
		t.Run(fmt.Sprintf("with a key: %v", keyed), func(t *testing.T) {
			testenv.EachStore(t, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db, setup{})
				acc := w.mailbox()
				first := w.node(bus.NewMemory(), nil) // knows no mail: nothing is sent
				st, err := first.Accept(t.Context(), zongji.Inbound{Channel: acc.ID, ChanKind: "email", ExtID: "m1", Thread: "v", Kind: zongji.InMessage,
					From: zongji.Identity{Ext: "v@example.com", Name: "v"}, Text: "有问题", Lang: "zh-CN"})
				w.must(err)
				w.until("the customer is to be told that he waits", func() bool { return len(w.messages(st.Conv.ID)) == 2 })
				first.stop()
				rows, err := db.OutboxClaim(t.Context(), acc.ID, 0, zongji.MsOf(time.Now()), 10) // and then it died
				w.must(err)
				if len(rows) != 1 {
					t.Fatalf("%d rows to send, want 1", len(rows))
				}
				fake := channeltest.NewKeyed("email", nil)
				kind := fake.Kind()
				if !keyed {
					kind = fake.Fake.Kind()
				}
				w.node(bus.NewMemory(), with(kind))
				want := map[bool]zongji.SendState{false: zongji.StateUnknown, true: zongji.StateSent}[keyed]
				w.until("the doubt is over", func() bool { return w.messages(st.Conv.ID)[1].State != zongji.StatePending })
				if got := w.messages(st.Conv.ID)[1].State; got != want || len(fake.Sent()) == 1 != keyed {
					t.Errorf("ended %s and was sent %d times again, want %s", got, len(fake.Sent()), want)
				}
				if keyed && fake.Sent()[0].ID != rows[0].ID {
					t.Errorf("sent again as %d, want %d", fake.Sent()[0].ID, rows[0].ID)
				}
				w.conserved()
			})
		})
	}
}
