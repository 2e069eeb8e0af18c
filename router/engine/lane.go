package engine

import (
	"cmp"
	"container/heap"
	"slices"
	"strconv"
	"strings"

	"zongji/internal/zongji"
)

type state uint8

const (
	nowhere state = iota
	waiting       // in a lane
	offered       // one or more agents are asked
	held          // SQL gave it to an agent
)

// Item is one conversation that the engine knows.
type Item struct {
	Conv     int64
	Epoch    int64
	Demand   zongji.Demand
	Units    int
	QueuedAt zongji.Ms

	state   state
	agent   *Agent // who holds it
	lane    *lane
	pos     int // in the lane's heap
	key     int64
	ring    int
	version int64 // +1 with each change: older timers mean nothing
	only    int64
	tries   int // offers that ended without an answer or with a no
	held    []hold
	offers  []*offer
	moving  zongji.Ms // the fallback queue was named: not offered here until then
	given   []int64   // queues that gave it up because nobody there could ever serve it
	told    bool
	seen    spot // place as last told
}

// hold keeps an agent from being asked again at once.
type hold struct {
	agent int64
	until zongji.Ms
}

// spot is a place as others see it.
type spot struct {
	queue int64
	lane  string
	key   int64
}

func (it *Item) spot() spot { return spot{it.Demand.Queue, it.lane.name, it.key} }

// before is the order of service: the urgent class, then the key, then the
// lower id.
func before(a, b *Item) bool {
	if a.Demand.P1 != b.Demand.P1 {
		return a.Demand.P1
	}
	if a.key != b.key {
		return a.key < b.key
	}
	return a.Conv < b.Conv
}

// want is what a lane asks of an agent: the same for all that wait in it.
type want struct {
	queue   int64
	team    int64   // 0: whoever has the skills
	helpers []int64 // further teams that may serve
	anyone  bool    // team and skills no longer count
	skills  []zongji.SkillLevel
	scored  []zongji.SkillLevel // whose levels make one agent better than another
	lang    string
	exclude []int64
	held    []int64 // asked a moment ago
	only    int64
	units   int
	moving  bool // nobody is asked
}

// wants relaxes the demand with age. Ring 1 takes one level less, ring 2
// drops preferred skills and lets neighbouring teams help, ring 3 takes
// anyone who is allowed to. Preferred skills are asked for only where a later
// ring drops them; they always count when agents are compared.
func wants(it *Item, q *zongji.Queue) want {
	d := &it.Demand
	skills := merge(d.Skills, q.Skills)
	w := want{
		queue: q.ID, team: q.Team, lang: d.Lang, exclude: d.Exclude, only: it.only, units: it.Units, moving: it.moving > 0,
		scored: merge(skills, d.Preferred), anyone: it.ring >= 3,
	}
	for _, h := range it.held {
		w.held = append(w.held, h.agent)
	}
	if it.ring >= 2 {
		w.helpers = q.Neighbours
	} else if len(q.RingS) >= 2 {
		skills = w.scored
	}
	if w.anyone {
		return w
	}
	w.skills = slices.Clone(skills)
	if it.ring >= 1 {
		for i := range w.skills {
			w.skills[i].Level = max(1, w.skills[i].Level-1)
		}
	}
	return w
}

// merge joins two lists of skills by the higher level, sorted by skill.
func merge(a, b []zongji.SkillLevel) []zongji.SkillLevel {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y zongji.SkillLevel) int {
		return cmp.Or(strings.Compare(x.Skill, y.Skill), y.Level-x.Level)
	})
	return slices.CompactFunc(out, func(x, y zongji.SkillLevel) bool { return x.Skill == y.Skill })
}

// suits returns "" when the agent may serve the lane at all, or the first
// test that he fails.
func (w *want) suits(a *Agent) string {
	switch {
	case w.moving:
		return "moving"
	case slices.Contains(w.exclude, a.ID):
		return "excluded"
	case slices.Contains(w.held, a.ID):
		return "just_declined"
	case w.only != 0:
		if w.only != a.ID {
			return "queue"
		}
		return ""
	case !w.anyone && w.team != 0 && !slices.Contains(a.Teams, w.team) && !slices.ContainsFunc(a.Teams, func(t int64) bool { return slices.Contains(w.helpers, t) }):
		return "queue"
	}
	for _, s := range w.skills {
		if a.Skills[s.Skill] < s.Level {
			return "skill:" + s.Skill
		}
	}
	if w.lang != "" && !slices.Contains(a.Langs, w.lang) {
		return "lang:" + w.lang
	}
	return ""
}

