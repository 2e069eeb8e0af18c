package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// ListConfig says how large the lists are that are read.
type ListConfig struct {
	Conversations int    // stored; 0 = 100,000
	Reads         int    // of each view; 0 = 400
	DSN           string // "" = SQLite in a scratch folder
	Progress      io.Writer
}

// ListResult is what a page of 50 rows costs.
type ListResult struct {
	Conversations int                `json:"conversations"`
	P50           float64            `json:"p50_ms"`
	P99           float64            `json:"p99_ms"`
	Views         map[string]float64 `json:"p99_ms_by_view"`
	Store         string             `json:"store"`
}

const listAgents = 50

// List measures the conversation lists of the desk, first page and fifth.
func List(ctx context.Context, cfg ListConfig) (ListResult, error) {
	if cfg.Conversations == 0 {
		cfg.Conversations = 100_000
	}
	if cfg.Reads == 0 {
		cfg.Reads = 400
	}
	if cfg.DSN == "" {
		dir, err := os.MkdirTemp("", "zjlist")
		if err != nil {
			return ListResult{}, err
		}
		defer os.RemoveAll(dir)
		cfg.DSN = filepath.Join(dir, "z.db")
	}
	db, err := store.Open(ctx, store.Config{DSN: cfg.DSN})
	if err != nil {
		return ListResult{}, err
	}
	defer db.Close()
	if err := fillLists(ctx, db, cfg); err != nil {
		return ListResult{}, err
	}
	res := ListResult{Conversations: cfg.Conversations, Views: map[string]float64{}, Store: db.Info().Kind}
	all := &latencies{}
	for _, view := range []string{"mine", "waiting", "team", "all", "closed"} {
		one := &latencies{}
		for i := range cfg.Reads {
			s := zongji.Scope{User: int64(1 + i%listAgents), Teams: []int64{int64(1 + i%5)}, Queues: []int64{int64(1 + i%5)}, All: view == "all" || i%4 == 0}
			before := ""
			for page := range 1 + 4*(i%2) {
				began := time.Now()
				_, next, err := db.ListConversations(ctx, s, store.ListReq{View: view, Limit: 50, Before: before})
				if err != nil {
					return res, fmt.Errorf("%s: %w", view, err)
				}
				if page == 0 || page == 4 {
					d := time.Since(began)
					one.add(d)
					all.add(d)
				}
				if before = next; next == "" {
					break
				}
			}
		}
		_, res.Views[view] = one.quantiles()
	}
	res.P50, res.P99 = all.quantiles()
	return res, nil
}

// fillLists stores conversations of every state: of 100, 4 are waiting, 16
// with agents, the rest closed.
func fillLists(ctx context.Context, db *store.DB, cfg ListConfig) error {
	at := zongji.MsOf(time.Now().Add(-time.Duration(cfg.Conversations) * time.Second))
	const part = 2000
	for done := 0; done < cfg.Conversations; done += part {
		batch := make([]store.HistoryConversation, min(part, cfg.Conversations-done))
		for i := range batch {
			n := done + i
			c := zongji.Conversation{Channel: 1, Kind: "webchat", Thread: fmt.Sprint("t", n), Lang: "zh-CN", Status: zongji.StatusClosed, Queue: int64(1 + n%5), Team: int64(1 + n%5),
				CreatedAt: at, LastAt: at, ClosedAt: at, LastUser: int64(1 + n%listAgents), Preview: "我的空调不制冷了"}
			switch k := n % 100; {
			case k < 4:
				c.Status, c.ClosedAt, c.QueuedAt, c.WaitingFrom = zongji.StatusQueued, 0, at, at
			case k < 20:
				c.Status, c.ClosedAt, c.Owner, c.AssignedAt = zongji.StatusAssigned, 0, int64(1+n%listAgents), at
			}
			batch[i] = store.HistoryConversation{Contact: zongji.Contact{Name: fmt.Sprint("顾客", n)}, Conv: c,
				Messages: []zongji.Message{{From: zongji.FromContact, Text: "我的空调不制冷了", At: at}}}
			at++
		}
		if err := db.LoadHistory(ctx, batch, "", nil); err != nil {
			return err
		}
		fmt.Fprintf(cfg.Progress, "\r%d of %d conversations stored", done+len(batch), cfg.Conversations)
	}
	fmt.Fprintln(cfg.Progress)
	return nil
}
