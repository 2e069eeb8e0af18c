package router_test

import (
	"context"
	"testing"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

// TestAnAccountThatDoesNotOpenSaysWhy: what is wrong with its settings stands in
// its health and once in its log, until it is right.
func TestAnAccountThatDoesNotOpenSaysWhy(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{})
		set := zongji.ChannelAccount{Kind: "strict", Name: "strict", Key: "strict", Queue: w.queue.ID, Settings: map[string]string{}}
		set, err := db.PutChannel(t.Context(), set)
		w.must(err)
		fake := channeltest.New("strict", nil)
		kind := fake.Kind()
		open := kind.Open
		kind.Open = func(ctx context.Context, a zongji.ChannelAccount, d channels.Deps) (channels.Channel, error) {
			if a.Settings["key"] == "" {
				return nil, zongji.Errorf(zongji.Invalid, "missing_settings", "key is needed")
			}
			return open(ctx, a, d)
		}
		n := w.node(bus.NewMemory(), func(c *router.Config) { c.Kinds = append(c.Kinds, kind) })
		health := func() store.ChannelHealth {
			all, err := db.Health(t.Context())
			w.must(err)
			return all[set.ID]
		}
		w.until("it is told", func() bool {
			log, err := db.ChannelLog(t.Context(), set.ID, 10)
			return err == nil && len(log) > 0 && health().State == "config"
		})
		if h := health(); h.Code != "strict:settings" || h.Text != "key is needed" {
			t.Errorf("%+v", h)
		}
		for range 3 {
			w.must(n.Load(t.Context()))
		}
		if log, err := db.ChannelLog(t.Context(), set.ID, 10); err != nil || len(log) != 1 || log[0].Code != "strict:settings" {
			t.Errorf("%+v %v", log, err)
		}
		set.Settings["key"], set.Updated = "k", set.Updated+1
		set, err = db.PutChannel(t.Context(), set)
		w.must(err)
		w.must(n.Load(t.Context()))
		w.until("it is well", func() bool { return fake.Running() && health().State == "" })
	})
}
