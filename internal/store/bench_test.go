package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// BenchmarkSaveInbound writes to 1,000 open conversations from 64 goroutines
// at once.
func BenchmarkSaveInbound(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "z.db"), zongji.Wall{})
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			save(b, db, inbound(fmt.Sprint("v", i%1000), fmt.Sprint(i), "请问我的订单什么时候发货，已经等了三天了"))
		}
	})
	b.ReportMetric(float64(db.Statements())/float64(b.N), "sql/op")
}

// BenchmarkLists reads pages at 100,000 conversations and reports the
// slowest in a hundred, which must stay below 20 ms.
func BenchmarkLists(b *testing.B) {
	if testing.Short() {
		b.Skip("fills 100,000 conversations: skipped by -short")
	}
	db := open(b, filepath.Join(b.TempDir(), "z.db"), zongji.Wall{})
	now := zongji.MsOf(time.Now())
	states := []zongji.Status{zongji.StatusQueued, zongji.StatusAssigned, zongji.StatusClosed, zongji.StatusClosed}
	var all []store.HistoryConversation
	for i := range 100_000 {
		c := zongji.Conversation{Channel: 1, Kind: "webchat", Status: states[i%4], Team: int64(1 + i%10), Queue: int64(1 + i%20), Units: 1, CreatedAt: now, LastAt: now, QueuedAt: now + zongji.Ms(i)}
		if c.Status == zongji.StatusAssigned {
			c.Owner = int64(1 + i%100)
		}
		all = append(all, store.HistoryConversation{Contact: zongji.Contact{Name: "客"}, Conv: c, Messages: []zongji.Message{{From: zongji.FromContact, Text: "你好", At: now + zongji.Ms(i)}}})
	}
	if err := db.LoadHistory(b.Context(), all, "", nil); err != nil {
		b.Fatal(err)
	}
	scopes := []zongji.Scope{{All: true, User: 1}, {User: 5, Teams: []int64{3}, Queues: []int64{4, 5}}}
	for _, view := range []string{"mine", "waiting", "team", "all", "closed"} {
		b.Run(view, func(b *testing.B) {
			var took []time.Duration
			before := ""
			for b.Loop() {
				at := time.Now()
				_, next, err := db.ListConversations(b.Context(), scopes[len(took)%2], store.ListReq{View: view, Before: before})
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(at))
				if before = next; len(took)%20 == 0 {
					before = ""
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Counts(b.Context(), scopes[1]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
