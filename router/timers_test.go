package router_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// ended returns how a conversation was closed.
func (w *world) ended(conv int64) string {
	w.t.Helper()
	var d zongji.ClosedData
	w.until("it is closed", func() bool { return w.conv(conv).Status == zongji.StatusClosed })
	evs, err := w.db.Events(w.t.Context(), conv, []zongji.EventKind{zongji.EvClosed}, 1)
	w.must(err)
	w.must(json.Unmarshal(evs[0].Data, &d))
	return d.How
}

func TestASilentCustomersConversationIsClosed(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.IdleCloseS = 1 }})
		n := w.node(bus.NewMemory(), nil)
		anna := n.seat("anna")
		idle, waits := n.serve(anna, "idle"), n.serve(anna, "waits")
		for _, c := range []zongji.Conversation{idle, waits} {
			_, err := n.reply(anna, c.ID, "还在吗？")
			w.must(err)
		}
		n.write("waits", "在的")
		if how := w.ended(idle.ID); how != "idle" {
			t.Errorf("closed by %q, want idle", how)
		}
		time.Sleep(500 * time.Millisecond)
		if c := w.conv(waits.ID); c.Status != zongji.StatusAssigned {
			t.Errorf("a customer who waits for us was closed: %s", c.Status)
		}
		w.until("it takes no capacity", func() bool { return n.Statuses()[anna.User].Chats == 1 })
		w.conserved()
	})
}

func TestAWrapupEndsByItself(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{capacity: 1, queue: func(q *zongji.Queue) { q.WrapupS = 1 }})
		n := w.node(bus.NewMemory(), nil)
		anna := n.seat("anna")
		c := n.serve(anna, "first")
		_, err := n.Wrapup(t.Context(), anna, c.ID)
		w.must(err)
		st := n.write("second", "人工")
		if how := w.ended(c.ID); how != "wrapup_timeout" {
			t.Errorf("closed by %q, want wrapup_timeout", how)
		}
		if _, err := n.AcceptOffer(t.Context(), anna, n.offer(anna, st.Conv.ID).ID); err != nil {
			t.Errorf("the next customer, once there is room: %v", err)
		}
		w.conserved()
	})
}

func TestAnExclusiveAccountRunsOnOneNode(t *testing.T) {
	long(t)
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{})
		acc := w.mailbox()
		_, ok, err := db.Lease(t.Context(), fmt.Sprint("channel:", acc.ID), "a node that died", 2*time.Second)
		if err != nil || !ok {
			t.Fatal(err)
		}
		began, b := time.Now(), bus.NewMemory()
		var fakes []*channeltest.Fake
		var nodes []*node
		for range 2 {
			f := channeltest.New("email", nil)
			kind := f.Kind()
			kind.Exclusive = true
			fakes, nodes = append(fakes, f), append(nodes, w.node(b, with(kind)))
		}
		first := 0
		w.until("one node takes the account over", func() bool {
			for i, f := range fakes {
				if f.Running() {
					first = i
					return true
				}
			}
			return false
		})
		if d := time.Since(began); d < 1900*time.Millisecond {
			t.Errorf("taken over after %v, while the dead node's lease stood", d)
		}
		if fakes[1-first].Running() {
			t.Error("both nodes run the account")
		}
		nodes[first].stop()
		w.until("the other node takes it over", func() bool { return fakes[1-first].Running() })
	})
}
