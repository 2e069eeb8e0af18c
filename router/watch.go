package router

import (
	"context"
	"reflect"
	"time"

	"zongji/internal/zongji"
	"zongji/router/engine"
)

const (
	presenceEvery = time.Second     // how often the leader looks who is there
	showAgain     = 2 * time.Second // after so long screens are told again who is there, when they know it wrong
)

// agents returns all agents for a new engine and notes who is there. Whom
// this node has seen there is given the time of grace: after a flush his node
// needs a moment to say so again.
func (l *leader) agents(now zongji.Ms, states map[int64]zongji.AgentStatus, alive map[int64]bool) []zongji.AgentProfile {
	var out []zongji.AgentProfile
	clear(l.told)
	for id := range l.book.users {
		known := l.r.statusOf(id)
		switch _, ok := l.lastAlive[id]; {
		case alive[id], !ok && known.Online:
			l.lastAlive[id] = now
		case !ok:
			l.lastAlive[id] = now.Add(-l.r.cfg.AbsentAfter) // gone; his conversations have their time from now on
		}
		st := states[id]
		st.User, l.online[id] = id, l.there(now, id)
		if p, ok := l.book.profile(st, l.online[id]); ok {
			out, l.told[id] = append(out, *p), *p
		}
	}
	return out
}

// there reports whether an agent counts as reachable: a moment without socket
// is no absence.
func (l *leader) there(now zongji.Ms, id int64) bool {
	return now.Sub(l.lastAlive[id]) < l.r.cfg.AbsentAfter
}

// statuses is what the screens are told of all agents by a new leader, for
// what was lost with the stream.
func (l *leader) statuses(now zongji.Ms) []zongji.Live {
	var out []zongji.Live
	for id, online := range l.online {
		if st := l.r.statusOf(id); online || st.Online {
			st.Online, st.Seen = online, now
			out = append(out, zongji.Live{Agent: &st})
		}
	}
	return out
}

// follow tells the engine of edited queues and users.
func (l *leader) follow(now zongji.Ms) []engine.Event {
	b := l.r.book.Load()
	if b == l.book {
		return nil
	}
	l.book = b
	var evs []engine.Event
	for _, q := range b.queues {
		evs = append(evs, l.eng.Apply(now, zongji.Command{Op: zongji.OpQueue, Queue: &q})...)
	}
	for id := range b.users {
		evs = append(evs, l.tell(now, l.r.statusOf(id))...)
	}
	return evs
}

// look finds out who is there. Who lost his last socket gets no offers after
// a moment of grace; later his conversations go back to their queues.
func (l *leader) look(ctx context.Context, now zongji.Ms) []engine.Event {
	l.looked = time.Now()
	alive, err := l.r.bus.Presence.Alive(ctx)
	if err != nil {
		return nil
	}
	var evs []engine.Event
	for id := range l.book.users {
		if alive[id] {
			l.lastAlive[id] = now
		}
		st, there := l.r.statusOf(id), l.there(now, id)
		if there != l.online[id] || there != st.Online && now.Sub(st.Seen) > showAgain {
			l.online[id] = there
			st.Online, st.Seen = there, now
			l.effects.presence(st)
		}
		evs = append(evs, l.tell(now, st)...)
		if !there {
			l.effects.lost(id, now.Sub(l.lastAlive[id]))
		}
	}
	return evs
}

// hear takes what an agent's own node says of him, before the next look.
func (l *leader) hear(now zongji.Ms, p zongji.AgentProfile) []engine.Event {
	if p.Online {
		l.lastAlive[p.ID], l.online[p.ID] = now, true
	}
	return l.tell(now, zongji.AgentStatus{User: p.ID, State: p.State, Since: p.Since})
}

// tell brings the engine to what is known of an agent, whatever way he
// changed. Commands and events come in no order: of two states the later one
// holds.
func (l *leader) tell(now zongji.Ms, st zongji.AgentStatus) []engine.Event {
	old := l.told[st.User]
	if st.Since < old.Since {
		st.State, st.Since = old.State, old.Since
	}
	p, ok := l.book.profile(st, l.online[st.User])
	if !ok && old.ID != 0 { // removed, or serves nobody any more
		p, ok = &zongji.AgentProfile{ID: old.ID, State: zongji.AgentOffline, Since: old.Since}, true
	}
	if !ok || reflect.DeepEqual(old, *p) {
		return nil
	}
	l.told[st.User] = *p
	return l.eng.Apply(now, zongji.Command{Op: zongji.OpAgent, Agent: st.User, Profile: p})
}
