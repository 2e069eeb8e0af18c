package router

import (
	"context"
	"maps"
	"slices"
	"sync"

	"zongji/internal/zongji"
)

// presence are the agents with a socket on this node.
type presence struct {
	mu     sync.Mutex
	agents map[int64]bool
	wake   chan struct{} // limit 1: beat at once
}

func (p *presence) list() []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.agents))
}

// SetState changes what an agent says of himself, or what is said for him:
// by is his own id in words, "system", or a supervisor's.
func (r *Router) SetState(ctx context.Context, user int64, st zongji.AgentState, reason, by string) (zongji.AgentStatus, error) {
	switch st {
	case zongji.AgentReady, zongji.AgentBreak, zongji.AgentOffline, zongji.AgentUnanswered:
	default:
		return zongji.AgentStatus{}, zongji.Errorf(zongji.Invalid, "bad_state", "an agent is ready, on a break or offline")
	}
	status, err := r.db.SetAgentState(ctx, user, st, cleanText(reason), by)
	if err != nil {
		return status, err
	}
	if r.here(user) {
		status.Online, status.Seen = true, r.now()
	}
	return r.showAgent(ctx, status), nil
}

func (r *Router) here(agent int64) bool {
	r.presence.mu.Lock()
	defer r.presence.mu.Unlock()
	return r.presence.agents[agent]
}

// showAgent tells the screens and the engine how an agent is now, and returns
// that with what else is known of him.
func (r *Router) showAgent(ctx context.Context, st zongji.AgentStatus) zongji.AgentStatus {
	r.feed.mu.Lock()
	r.feed.learn(st)
	full := r.feed.status(r.book.Load(), st.User)
	r.feed.mu.Unlock()
	live := zongji.Live{Agent: &st}
	if r.feed.down.Load() || r.publishLive(ctx, live) != nil {
		r.feed.take(live)
	}
	if p, ok := r.book.Load().profile(full, full.Online); ok {
		r.send(ctx, zongji.Command{Op: zongji.OpAgent, Agent: st.User, Profile: p})
	}
	return full
}

// Present says that the agent's first socket on this node opened: he can be
// asked at once. The router beats his presence until Absent.
func (r *Router) Present(ctx context.Context, agent int64) {
	r.presence.mu.Lock()
	r.presence.agents[agent] = true
	r.presence.mu.Unlock()
	r.beat(ctx, agent)
	st := r.statusOf(agent)
	if st.Online {
		return
	}
	if err := r.db.LogPresence(ctx, agent, "online"); err != nil {
		r.log.Warn("presence not logged", "agent", agent, "err", err)
	}
	st.Online, st.Seen = true, r.now()
	r.showAgent(ctx, st)
}

// Absent says that the agent's last socket on this node closed. The leader
// waits a little before it counts him as gone.
func (r *Router) Absent(ctx context.Context, agent int64) {
	r.presence.mu.Lock()
	delete(r.presence.agents, agent)
	r.presence.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	if err := r.bus.Presence.Leave(ctx, agent, r.cfg.Node); err != nil {
		r.log.Debug("presence not ended, its lease does", "agent", agent, "err", err)
	}
}

func (r *Router) beat(ctx context.Context, agent int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busTimeout)
	defer cancel()
	if err := r.bus.Presence.Beat(ctx, agent, r.cfg.Node, r.cfg.BeatTTL); err != nil {
		r.log.Debug("presence not beaten", "agent", agent, "err", err)
	}
}

// runPresence keeps the presence of this node's agents alive; when it ends
// they leave, so that another node need not wait for the lease.
func (r *Router) runPresence(ctx context.Context) {
	for {
		for _, agent := range r.presence.list() {
			r.beat(ctx, agent)
		}
		c, stop := r.cfg.Clock.Timer(r.cfg.BeatEvery)
		select {
		case <-ctx.Done():
			stop()
			for _, agent := range r.presence.list() {
				r.Absent(ctx, agent)
			}
			return
		case <-r.presence.wake:
		case <-c:
		}
		stop()
	}
}
