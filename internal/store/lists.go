package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"zongji/internal/zongji"
)

// maxPage is the most rows of one page.
const maxPage = 200

// ListReq asks for one page of conversations.
type ListReq struct {
	View   string // mine | waiting | team | all | closed
	Queue  int64  // only of this queue; 0 any
	Owner  int64  // only of this owner; 0 any
	Limit  int    // 1–200; 0 stands for 50
	Before string // the next of the page before; "" the first page
}

// walk is one way through an index; lists are merged from a few of them, so
// that each reads only what it shows.
type walk struct {
	s   *stmt
	key int64
}

// walks returns the ways that together show a view within a scope.
func (db *DB) walks(s zongji.Scope, r ListReq) ([]walk, error) {
	q := &db.q
	each := func(st *stmt, keys []int64) (out []walk) {
		for _, k := range keys {
			if k != 0 {
				out = append(out, walk{st, k})
			}
		}
		return out
	}
	switch r.View {
	case "mine":
		return []walk{{q.ListOpenOwner, s.User}}, nil
	case "waiting":
		if s.All && r.Queue != 0 {
			return []walk{{q.ListWaitQueue, r.Queue}}, nil
		} else if s.All {
			return []walk{{q.ListWait, 0}}, nil
		}
		return append(each(q.ListWaitTeam, s.Teams), each(q.ListWaitQueue, s.Queues)...), nil
	case "team":
		if s.All && len(s.Teams) == 0 {
			return []walk{{q.ListOpen, 0}}, nil
		}
		return each(q.ListOpenTeam, s.Teams), nil
	case "closed":
		if s.All && r.Owner != 0 {
			return []walk{{q.ListClosedOwner, r.Owner}}, nil
		} else if s.All {
			return []walk{{q.ListClosed, 0}}, nil
		}
		return append(each(q.ListClosedTeam, s.Teams), walk{q.ListClosedOwner, s.User}), nil
	case "all", "":
		if s.All && r.Owner != 0 {
			return []walk{{q.ListOpenOwner, r.Owner}, {q.ListClosedOwner, r.Owner}}, nil
		} else if s.All {
			return []walk{{q.ListOpen, 0}, {q.ListClosed, 0}}, nil
		}
		out := []walk{{q.ListOpenOwner, s.User}, {q.ListClosedOwner, s.User}}
		out = append(out, each(q.ListOpenTeam, s.Teams)...)
		out = append(out, each(q.ListClosedTeam, s.Teams)...)
		return append(out, each(q.ListQueued, s.Queues)...), nil
	}
	return nil, zongji.Errorf(zongji.Invalid, "bad_view", "no view %q: mine, waiting, team, all or closed", r.View)
}

// ListConversations returns one page of a view within a scope, newest change
// first (waiting: the longest first), and where the next page begins, "" at
// the end.
func (db *DB) ListConversations(ctx context.Context, s zongji.Scope, r ListReq) (items []zongji.Conversation, next string, err error) {
	walks, err := db.walks(s, r)
	if err != nil {
		return nil, "", err
	}
	limit := page(r.Limit)
	at, id := int64(math.MaxInt64), int64(math.MaxInt64)
	if r.View == "waiting" {
		at, id = -1, 0
	}
	if r.Before != "" {
		if at, id, err = position(r.Before); err != nil {
			return nil, "", err
		}
	}
	var rows []row
	for _, w := range walks {
		part, err := list(db.read(ctx), w.s, []any{w.key, at, id, limit + 1, r.Queue, r.Owner}, scanRow)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, part...)
	}
	key := func(c row) zongji.Ms { return c.changed }
	order := func(a, b row) int { return cmp.Or(-cmp.Compare(key(a), key(b)), -cmp.Compare(a.ID, b.ID)) }
	if r.View == "waiting" {
		key = func(c row) zongji.Ms { return c.QueuedAt }
		order = func(a, b row) int { return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a.ID, b.ID)) }
	}
	slices.SortFunc(rows, order)
	rows = slices.CompactFunc(rows, func(a, b row) bool { return a.ID == b.ID })
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = itoa(int64(key(last))) + "." + itoa(last.ID)
	}
	items = make([]zongji.Conversation, len(rows))
	for i := range rows {
		items[i] = rows[i].Conversation
	}
	return items, next, nil
}

func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, maxPage)
}

func position(s string) (at, id int64, err error) {
	a, b, _ := strings.Cut(s, ".")
	at, err1 := strconv.ParseInt(a, 10, 64)
	id, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, zongji.Errorf(zongji.Invalid, "bad_position", "%q is no position of a list", s)
	}
	return at, id, nil
}

// Counts are the figures on the list's tabs.
type Counts struct {
	Mine       int `json:"mine"`
	MineUnread int `json:"mine_unread"`
	Waiting    int `json:"waiting"`
	Team       int `json:"team"`
}

// scopeArgs are $1–$4 of {scope}.
func scopeArgs(s zongji.Scope, more ...any) []any {
	return append([]any{s.All, s.User, set(s.Teams), set(s.Queues)}, more...)
}

// Counts returns the figures of a scope.
func (db *DB) Counts(ctx context.Context, s zongji.Scope) (c Counts, err error) {
	r := db.read(ctx)
	if err := r.one(db.q.CountMine, []any{s.User}, &c.Mine, &c.MineUnread); err != nil {
		return c, err
	}
	add := func(sum *int, st *stmt, args ...any) error {
		var n int
		err := r.one(st, args, &n)
		*sum += n
		return err
	}
	if s.All {
		err = add(&c.Waiting, db.q.CountWaiting)
	}
	if s.All && len(s.Teams) == 0 {
		return c, errors.Join(err, add(&c.Team, db.q.CountOpen))
	}
	for _, t := range s.Teams {
		if err == nil && t != 0 {
			err = add(&c.Team, db.q.CountTeam, t)
		}
		if err == nil && t != 0 && !s.All {
			err = add(&c.Waiting, db.q.CountWaitTeam, t)
		}
	}
	for _, q := range s.Queues {
		if err == nil && !s.All {
			err = add(&c.Waiting, db.q.CountWaitQueue, q, set(s.Teams))
		}
	}
	return c, err
}

// ContactConversations returns the newest conversations of a customer within
// a scope.
func (db *DB) ContactConversations(ctx context.Context, s zongji.Scope, contact int64, limit int) ([]zongji.Conversation, error) {
	return list(db.read(ctx), db.q.ListContact, scopeArgs(s, contact, page(limit)), scanConversation)
}
