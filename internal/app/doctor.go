package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"zongji/configs"
	"zongji/internal/store"
	"zongji/internal/worktime"
	"zongji/internal/zongji"
	"zongji/router/rules"
)

// Check is one line of the doctor's report.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"` // what was found and, if bad, what to do
}

// Doctor looks for what would go wrong silently. It may run beside a serving
// node.
func Doctor(ctx context.Context, cfg configs.Config, log *slog.Logger) []Check {
	d := &doctor{ctx: ctx}
	db, err := OpenStore(ctx, cfg, log, nil)
	if d.add("store", err, "opens, schema is current") {
		defer db.Close()
		i := db.Info()
		d.add("database", nil, fmt.Sprintf("%s %s, schema %d", i.Kind, i.Version, i.Schema))
	} else {
		return d.checks
	}
	if cfg.Bus == "redis" {
		b, err := openBus(ctx, cfg, log)
		if d.add("bus", err, "Redis answers") {
			b.Close()
		}
	}
	queues, err := db.Queues(ctx)
	if !d.add("queues", err, fmt.Sprintf("%d", len(queues))) {
		return d.checks
	}
	d.people(db, queues)
	d.fallbacks(queues)
	d.calendars(db, queues)
	d.rules(db, queues)
	d.conservation(db)
	return d.checks
}

type doctor struct {
	ctx    context.Context
	checks []Check
}

// add notes a check and reports whether it is good.
func (d *doctor) add(name string, err error, good string) bool {
	c := Check{Name: name, OK: err == nil, Text: good}
	if err != nil {
		c.Text = err.Error()
	}
	d.checks = append(d.checks, c)
	return c.OK
}

// people checks that somebody who may log in could serve each queue.
func (d *doctor) people(db *store.DB, queues []zongji.Queue) {
	users, err := db.Users(d.ctx)
	if !d.add("users", err, fmt.Sprintf("%d", len(users))) {
		return
	}
	if !slices.ContainsFunc(users, func(u zongji.User) bool { return u.Role == zongji.RoleAdmin && !u.Disabled }) {
		d.add("admin", fmt.Errorf("nobody may administrate: zongji user add NAME --role admin"), "")
	}
	for _, q := range queues {
		if q.Disabled {
			continue
		}
		n := 0
		for _, u := range users {
			if serves(u, q) {
				n++
			}
		}
		err := error(nil)
		if n == 0 {
			err = fmt.Errorf("nobody can serve %q: no enabled agent of its team with its skills and capacity ≥ %d; add one in Admin → Users", q.Name, q.Units)
		}
		d.add("people of "+q.Key, err, fmt.Sprintf("%d", n))
	}
}

func serves(u zongji.User, q zongji.Queue) bool {
	if u.Disabled || u.Capacity < q.Units || !u.Role.May(zongji.PermReply) || q.Team != 0 && u.Team != q.Team && !slices.Contains(q.Neighbours, u.Team) {
		return false
	}
	return !slices.ContainsFunc(q.Skills, func(s zongji.SkillLevel) bool { return u.Skills[s.Skill] < s.Level })
}

// fallbacks checks that no chain of fallback queues bites its tail.
func (d *doctor) fallbacks(queues []zongji.Queue) {
	next := map[int64]int64{}
	for _, q := range queues {
		next[q.ID] = q.Fallback
	}
	for _, q := range queues {
		seen := map[int64]bool{}
		for id := q.ID; id != 0; id = next[id] {
			if seen[id] {
				d.add("fallback of "+q.Key, fmt.Errorf("queue %q falls back in a circle; change one fallback in Admin → Queues", q.Name), "")
				break
			}
			seen[id] = true
		}
	}
}

// calendars checks that each queue's calendar exists and opens again within a
// month.
func (d *doctor) calendars(db *store.DB, queues []zongji.Queue) {
	texts, err := db.Calendars(d.ctx)
	if err != nil {
		d.add("calendars", err, "")
		return
	}
	var bad []string
	now := time.Now()
	for _, q := range queues {
		text, have := texts[q.Calendar]
		if !have {
			bad = append(bad, fmt.Sprintf("queue %q names the calendar %q, which does not exist", q.Name, q.Calendar))
			continue
		}
		c, err := worktime.Parse([]byte(text))
		if err != nil {
			bad = append(bad, fmt.Sprintf("calendar %q: %v", q.Calendar, err))
			continue
		}
		if at := c.NextOpen(now); at.IsZero() || at.Sub(now) > 31*24*time.Hour {
			bad = append(bad, fmt.Sprintf("calendar %q of queue %q does not open within a month", q.Calendar, q.Name))
		}
	}
	d.list("calendars", bad, fmt.Sprintf("%d, each opens", len(texts)))
}

// rules checks that the stored rules compile and name existing queues.
func (d *doctor) rules(db *store.DB, queues []zongji.Queue) {
	version, text, err := db.Rules(d.ctx)
	if err != nil || text == "" {
		d.add("rules", err, "none: everything goes to the channel's queue")
		return
	}
	set, err := rules.Parse([]byte(text))
	if err == nil {
		_, err = rules.Compile(set)
	}
	if err != nil {
		d.add("rules", err, "")
		return
	}
	var bad []string
	for _, r := range set.Rules {
		if key := r.Then.Queue; key != "" && !slices.ContainsFunc(queues, func(q zongji.Queue) bool { return q.Key == key && !q.Disabled }) {
			bad = append(bad, fmt.Sprintf("rule %q sends to the queue %q, which does not exist or is disabled", r.Name, key))
		}
	}
	d.list("rules", bad, fmt.Sprintf("%d in version %d", len(set.Rules), version))
}

func (d *doctor) conservation(db *store.DB) {
	c, err := db.Conservation(d.ctx)
	if err == nil && !c.OK() {
		err = fmt.Errorf("%+v", c)
	}
	d.add("conservation", err, "each message is stored once, in one conversation in one state")
}

func (d *doctor) list(name string, bad []string, good string) {
	var err error
	if len(bad) > 0 {
		err = fmt.Errorf("%s", strings.Join(bad, "; "))
	}
	d.add(name, err, good)
}
