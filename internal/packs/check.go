package packs

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"zongji/internal/worktime"
)

// What a knowledge base must offer.
const (
	minSimilar = 5
	minAnswer  = 40 // characters
)

// Check returns every mistake of a pack: references to what is not there,
// questions that stand twice, answers that are too short or unfilled, queues
// from which no way leads to a team with people.
func (p *Pack) Check() []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	keys := func(what string, n int, key func(int) string) map[string]bool {
		m := map[string]bool{}
		for i := range n {
			if k := key(i); k == "" || m[k] {
				bad("%s %d: key %q is empty or stands twice", what, i+1, k)
			} else {
				m[k] = true
			}
		}
		return m
	}
	teams := keys("team", len(p.Teams), func(i int) string { return p.Teams[i].Key })
	skills := keys("skill", len(p.Skills), func(i int) string { return p.Skills[i].Key })
	queues := keys("queue", len(p.Queues), func(i int) string { return p.Queues[i].Key })
	cats := keys("category", len(p.Categories), func(i int) string { return p.Categories[i].Name })
	keys("user", len(p.Users), func(i int) string { return p.Users[i].Login })
	keys("faq", len(p.FAQs), func(i int) string { return p.FAQs[i].ID })
	keys("reply", len(p.Replies), func(i int) string { return p.Replies[i].Shortcut })
	need := func(known map[string]bool, key, what, where string) {
		if !known[key] {
			bad("%s: %s %q does not exist", where, what, key)
		}
	}
	if _, ok := worktime.Builtin()[p.Calendar]; !ok {
		bad("pack: calendar %q does not exist", p.Calendar)
	}
	need(queues, p.Channel.Queue, "queue", "channel")
	staffed := map[string]bool{}
	for _, u := range p.Users {
		need(teams, u.Team, "team", "user "+u.Login)
		staffed[u.Team] = true
		for s, level := range u.Skills {
			need(skills, s, "skill", "user "+u.Login)
			if level < 1 || level > 5 {
				bad("user %s: level %d of %s; want 1 to 5", u.Login, level, s)
			}
		}
		if len(u.Role.Perms()) == 0 || u.Capacity < 1 {
			bad("user %s: role %q, capacity %d", u.Login, u.Role, u.Capacity)
		}
	}
	for _, q := range p.Queues {
		need(teams, q.Team, "team", "queue "+q.Key)
		for _, t := range q.Neighbours {
			need(teams, t, "team", "queue "+q.Key)
		}
		if q.Fallback != "" {
			need(queues, q.Fallback, "queue", "queue "+q.Key)
		}
		if !staffed[q.Team] && !slices.ContainsFunc(q.Neighbours, func(t string) bool { return staffed[t] }) {
			bad("queue %s: nobody serves it", q.Key)
		}
	}
	for _, c := range p.Categories {
		need(skills, c.Skill, "skill", "category "+c.Name)
	}
	ruleQueues, ruleSkills := p.Rules.Refs()
	for _, q := range ruleQueues {
		need(queues, q, "queue", "rules")
	}
	for _, s := range ruleSkills {
		need(skills, s, "skill", "rules")
	}
	for _, t := range p.History.Categories {
		need(cats, t.Name, "category", "history")
		if t.Weight < 1 || len(t.Openings) == 0 || len(t.Replies) == 0 || len(t.Closings) == 0 {
			bad("history %s: needs weight, openings, replies, closings", t.Name)
		}
	}
	if len(p.History.Hours) != 24 || len(p.History.Weekdays) != 7 || len(p.History.Stars) != 5 {
		bad("history: want 24 hours, 7 weekdays, 5 stars")
	}
	if len(p.Agents.Greeting) == 0 || len(p.Agents.Replies[""]) == 0 || len(p.Agents.Closing) == 0 {
		bad("agents: want greeting, replies for any category, closing")
	}
	out = append(out, p.checkFAQs(cats)...)
	return out
}

func (p *Pack) checkFAQs(cats map[string]bool) []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	owner, ids := map[string]string{}, map[string]bool{}
	for _, f := range p.FAQs {
		ids[f.ID] = true
		if !cats[f.Category] {
			bad("faq %s: category %q does not exist", f.ID, f.Category)
		}
		if len(f.Similar) < minSimilar {
			bad("faq %s: %d similar questions; want %d", f.ID, len(f.Similar), minSimilar)
		}
		if n := utf8.RuneCountInString(f.Answer); n < minAnswer {
			bad("faq %s: the answer has %d characters; want %d", f.ID, n, minAnswer)
		}
		if strings.ContainsAny(f.Answer, "{}") {
			bad("faq %s: the answer has an unfilled variable", f.ID)
		}
		for _, q := range append([]string{f.Question}, f.Similar...) {
			k := strings.ToLower(strings.TrimSpace(q))
			if o, twice := owner[k]; twice {
				bad("faq %s: %q stands in %s too", f.ID, q, o)
			}
			owner[k] = f.ID
		}
	}
	for _, r := range p.Replies {
		if r.Group == "" || r.Text == "" || strings.Count(r.Text, "{") != strings.Count(r.Text, "}") {
			bad("reply %s: needs a group and a text whose braces close", r.Shortcut)
		}
	}
	for _, c := range p.Eval {
		if c.Want != "" && !ids[c.Want] {
			bad("eval %q: faq %s does not exist", c.Query, c.Want)
		}
	}
	return out
}