// name is the lane's canonical name: equal demands, equal names. It is made
// for each conversation that comes, therefore without fmt.
func (w *want) name(p1 bool) string {
	b := append(make([]byte, 0, 64), "N"...)
	if p1 {
		b = append(b[:0], "P1"...)
	}
	part := func(mark, name string, n int64) {
		b = strconv.AppendInt(append(append(b, mark...), name...), n, 10)
	}
	part("|q", "", w.queue)
	part("|u", "", int64(w.units))
	for _, s := range w.scored {
		part("|~", s.Skill, int64(s.Level))
	}
	for _, s := range w.skills {
		part("|", s.Skill+">", int64(s.Level))
	}
	if w.lang != "" {
		b = append(append(b, "|@"...), w.lang...)
	}
	if len(w.helpers) > 0 {
		b = append(b, "|+teams"...)
	}
	if w.anyone {
		b = append(b, "|anyone"...)
	}
	if w.only != 0 {
		part("|only", "", w.only)
	}
	for _, id := range w.exclude {
		part("|!", "", id)
	}
	for _, id := range w.held {
		part("|-", "", id)
	}
	if w.moving {
		b = append(b, "|moving"...)
	}
	return string(b)
}

// lane holds all that wait with one demand, and the agents who may serve it.
type lane struct {
	want
	name      string
	temporary bool // names agents: forgotten when empty
	wait      []*Item
	slots     []*slot
	free      []*slot // of agents who can take one more now
	dirty     bool
}

// able reports whether somebody of the lane could carry one more at all, if
// he were there and free.
func (l *lane) able() bool {
	return slices.ContainsFunc(l.slots, func(s *slot) bool { return s.agent.Capacity >= l.units })
}

// slot is one agent's place in one lane.
type slot struct {
	lane  *lane
	agent *Agent
	skill int // sum of his levels in the skills that count
	pos   int // in lane.free, or -1
}

// lane returns the item's lane, and makes it when it is the first there.
func (e *Engine) lane(it *Item, q *zongji.Queue) *lane {
	w := wants(it, q)
	name := w.name(it.Demand.P1)
	if l := e.lanes[name]; l != nil {
		return l
	}
	l := &lane{want: w, name: name, temporary: w.only != 0 || w.moving || len(w.exclude)+len(w.held) > 0}
	e.lanes[name] = l
	for _, a := range e.order {
		e.enter(a, l)
	}
	return l
}

// enter lists the agent in the lane if he may serve it.
func (e *Engine) enter(a *Agent, l *lane) {
	if l.suits(a) != "" {
		return
	}
	s := &slot{lane: l, agent: a, pos: -1}
	for _, k := range l.scored {
		s.skill += a.Skills[k.Skill]
	}
	l.slots = append(l.slots, s)
	a.slots = append(a.slots, s)
	e.setFree(s)
}

// setFree brings lane.free up to date for one agent.
func (e *Engine) setFree(s *slot) {
	l := s.lane
	free := s.agent.busy(l.units, e.cfg.InFlight) == ""
	switch {
	case free && s.pos < 0:
		s.pos = len(l.free)
		l.free = append(l.free, s)
		e.touch(l)
	case !free && s.pos >= 0:
		last := l.free[len(l.free)-1]
		l.free[s.pos], last.pos = last, s.pos
		l.free = l.free[:len(l.free)-1]
		s.pos = -1
	}
}

// forget drops an empty lane.
func (e *Engine) forget(l *lane) {
	delete(e.lanes, l.name)
	for _, s := range l.slots {
		s.agent.slots = slices.DeleteFunc(s.agent.slots, func(x *slot) bool { return x == s })
	}
	l.slots, l.free = nil, nil
}

// The heap of a lane, by order of service.

func (l *lane) Len() int           { return len(l.wait) }
func (l *lane) Less(i, j int) bool { return before(l.wait[i], l.wait[j]) }
func (l *lane) Swap(i, j int) {
	l.wait[i], l.wait[j] = l.wait[j], l.wait[i]
	l.wait[i].pos, l.wait[j].pos = i, j
}

// Push is heap.Interface's: use push.
func (l *lane) Push(x any) {
	it := x.(*Item)
	it.pos = len(l.wait)
	l.wait = append(l.wait, it)
}

// Pop is heap.Interface's: use remove.
func (l *lane) Pop() any {
	n := len(l.wait) - 1
	it := l.wait[n]
	l.wait[n], l.wait, it.pos = nil, l.wait[:n], -1
	return it
}

func (l *lane) push(it *Item)   { heap.Push(l, it) }
func (l *lane) remove(it *Item) { heap.Remove(l, it.pos) }
func (l *lane) fix(it *Item)    { heap.Fix(l, it.pos) }
