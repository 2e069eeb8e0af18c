package store

import (
	"context"
	"fmt"
	"slices"

	"zongji/internal/zongji"
)

// slot is the width of the day's curve in milliseconds.
const slot = 15 * 60 * 1000

// Wall is what the wall shows: what is now, and the day since it began.
type Wall struct {
	At     zongji.Ms   `json:"at"`
	Queues []WallQueue `json:"queues"`
	Agents []WallAgent `json:"agents"`
	Today  WallSlot    `json:"today"` // At: the day's beginning
	Curve  []WallSlot  `json:"curve"` // by 15 minutes from the day's beginning until now
}

// WallQueue is one queue now, and its day.
type WallQueue struct {
	Queue      int64     `json:"queue"`
	Waiting    int       `json:"waiting"`
	OldestFrom zongji.Ms `json:"oldest_from,omitempty"` // who waits longest waits since
	Serving    int       `json:"serving"`
	Today      int       `json:"today"`       // handed over today
	WaitP50    int64     `json:"wait_p50_ms"` // of those taken today
}

// WallAgent is one agent now, and his day.
type WallAgent struct {
	zongji.AgentStatus
	Taken int `json:"taken"` // conversations he took today
}

// WallSlot are the figures of a time.
type WallSlot struct {
	At         zongji.Ms `json:"at"`
	Arrived    int       `json:"arrived"`     // conversations that began
	Answered   int       `json:"answered"`    // answers of the bot
	HandedOver int       `json:"handed_over"` // conversations, to people; each counts once, when it first was
	Taken      int       `json:"taken"`       // conversations, by agents; once too
	Closed     int       `json:"closed"`      // conversations; once too
	WaitP50    int64     `json:"wait_p50_ms"` // of those taken
	Rated      int       `json:"rated"`
	Stars      float64   `json:"stars"` // mean
}

// wallCell is a count of one kind in one slot and queue.
type wallCell struct {
	slot, queue, n, sum int64
	kind                string
}

// once counts conversations by what happened to them for the first time.
func (w *WallSlot) once(kind string, n int) {
	switch kind {
	case "routed":
		w.HandedOver += n
	case "assigned":
		w.Taken += n
	case "closed":
		w.Closed += n
	}
}

func (w *WallSlot) add(c wallCell) {
	n := int(c.n)
	switch c.kind {
	case "arrived":
		w.Arrived += n
	case "bot":
		w.Answered += int(c.sum)
	case "rated":
		w.Stars = (w.Stars*float64(w.Rated) + float64(c.sum)) / float64(w.Rated+n)
		w.Rated += n
	}
}

