package agentdesk

import (
	"cmp"
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
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

type wallQueue struct {
	ID       int64     `json:"id"`
	Key      string    `json:"key"`
	Name     string    `json:"name"`
	Team     int64     `json:"team"`
	Waiting  int       `json:"waiting"`
	Oldest   zongji.Ms `json:"oldest_at,omitempty"` // since when the longest waits
	LongestS int64     `json:"longest_s"`
	WaitS    int       `json:"wait_s"` // expected for who comes now
	FirstS   int       `json:"first_s"`
	Ready    int       `json:"ready"` // agents of its team who are ready
	Online   int       `json:"online"`
}

type wallAgent struct {
	agentCard
	TeamName string `json:"team_name,omitempty"`
}

type wallAnswer struct {
	At     zongji.Ms   `json:"at"`
	Queues []wallQueue `json:"queues"`
	Agents []wallAgent `json:"agents"`
	Today  store.Wall  `json:"today"`
}

// wall is the live picture of the house.
func (d *Desk) wall(ctx context.Context, me zongji.Actor, _ *struct{}) (wallAnswer, error) {
	now := d.now()
	a := wallAnswer{At: now, Queues: []wallQueue{}, Agents: []wallAgent{}}
	h, err := d.house(ctx)
	if err != nil {
		return a, err
	}
	t := now.Time().In(d.cfg.Zone)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, d.cfg.Zone)
	if a.Today, err = d.cfg.Store.Wall(ctx, zongji.MsOf(day), now); err != nil {
		return a, err
	}
	statuses := d.cfg.Router.Statuses()
	names := map[int64]string{}
	for _, t := range h.teams {
		names[t.ID] = t.Name
	}
	for _, u := range h.users {
		if u.Disabled || u.Capacity == 0 {
			continue
		}
		st, ok := statuses[u.ID]
		if !ok {
			st = zongji.AgentStatus{User: u.ID, Team: u.Team, State: zongji.AgentOffline, Capacity: u.Capacity}
		}
		a.Agents = append(a.Agents, wallAgent{agentCard{u.ID, u.Name, u.Nick, u.Team, u.Role, u.Skills, st}, names[u.Team]})
	}
	slices.SortFunc(a.Agents, func(x, y wallAgent) int {
		return cmp.Or(cmp.Compare(x.Team, y.Team), cmp.Compare(x.ID, y.ID))
	})
	for _, q := range h.queues {
		if q.Disabled {
			continue
		}
		w, err := d.wallQueue(ctx, q, now)
		if err != nil {
			return a, err
		}
		for _, g := range a.Agents {
			if g.Team == q.Team && g.Status.Online {
				w.Online++
				if g.Status.State == zongji.AgentReady {
					w.Ready++
				}
			}
		}
		a.Queues = append(a.Queues, w)
	}
	return a, nil
}

// wallQueue counts who waits in q from SQL, which is right also while the bus
// is down.
func (d *Desk) wallQueue(ctx context.Context, q zongji.Queue, now zongji.Ms) (wallQueue, error) {
	w := wallQueue{ID: q.ID, Key: q.Key, Name: q.Name, Team: q.Team, FirstS: q.FirstS, WaitS: d.cfg.Router.Estimate(q.ID)}
	waiting, next, err := d.cfg.Store.ListConversations(ctx, zongji.Scope{All: true}, store.ListReq{View: "waiting", Queue: q.ID, Limit: pageMax})
	if err != nil {
		return w, err
	}
	if w.Waiting = len(waiting); next != "" {
		w.Waiting = max(w.Waiting, d.depths(ctx)[q.ID])
	}
	for _, c := range waiting {
		if c.QueuedAt != 0 && (w.Oldest == 0 || c.QueuedAt < w.Oldest) {
			w.Oldest = c.QueuedAt
		}
	}
	if w.Oldest != 0 {
		w.LongestS = int64(now.Sub(w.Oldest).Seconds())
	}
	return w, nil
}

type systemAnswer struct {
	Version   string            `json:"version"`
	Go        string            `json:"go"`
	Store     store.Info        `json:"store"`
	Routing   router.SystemInfo `json:"routing"`
	Screens   int               `json:"screens"` // sockets of desks on this node
	DiskFree  int64             `json:"disk_free"`
	DiskTotal int64             `json:"disk_total"`
	HeapBytes uint64            `json:"heap_bytes"`
	Now       zongji.Ms         `json:"now"`
	Ready     readiness         `json:"ready"`
}

func (d *Desk) system(ctx context.Context, _ zongji.Actor, _ *struct{}) (systemAnswer, error) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	a := systemAnswer{Version: d.cfg.Version, Go: runtime.Version(), Store: d.cfg.Store.Info(), Routing: d.cfg.Router.SystemInfo(ctx),
		Screens: d.hub.size(), HeapBytes: mem.HeapAlloc, Now: d.now(), Ready: d.ready(ctx)}
	var err error
	a.DiskFree, a.DiskTotal, err = d.cfg.Blobs.Free()
	return a, err
}

type readiness struct {
	OK    bool              `json:"ok"`
	Parts map[string]string `json:"parts"` // "ok", or what is wrong
}

const (
	readyWait = 2 * time.Second // for all parts together
	fullFrom  = 0.9             // of the disk: said in /readyz
)

// ready reports whether this node should get traffic: its database answers and
// it does not stop. Without the bus customers are still served, so that only
// degrades it.
func (d *Desk) ready(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	r := readiness{OK: true, Parts: map[string]string{"store": "ok", "bus": "ok", "leader": "ok", "disk": "ok"}}
	if err := d.cfg.Store.Ping(ctx); err != nil {
		r.OK, r.Parts["store"] = false, "down"
	}
	info := d.cfg.Router.SystemInfo(ctx)
	switch {
	case !info.BusOK:
		r.Parts["bus"], r.Parts["leader"] = "down", "unknown"
	case info.Holder == "":
		r.Parts["leader"] = "none"
	}
	if free, total, err := d.cfg.Blobs.Free(); err != nil {
		r.OK, r.Parts["disk"] = false, "unreadable"
	} else if float64(total-free) > fullFrom*float64(total) {
		r.Parts["disk"] = "nearly full"
	}
	if d.draining.Load() {
		r.OK, r.Parts["node"] = false, "stops"
	}
	return r
}
