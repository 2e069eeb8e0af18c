package router

import (
	"context"
	"fmt"
	"sync"
	"time"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

const (
	effectShards = 8    // effects of one conversation stay in order
	effectLimit  = 4096 // per shard; beyond it records are dropped and reconcile repairs the rest
	appliedEvery = 100 * time.Millisecond
)

// effects does in SQL what follows from engine events, so that the leader
// never waits for a database.
type effects struct {
	r      *Router
	shards [effectShards]chan func(context.Context)
	cmds   chan []int64
	asked  map[int64]zongji.Ms // agent → when his conversations were last looked for; the leader's goroutine only
}

func newEffects(r *Router) *effects {
	e := &effects{r: r, cmds: make(chan []int64, effectLimit), asked: map[int64]zongji.Ms{}}
	for i := range e.shards {
		e.shards[i] = make(chan func(context.Context), effectLimit)
	}
	return e
}

func (e *effects) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, shard := range e.shards {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case do := <-shard:
					do(ctx)
				}
			}
		})
	}
	wg.Go(func() { e.deleteApplied(ctx) })
	wg.Wait()
}

func (e *effects) do(key int64, fn func(context.Context)) {
	select {
	case e.shards[uint64(key)%effectShards] <- fn:
	default:
		e.r.metrics.dropped.WithLabelValues("effect").Inc()
	}
}

// applied says that commands are in the engine and in the mirror.
func (e *effects) applied(ids []int64) {
	if len(ids) == 0 {
		return
	}
	select {
	case e.cmds <- append([]int64(nil), ids...):
	default: // sent again by reconcile, dropped by the engine, deleted then
		e.r.metrics.dropped.WithLabelValues("applied").Inc()
	}
}

// deleteApplied deletes rows of applied commands in batches.
func (e *effects) deleteApplied(ctx context.Context) {
	var ids []int64
	for e.r.sleep(ctx, appliedEvery) {
		for more := true; more; {
			select {
			case some := <-e.cmds:
				ids = append(ids, some...)
			default:
				more = false
			}
		}
		if len(ids) == 0 {
			continue
		}
		if err := e.r.db.CmdsApplied(ctx, ids); err != nil {
			e.r.log.Debug("applied commands not deleted", "err", err)
			continue
		}
		ids = nil
	}
}

// add queues what follows from engine events.
func (e *effects) add(evs []engine.Event) {
	for _, ev := range evs {
		switch ev.Kind {
		case engine.Offered:
			e.offered(ev)
		case engine.OfferEnded:
			e.ended(ev)
		case engine.Unanswered:
			e.do(ev.Agent, func(ctx context.Context) {
				_, err := e.r.SetState(ctx, ev.Agent, zongji.AgentUnanswered, "", zongji.BySystem)
				e.log(ctx, "agent not set to unanswered", err)
			})
		case engine.Fallback:
			e.do(ev.Conv, func(ctx context.Context) {
				e.log(ctx, "conversation not moved to its fallback queue", e.r.fallback(ctx, ev.Conv, ev.Queue, ev.Reason))
			})
		}
	}
}

func (e *effects) log(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		e.r.log.Warn(what, "err", err)
	}
}

func (e *effects) offered(ev engine.Event) {
	o := ev.Offer
	e.do(o.Conv, func(ctx context.Context) {
		e.record(ctx, zongji.EvOffered, o, zongji.OfferData{Offer: o.ID, Agent: o.Agent, Until: o.Until, Reason: ev.Reason, Candidates: ev.Candidates})
		if o.Auto {
			e.r.autoAccept(ctx, o)
		}
	})
}

func (e *effects) ended(ev engine.Event) {
	kinds := map[string]zongji.EventKind{"lapsed": zongji.EvLapsed, "declined": zongji.EvDeclined}
	kind, ok := kinds[ev.Reason]
	if !ok {
		return
	}
	o := ev.Offer
	e.do(o.Conv, func(ctx context.Context) {
		e.record(ctx, kind, o, zongji.OfferData{Offer: o.ID, Agent: o.Agent, Reason: ev.Why})
	})
}

// record keeps an offer's story in the conversation, once per offer and kind.
func (e *effects) record(ctx context.Context, kind zongji.EventKind, o zongji.Offer, data zongji.OfferData) {
	ch, err := e.r.db.AddEvent(ctx, o.Conv, kind, zongji.BySystem, o.Agent, data, fmt.Sprintf("%s:%d", kind, o.ID))
	if err != nil {
		e.log(ctx, "offer not recorded", err)
		return
	}
	if ch != nil {
		e.r.publish(ctx, &ch.Conv, ch.Events)
	}
}

// presence writes down and shows that an agent came or went.
func (e *effects) presence(st zongji.AgentStatus) {
	kind := "offline"
	if st.Online {
		kind = "online"
	}
	e.do(st.User, func(ctx context.Context) {
		e.log(ctx, "presence not logged", e.r.db.LogPresence(ctx, st.User, kind))
		_ = e.r.publishLive(ctx, zongji.Live{Agent: &st})
	})
}

// lost gives back the conversations of an agent who has been gone too long.
func (e *effects) lost(agent int64, gone time.Duration) {
	now := e.r.now()
	if now.Sub(e.asked[agent]) < time.Second {
		return
	}
	e.asked[agent] = now
	b := e.r.book.Load()
	for conv, h := range e.r.feed.heldBy(agent) {
		if gone < seconds(b.queues[h.queue].LostS, lostDefault) {
			continue
		}
		e.do(conv, func(ctx context.Context) {
			e.log(ctx, "lost agent's conversation not given back", e.r.lost(ctx, conv, agent))
		})
	}
}

// lostDefault is after how long a vanished agent's conversations go back
// where the queue says nothing.
const lostDefault = time.Minute

// heldBy returns what an agent serves, as this node knows.
func (f *feed) heldBy(agent int64) map[int64]held {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loads[agent].chats == 0 {
		return nil
	}
	out := map[int64]held{}
	for conv, h := range f.live {
		if h.status == zongji.StatusAssigned && h.owner == agent {
			out[conv] = h
		}
	}
	return out
}

// autoAccept takes an offer in the agent's name where his queue wants that.
func (r *Router) autoAccept(ctx context.Context, o zongji.Offer) {
	taken, ok, err := r.bus.Offers.Take(ctx, r.cfg.Pool, o.ID)
	if err != nil || !ok {
		return
	}
	_, err = r.acceptTaken(ctx, zongji.Actor{User: o.Agent, Name: r.book.Load().name(o.Agent)}, taken, "auto")
	if err != nil && ctx.Err() == nil {
		r.log.Debug("offer not taken automatically", "conv", o.Conv, "agent", o.Agent, "err", err)
	}
}