// Wall returns the live figures and those of the day that began at dayStart.
func (db *DB) Wall(ctx context.Context, dayStart, now zongji.Ms) (*Wall, error) {
	w := &Wall{At: now, Today: WallSlot{At: dayStart}, Queues: []WallQueue{}, Agents: []WallAgent{}}
	n := min(int64(max(0, now-dayStart))/slot+1, 31*96)
	for i := range n {
		w.Curve = append(w.Curve, WallSlot{At: dayStart + zongji.Ms(i*slot)})
	}
	queues, agents := map[int64]*WallQueue{}, map[int64]*WallAgent{}
	queue := func(id int64) *WallQueue {
		if queues[id] == nil {
			queues[id] = &WallQueue{Queue: id}
		}
		return queues[id]
	}
	r := db.read(ctx)
	if _, err := list(r, db.q.WallQueues, nil, func(s scan) (q WallQueue, err error) {
		if err = s(&q.Queue, &q.Waiting, &q.OldestFrom); err == nil {
			queues[q.Queue] = &q
		}
		return q, err
	}); err != nil {
		return nil, err
	}
	if _, err := list(r, db.q.WallServing, nil, func(s scan) (_ int, err error) {
		var id int64
		var n int
		err = s(&id, &n)
		queue(id).Serving = n
		return n, err
	}); err != nil {
		return nil, err
	}
	states, err := db.AgentStates(ctx)
	if err != nil {
		return nil, err
	}
	for id, st := range states {
		agents[id] = &WallAgent{AgentStatus: st}
	}
	cells, err := list(r, db.q.WallToday, []any{dayStart, now + 1}, func(s scan) (c wallCell, err error) {
		return c, s(&c.slot, &c.kind, &c.queue, &c.n, &c.sum)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		w.Today.add(c)
		if c.slot < n {
			w.Curve[c.slot].add(c)
		}
		if c.kind == "routed" && c.queue != 0 {
			queue(c.queue).Today += int(c.n)
		}
	}
	if _, err := list(r, db.q.WallOnce, []any{dayStart, now + 1}, func(s scan) (_ struct{}, err error) {
		var at, count int64
		var kind string
		if err = s(&at, &kind, &count); err != nil {
			return
		}
		w.Today.once(kind, int(count))
		if at < n {
			w.Curve[at].once(kind, int(count))
		}
		return
	}); err != nil {
		return nil, err
	}
	if err := db.wallWaits(r, w, queue, agents, now); err != nil {
		return nil, err
	}
	for _, q := range queues {
		w.Queues = append(w.Queues, *q)
	}
	for _, a := range agents {
		w.Agents = append(w.Agents, *a)
	}
	slices.SortFunc(w.Queues, func(a, b WallQueue) int { return int(max(-1, min(1, a.Queue-b.Queue))) })
	slices.SortFunc(w.Agents, func(a, b WallAgent) int { return int(max(-1, min(1, a.User-b.User))) })
	return w, nil
}

func (db *DB) wallWaits(r run, w *Wall, queue func(int64) *WallQueue, agents map[int64]*WallAgent, now zongji.Ms) error {
	type wait struct{ slot, agent, queue, ms int64 }
	waits, err := list(r, db.q.WallWaits, []any{w.Today.At, now + 1}, func(s scan) (v wait, err error) {
		return v, s(&v.slot, &v.agent, &v.queue, &v.ms)
	})
	if err != nil {
		return err
	}
	all, bySlot, byQueue := []int64{}, map[int64][]int64{}, map[int64][]int64{}
	for _, v := range waits {
		all = append(all, v.ms)
		bySlot[v.slot] = append(bySlot[v.slot], v.ms)
		byQueue[v.queue] = append(byQueue[v.queue], v.ms)
		if a := agents[v.agent]; a != nil {
			a.Taken++
		}
	}
	w.Today.WaitP50 = median(all)
	for i, ms := range bySlot {
		if i < int64(len(w.Curve)) {
			w.Curve[i].WaitP50 = median(ms)
		}
	}
	for id, ms := range byQueue {
		if id != 0 {
			queue(id).WaitP50 = median(ms)
		}
	}
	return nil
}

func median(ms []int64) int64 {
	if len(ms) == 0 {
		return 0
	}
	slices.Sort(ms)
	return ms[len(ms)/2]
}

// maxExamples is how many examples a Report names.
const maxExamples = 20

// Report is what Conservation found; all counts of wrong things are 0 when
// everything is in order.
type Report struct {
	Conversations int64    `json:"conversations"`
	Messages      int64    `json:"messages"`
	Events        int64    `json:"events"`
	Orphans       int      `json:"orphans"`  // messages without a conversation
	Gaps          int      `json:"gaps"`     // conversations whose messages are not 1 … last_seq
	Doubled       int      `json:"doubled"`  // ids of a channel stored twice
	NoState       int      `json:"no_state"` // conversations whose state and owner do not go together
	RevGaps       int      `json:"rev_gaps"` // conversations whose events are not 1 … rev
	Outbox        int      `json:"outbox"`   // outbox rows that do not fit their message
	Examples      []string `json:"examples,omitempty"`
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool {
	return r.Orphans+r.Gaps+r.Doubled+r.NoState+r.RevGaps+r.Outbox == 0
}

// Conservation reads the whole database and proves that each message is in
// one conversation, in order, once, and each conversation in one state.
func (db *DB) Conservation(ctx context.Context) (*Report, error) {
	rep := &Report{}
	r := db.read(ctx)
	if err := r.one(db.q.CheckCounts, nil, &rep.Conversations, &rep.Messages, &rep.Events); err != nil {
		return nil, err
	}
	for _, check := range []struct {
		s     *stmt
		count *int
		text  string
	}{
		{db.q.CheckOrphans, &rep.Orphans, "message %d: its conversation %d is not there (%d)"},
		{db.q.CheckSeqs, &rep.Gaps, "conversation %d: last_seq %d, messages %d"},
		{db.q.CheckDoubled, &rep.Doubled, "message %d of channel %d is stored %d times"},
		{db.q.CheckStates, &rep.NoState, "conversation %d: state and owner %d do not go together (epoch %d)"},
		{db.q.CheckRevs, &rep.RevGaps, "conversation %d: rev %d, events %d"},
		{db.q.CheckOutbox, &rep.Outbox, "outbox row %d of conversation %d does not fit message %d"},
	} {
		_, err := list(r, check.s, nil, func(s scan) (struct{}, error) {
			var a, b, c int64
			err := s(&a, &b, &c)
			if *check.count++; len(rep.Examples) < maxExamples {
				rep.Examples = append(rep.Examples, fmt.Sprintf(check.text, a, b, c))
			}
			return struct{}{}, err
		})
		if err != nil {
			return nil, err
		}
	}
	return rep, nil
}

// CIDs counts how often each client id is stored, over the whole database:
// for proofs and benches, whose ids are unique in the installation.
func (db *DB) CIDs(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	_, err := list(db.read(ctx), db.q.CheckCIDs, nil, func(s scan) (struct{}, error) {
		var cid string
		var n int
		err := s(&cid, &n)
		out[cid] = n
		return struct{}{}, err
	})
	return out, err
}
