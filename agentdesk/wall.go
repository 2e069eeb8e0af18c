package agentdesk

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// depths returns how many wait by queue, empty while the bus is down.
func (d *Desk) depths(ctx context.Context) map[int64]int {
	if d.cfg.Bus == nil {
		return nil
	}
	depths, _ := d.cfg.Bus.Pool.Depths(ctx, zongji.MainPool) // without them queues show no figure; readyz tells
	return depths
}

// setting reads a setting into v; one that was never written leaves v as is.
func (d *Desk) setting(ctx context.Context, key string, v any) error {
	text, err := d.cfg.Store.Setting(ctx, key)
	if zongji.KindOf(err) == zongji.NotFound || err == nil && text == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), v)
}

// queueNow is a queue now.
type queueNow struct {
	ID       int64     `json:"id"`
	Key      string    `json:"key"`
	Name     string    `json:"name"`
	Team     int64     `json:"team"`
	Waiting  int       `json:"waiting"`
	Oldest   zongji.Ms `json:"oldest_at,omitempty"` // since when the longest waits
	LongestS int64     `json:"longest_s"`
	WaitS    int       `json:"wait_s"`  // expected for who comes now
	FirstS   int       `json:"first_s"` // promised until the first answer
	Online   int       `json:"online"`  // agents of its team
	Ready    int       `json:"ready"`
}

type agentNow struct {
	agentCard
	TeamName string `json:"team_name,omitempty"`
}

type wallAnswer struct {
	At        zongji.Ms      `json:"at"`
	Queues    []queueNow     `json:"queues"`
	Agents    []agentNow     `json:"agents"`
	Today     *store.Wall    `json:"today"`     // figures, and the curve by 15 minutes
	Yesterday store.WallSlot `json:"yesterday"` // until the same time of day
}

// wall is the live picture of the house. Who waits is counted in SQL, which is
// right also while the bus is down.
func (d *Desk) wall(ctx context.Context, _ zongji.Actor, _ *struct{}) (wallAnswer, error) {
	now := d.now()
	t := now.Time().In(d.cfg.Zone)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, d.cfg.Zone)
	h, err := d.house(ctx)
	if err != nil {
		return wallAnswer{}, err
	}
	w, err := d.cfg.Store.Wall(ctx, zongji.MsOf(day), now)
	if err != nil {
		return wallAnswer{}, err
	}
	const dayMs = 24 * 3600 * 1000
	before, err := d.cfg.Store.Wall(ctx, zongji.MsOf(day)-dayMs, now-dayMs)
	if err != nil {
		return wallAnswer{}, err
	}
	a := wallAnswer{At: now, Queues: []queueNow{}, Agents: d.wallAgents(h), Today: w, Yesterday: before.Today}
	for _, q := range h.queues {
		if !q.Disabled {
			a.Queues = append(a.Queues, d.queueNow(q, w, a.Agents, now))
		}
	}
	return a, nil
}

func (d *Desk) wallAgents(h house) []agentNow {
	teams := map[int64]string{}
	for _, t := range h.teams {
		teams[t.ID] = t.Name
	}
	out := []agentNow{}
	for _, c := range d.cards(h.users) {
		if c.Status.Capacity > 0 {
			out = append(out, agentNow{c, teams[c.Team]})
		}
	}
	slices.SortFunc(out, func(x, y agentNow) int {
		return cmp.Or(cmp.Compare(x.Team, y.Team), cmp.Compare(x.ID, y.ID))
	})
	return out
}

func (d *Desk) queueNow(q zongji.Queue, w *store.Wall, agents []agentNow, now zongji.Ms) queueNow {
	out := queueNow{ID: q.ID, Key: q.Key, Name: q.Name, Team: q.Team, FirstS: q.FirstS, WaitS: d.cfg.Router.Estimate(q.ID)}
	if x, err := find(w.Queues, nil, func(x store.WallQueue) bool { return x.Queue == q.ID }); err == nil { // else nobody waits
		out.Waiting, out.Oldest = x.Waiting, x.OldestFrom
	}
	if out.Oldest != 0 {
		out.LongestS = int64(now.Sub(out.Oldest).Seconds())
	}
	for _, g := range agents {
		if g.Team == q.Team && g.Status.Online {
			out.Online++
			if g.Status.State == zongji.AgentReady {
				out.Ready++
			}
		}
	}
	return out
}
