package router_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zongji/bot"
	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

const (
	benchConvs   = 200
	benchWriters = 16 // at once, per processor
)

// arena is a router whose customers all have an agent.
type arena struct {
	b       *testing.B
	r       *router.Router
	shop    *channeltest.Sink
	me      zongji.Actor
	convs   []zongji.Conversation
	pending sync.Map // message → chan of the moment it came by
	stmts   func() int64
	n       atomic.Int64
}

func newArena(b *testing.B) *arena {
	ctx, db := b.Context(), testenv.SQLite(b, nil)
	a := &arena{b: b, shop: channeltest.NewSink("webchat"), stmts: db.Statements}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	q, err := db.PutQueue(ctx, zongji.Queue{Key: "care", Name: "售后", Calendar: "7x24", OfferS: 20, IdleCloseS: 3600, Units: 1})
	must(err)
	u, err := db.PutUser(ctx, zongji.User{Login: "anna", Name: "anna", Role: zongji.RoleAgent, Capacity: 2 * benchConvs})
	must(err)
	_, err = db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: "shop", Key: "shop", Queue: q.ID})
	must(err)
	a.me = zongji.Actor{User: u.ID, Name: u.Name, Role: u.Role, Scope: zongji.Scope{User: u.ID, Queues: []int64{q.ID}, All: true}}
	a.r = router.New(router.Config{Store: db, Bus: bus.NewMemory(), Bot: bot.New(bot.Config{}), Node: "bench", Kinds: []channels.Kind{a.shop.Kind()}})
	a.r.Listen(func(l zongji.Live) {
		if l.Event == nil || l.Event.Msg == nil || l.Event.Msg.CID == "" {
			return
		}
		select {
		case a.waiter(l.Event.Msg.CID) <- time.Now():
		default:
		}
	})
	done := make(chan error)
	go func() { done <- a.r.Run(ctx) }()
	b.Cleanup(func() { <-done })
	<-a.r.Ready()
	for a.shop.Name() == "" {
		time.Sleep(time.Millisecond)
	}
	for i := range benchConvs {
		st, err := a.shop.Write(ctx, fmt.Sprint("v", i), "人工")
		must(err)
		c, err := a.r.Take(ctx, a.me, st.Conv.ID)
		must(err)
		a.convs = append(a.convs, c)
	}
	time.Sleep(time.Second) // what the assignments left to do
	return a
}

// waiter is where a message's arrival is told.
func (a *arena) waiter(cid string) chan time.Time {
	c, _ := a.pending.LoadOrStore(cid, make(chan time.Time, 1))
	return c.(chan time.Time)
}

// run sends b.N messages and waits for each to come by on the feed.
func (a *arena) run(send func(i int, cid string) error) {
	var mu sync.Mutex
	var took []time.Duration
	before := a.stmts()
	a.b.ReportAllocs()
	a.b.ResetTimer()
	a.b.SetParallelism(benchWriters)
	a.b.RunParallel(func(pb *testing.PB) {
		var mine []time.Duration
		for pb.Next() {
			i := int(a.n.Add(1))
			cid, began := fmt.Sprint("m", i), time.Now()
			if err := send(i%benchConvs, cid); err != nil {
				a.b.Error(err)
				return
			}
			mine = append(mine, (<-a.waiter(cid)).Sub(began))
			a.pending.Delete(cid)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, mine...)
	})
	a.b.StopTimer()
	time.Sleep(300 * time.Millisecond) // the marks
	a.b.ReportMetric(float64(a.stmts()-before)/float64(len(took)), "sql/op")
	slices.Sort(took)
	a.b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	a.b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	a.b.ReportMetric(float64(len(took))/a.b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkAcceptToFeed(b *testing.B) {
	a := newArena(b)
	a.run(func(i int, cid string) error {
		_, err := a.shop.WriteID(b.Context(), fmt.Sprint("v", i), cid, "请问我的订单什么时候发货？", "")
		return err
	})
}

func BenchmarkReplyToFeed(b *testing.B) {
	a := newArena(b)
	a.run(func(i int, cid string) error {
		_, err := a.r.Reply(b.Context(), a.me, a.convs[i].ID, router.Reply{CID: cid, Text: "您好，已为您查询，预计明天送达。"})
		return err
	})
}
