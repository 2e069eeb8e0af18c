package router_test

import (
	"encoding/json"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

func TestWhatNobodyCanServeIsToldAndWaits(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, setup{queue: func(q *zongji.Queue) { q.Skills = []zongji.SkillLevel{{Skill: "welding", Level: 3}} }})
		reg := prometheus.NewRegistry()
		n := w.node(bus.NewMemory(), func(c *router.Config) { c.Reg = reg })
		anna := n.seat("anna")
		conv := n.write("visitor", "人工").Conv.ID
		var told []zongji.RoutedData
		w.until("it is told", func() bool {
			evs, err := db.Events(t.Context(), conv, []zongji.EventKind{zongji.EvUnroutable}, 100)
			w.must(err)
			told = make([]zongji.RoutedData, len(evs))
			for i, ev := range evs {
				w.must(json.Unmarshal(ev.Data, &told[i]))
			}
			return len(told) > 0
		})
		if len(told) != 1 || told[0].Reason != "nobody" || told[0].Queue != w.queue.ID {
			t.Errorf("told %+v", told)
		}
		w.until("the alert is raised", func() bool {
			all, err := reg.Gather()
			w.must(err)
			for _, m := range all {
				if m.GetName() == "zongji_unroutable_total" {
					return m.GetMetric()[0].GetCounter().GetValue() == 1
				}
			}
			return false
		})
		if c := w.conv(conv); c.Status != zongji.StatusQueued {
			t.Errorf("it is %s, want queued", c.Status)
		}
		u := w.users["anna"]
		u.Skills = map[string]int{"welding": 4} // somebody learns it: it was never lost
		_, err := db.PutUser(t.Context(), u)
		w.must(err)
		w.must(n.Announce(t.Context(), "users"))
		n.offer(anna, conv)
		w.conserved()
	})
}
