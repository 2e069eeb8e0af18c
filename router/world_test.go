package router_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
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

// hang is how long a test waits for something that must happen.
const hang = 15 * time.Second

// long marks a test that mostly waits: it runs beside others, and not with
// -short.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long: it waits for retries, leases and back-offs")
	}
	t.Parallel()
}

// world is a small company: one queue, two agents, one channel.
type world struct {
	t     *testing.T
	db    *store.DB
	queue zongji.Queue
	other zongji.Queue
	acc   zongji.ChannelAccount
	users map[string]zongji.User
	cids  atomic.Int64
}

// setup changes the world before it is stored.
type setup struct {
	queue    func(*zongji.Queue)
	bot      bool
	capacity int // of each agent; 0 = 3
}

func newWorld(t *testing.T, db *store.DB, s setup) *world {
	t.Helper()
	ctx, w := t.Context(), &world{t: t, db: db, users: map[string]zongji.User{}}
	team, err := db.PutTeam(ctx, zongji.Team{Key: "care", Name: "客服"})
	w.must(err)
	second, err := db.PutTeam(ctx, zongji.Team{Key: "tech", Name: "技术"})
	w.must(err)
	q := zongji.Queue{Key: "care", Name: "售后", Team: team.ID, Calendar: "7x24", OfferS: 5, MaxOffers: 50, ReopenS: 600, WrapupS: 600, LostS: 1, Units: 1}
	if s.queue != nil {
		s.queue(&q)
	}
	w.queue, err = db.PutQueue(ctx, q)
	w.must(err)
	q2 := q
	q2.Key, q2.Name, q2.Team = "tech", "技术", second.ID
	w.other, err = db.PutQueue(ctx, q2)
	w.must(err)
	for i, name := range []string{"anna", "ben", "carl"} {
		u := zongji.User{Login: name, Name: name, Nick: "小" + name, Role: zongji.RoleAgent, Team: team.ID, Capacity: cmp.Or(s.capacity, 3)}
		if i == 2 {
			u.Team = second.ID
		}
		w.users[name], err = db.PutUser(ctx, u)
		w.must(err)
	}
	w.acc, err = db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: "shop", Key: "shop", Queue: w.queue.ID, Bot: s.bot, Settings: map[string]string{}})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// node is one running router of the world.
type node struct {
	*router.Router
	w      *world
	shop   *channeltest.Sink
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	live []zongji.Live
}

// node starts a router.
func (w *world) node(b *bus.Bus, edit func(*router.Config)) *node {
	w.t.Helper()
	n := &node{w: w, shop: channeltest.NewSink("webchat"), done: make(chan struct{})}
	cfg := router.Config{Store: w.db, Bus: b, Node: fmt.Sprintf("n%d", w.cids.Add(1)), Bot: bot.New(bot.Config{}), Log: testLog(),
		Kinds: []channels.Kind{n.shop.Kind()}, Quiet: 20 * time.Millisecond, MaxQuiet: 100 * time.Millisecond,
		LeaseTTL: time.Second, Step: 20 * time.Millisecond, BeatEvery: 200 * time.Millisecond, BeatTTL: 2 * time.Second,
		AbsentAfter: 300 * time.Millisecond, Reconcile: 200 * time.Millisecond, Check: 500 * time.Millisecond}
	if edit != nil {
		edit(&cfg)
	}
	n.Router = router.New(cfg)
	n.Listen(func(l zongji.Live) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.live = append(n.live, l)
	})
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	go func() {
		defer close(n.done)
		if err := n.Run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}()
	w.t.Cleanup(n.stop)
	select {
	case <-n.Ready():
	case <-n.done:
		w.t.FailNow()
	}
	w.until("the shop's account is open", func() bool { return n.shop.Name() != "" })
	return n
}

func (n *node) stop() { n.cancel(); <-n.done }

func testLog() *slog.Logger {
	if os.Getenv("ZONGJI_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// until waits for something that must happen.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(hang); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("did not happen in %v: %s", hang, what)
		}
	}
}

func (w *world) me(name string) zongji.Actor {
	u := w.users[name]
	return zongji.Actor{User: u.ID, Name: u.Public(), Role: u.Role,
		Scope: zongji.Scope{User: u.ID, Teams: []int64{u.Team}, Queues: []int64{w.queue.ID, w.other.ID}}}
}

// seat opens an agent's screen and says that he is ready.
func (n *node) seat(name string) zongji.Actor {
	n.w.t.Helper()
	me := n.w.me(name)
	n.Present(n.w.t.Context(), me.User)
	_, err := n.SetState(n.w.t.Context(), me.User, zongji.AgentReady, "", name)
	n.w.must(err)
	return me
}

// write is a customer's message.
func (n *node) write(who, text string) zongji.Stored {
	n.w.t.Helper()
	st, err := n.shop.Write(n.w.t.Context(), who, text)
	n.w.must(err)
	return st
}

// offer waits for an offer of conv to an agent.
func (n *node) offer(me zongji.Actor, conv int64) zongji.Offer {
	n.w.t.Helper()
	var o zongji.Offer
	n.w.until(fmt.Sprintf("%s is offered the conversation", me.Name), func() bool {
		for _, o = range n.OffersOf(me.User) {
			if o.Conv == conv {
				return true
			}
		}
		return false
	})
	return o
}

// serve takes a new customer through to an agent.
func (n *node) serve(me zongji.Actor, who string) zongji.Conversation {
	n.w.t.Helper()
	st := n.write(who, "你好，我要人工")
	c, err := n.AcceptOffer(n.w.t.Context(), me, n.offer(me, st.Conv.ID).ID)
	n.w.must(err)
	return c
}

// reply writes as an agent.
func (n *node) reply(me zongji.Actor, conv int64, text string) (zongji.Message, error) {
	return n.Reply(n.w.t.Context(), me, conv, router.Reply{CID: fmt.Sprint("c", n.w.cids.Add(1)), Text: text})
}

func (w *world) conv(id int64) zongji.Conversation {
	w.t.Helper()
	c, err := w.db.Conversation(w.t.Context(), id)
	w.must(err)
	return c
}

func (w *world) messages(id int64) []zongji.Message {
	w.t.Helper()
	ms, err := w.db.Messages(w.t.Context(), id, 0, 0, 1000)
	w.must(err)
	return ms
}

// refused checks that an error tells the loser what happened.
func (w *world) refused(err error, codes ...string) {
	w.t.Helper()
	for _, code := range codes {
		if zongji.CodeOf(err) == code {
			return
		}
	}
	w.t.Errorf("error %v (code %q), want one of %q", err, zongji.CodeOf(err), codes)
}

// conserved checks that nothing is lost, doubled or without a state.
func (w *world) conserved() {
	w.t.Helper()
	rep, err := w.db.Conservation(w.t.Context())
	w.must(err)
	if !rep.OK() {
		w.t.Errorf("not conserved: %+v", rep)
	}
}

// each runs a test on both stores with the bus in memory, and on SQLite with
// Redis.
func each(t *testing.T, fn func(t *testing.T, db *store.DB, b *bus.Bus)) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) { fn(t, db, bus.NewMemory()) })
	t.Run("redis", func(t *testing.T) { fn(t, testenv.SQLite(t, nil), openRedis(t, testenv.Redis(t))) })
}
