package router

import (
	"context"
	"time"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

// check compares engine and SQL now and then. The rows are read beside the
// leader, which waits for nothing.
func (l *leader) check(now zongji.Ms) []engine.Event {
	select {
	case rows := <-l.rows:
		return l.compare(now, rows)
	default:
	}
	every := l.r.cfg.Check
	if len(l.doubts) > 0 {
		every = min(every, l.r.cfg.Reconcile)
	}
	if time.Since(l.checked) < every {
		return nil
	}
	l.checked = time.Now()
	l.effects.do(0, func(ctx context.Context) {
		rows, err := l.r.db.LiveConversations(ctx)
		if err != nil {
			l.r.warn(ctx, "live conversations not read", err)
			return
		}
		select {
		case l.rows <- rows:
		default:
		}
	})
	return nil
}

// compare holds the engine against SQL and repairs what differs. A command
// that is still on its way is no difference: only what differs in the same
// epoch twice in a row, one check apart, counts.
func (l *leader) compare(now zongji.Ms, rows []zongji.Conversation) []engine.Event {
	inSQL := make(map[int64]*zongji.Conversation, len(rows))
	for i := range rows {
		inSQL[rows[i].ID] = &rows[i]
	}
	doubts := map[int64]int64{}
	var evs []engine.Event
	differs := func(conv, epoch int64, fix zongji.Command) {
		if l.doubts[conv] != epoch {
			doubts[conv] = epoch
			return
		}
		l.r.metrics.divergence.Inc()
		l.r.log.Warn("engine and SQL differ: repaired", "conv", conv, "op", fix.Op)
		evs = append(evs, l.eng.Apply(now, fix)...)
	}
	known := map[int64]bool{}
	for _, e := range l.entries() {
		known[e.conv] = true
		c := inSQL[e.conv]
		switch {
		case c == nil:
			differs(e.conv, e.epoch, zongji.Command{Op: zongji.OpRelease, Conv: e.conv, Epoch: e.epoch + 1})
		case e.waits != (c.Status == zongji.StatusQueued) || !e.waits && e.agent != c.Owner:
			differs(e.conv, c.Epoch, command(c))
		}
	}
	for id, c := range inSQL {
		if !known[id] {
			differs(id, c.Epoch, command(c))
		}
	}
	l.doubts = doubts
	return evs
}

// entry is what the engine believes of one conversation.
type entry struct {
	conv, epoch, agent int64
	waits              bool
}

func (l *leader) entries() (out []entry) {
	s := l.eng.Snapshot()
	for _, w := range s.Waiting {
		out = append(out, entry{conv: w.Conv, epoch: w.Epoch, waits: true})
	}
	for _, o := range s.Offers { // of a broadcast there may be several: the first says enough
		out = append(out, entry{conv: o.Conv, epoch: o.Epoch, waits: true})
	}
	for _, h := range s.Held {
		out = append(out, entry{conv: h.Conv, epoch: h.Epoch, agent: h.Agent})
	}
	return out
}

// command is what brings the engine to a row's state.
func command(c *zongji.Conversation) zongji.Command {
	cmd := zongji.Command{Conv: c.ID, Epoch: c.Epoch, Units: c.Units, QueuedAt: c.QueuedAt, Demand: c.Demand}
	switch {
	case c.Status == zongji.StatusQueued:
		cmd.Op = zongji.OpEnqueue
	case c.Status.Holds():
		cmd.Op, cmd.Agent = zongji.OpAssigned, c.Owner
	default:
		cmd.Op = zongji.OpRelease
	}
	return cmd
}
