package agentdesk

import (
	"context"
	"runtime"
	"sync"
	"time"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
)

type systemAnswer struct {
	Version      string            `json:"version"`
	Go           string            `json:"go"`
	Store        store.Info        `json:"store"`
	Routing      router.SystemInfo `json:"routing"`
	Nodes        []store.Node      `json:"nodes"`
	Screens      int               `json:"screens"` // sockets of desks on this node
	DiskFree     int64             `json:"disk_free"`
	DiskTotal    int64             `json:"disk_total"`
	HeapBytes    uint64            `json:"heap_bytes"`
	Now          zongji.Ms         `json:"now"`
	Ready        readiness         `json:"ready"`
	Conservation *proven           `json:"conservation"` // null until the first check has ended
}

func (d *Desk) system(ctx context.Context, _ zongji.Actor, _ *struct{}) (systemAnswer, error) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	a := systemAnswer{Version: d.cfg.Version, Go: runtime.Version(), Store: d.cfg.Store.Info(), Routing: d.cfg.Router.SystemInfo(ctx),
		Screens: d.hub.size(), HeapBytes: mem.HeapAlloc, Now: d.now(), Ready: d.ready(ctx), Conservation: d.proof.look(d.now())}
	var err error
	if a.Nodes, err = d.cfg.Store.Nodes(ctx); err != nil {
		return a, err
	}
	a.DiskFree, a.DiskTotal, err = d.cfg.Blobs.Free()
	return a, err
}

// proofEvery is how old a conservation check may be before a look at the
// system card starts the next: it reads the whole database.
const proofEvery = time.Minute

// proven is one check of the whole database.
type proven struct {
	store.Report
	OK     bool      `json:"ok"`
	At     zongji.Ms `json:"at"`
	TookMs int64     `json:"took_ms"`
	Err    string    `json:"err,omitempty"` // "failed": the log says why
}

// proof keeps the newest check. Nobody looks, nothing is read.
type proof struct {
	wanted chan struct{}

	mu   sync.Mutex
	last *proven
}

// look returns the newest check, nil when there was none, and asks for
// another when that is old.
func (a *proof) look(now zongji.Ms) *proven {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil || now.Sub(a.last.At) >= proofEvery {
		select {
		case a.wanted <- struct{}{}:
		default: // it runs
		}
	}
	return a.last
}

// runProof checks what is asked for until ctx ends.
func (d *Desk) runProof(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.proof.wanted:
		}
		began := d.now()
		rep, err := d.cfg.Store.Conservation(ctx)
		done := &proven{At: d.now(), TookMs: d.now().Sub(began).Milliseconds()}
		if err == nil {
			done.Report, done.OK = *rep, rep.OK()
			if !done.OK {
				d.log.Error("the database is not conserved: run zongji doctor", "report", rep)
			}
		} else if ctx.Err() == nil {
			d.log.Error("conservation not checked", "err", err)
			done.Err = "failed"
		}
		d.proof.mu.Lock()
		d.proof.last = done
		d.proof.mu.Unlock()
	}
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
