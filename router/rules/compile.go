package rules

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// test looks at facts and returns "" when they fit, else the reason, which
// was written when the table was compiled: running a table allocates nothing.
type test func(f *zongji.Facts) string

type row struct {
	Rule
	test test
	did  string // what it does, in words
}

// Table is a compiled set. It is safe for concurrent use.
type Table struct {
	version int64
	rows    []row
}

// Compile makes a table of a set that Parse accepted or that code made.
func Compile(s Set) (*Table, error) {
	t := &Table{version: s.Version}
	for _, r := range s.Rules {
		fn, err := compile(&r.When)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		t.rows = append(t.rows, row{Rule: r, test: fn, did: r.Then.String()})
	}
	return t, nil
}

// Match runs the table and returns what to do. Text is compared in lower
// case. It allocates nothing when no rule fires and the text is in lower case.
func (t *Table) Match(f *zongji.Facts) Action {
	var a Action
	if low := strings.ToLower(f.Text); low != f.Text {
		folded := *f
		folded.Text = low
		f = &folded
	}
	for i := range t.rows {
		r := &t.rows[i]
		if !r.Enabled || r.test(f) != "" {
			continue
		}
		a.add(&r.Then)
		if r.Stop {
			break
		}
	}
	return a
}

// Decide runs the table like Match and also records for each rule whether it
// fired, and if not, which test failed first.
func (t *Table) Decide(f zongji.Facts) (Action, zongji.Decision) {
	var a Action
	d := zongji.Decision{Version: t.version, Facts: f, Rules: make([]zongji.RuleOutcome, 0, len(t.rows))}
	f.Text = strings.ToLower(f.Text)
	stopped := ""
	for i := range t.rows {
		r := &t.rows[i]
		out := zongji.RuleOutcome{Rule: r.ID, Name: r.Name}
		switch {
		case !r.Enabled:
			out.Why = "switched off"
		case stopped != "":
			out.Why = stopped
		default:
			out.Why = r.test(&f)
			if out.Fired = out.Why == ""; out.Fired {
				a.add(&r.Then)
				out.Why = r.did
				if r.Stop {
					stopped = "not reached: " + r.ID + " stops"
				}
			}
		}
		d.Rules = append(d.Rules, out)
	}
	return a, d
}

func (a *Action) add(b *Action) {
	if a.Queue == "" {
		a.Queue = b.Queue
	}
	if a.Lang == "" {
		a.Lang = b.Lang
	}
	if a.Units == 0 {
		a.Units = b.Units
	}
	a.P1 = a.P1 || b.P1
	a.SkipBot = a.SkipBot || b.SkipBot
	a.Points += b.Points
	a.Skills = addSkills(a.Skills, b.Skills)
	a.Preferred = addSkills(a.Preferred, b.Preferred)
	for _, tag := range b.Tags {
		if !slices.Contains(a.Tags, tag) {
			a.Tags = append(a.Tags, tag)
		}
	}
}

// addSkills keeps the higher level of each skill.
func addSkills(to, more []zongji.SkillLevel) []zongji.SkillLevel {
	for _, s := range more {
		if i := slices.IndexFunc(to, func(o zongji.SkillLevel) bool { return o.Skill == s.Skill }); i < 0 {
			to = append(to, s)
		} else {
			to[i].Level = max(to[i].Level, s.Level)
		}
	}
	return to
}

// String says in words what the action does.
func (a Action) String() string {
	var out []string
	say := func(on bool, format string, args ...any) {
		if on {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(a.Queue != "", "queue %s", a.Queue)
	say(a.P1, "urgent lane")
	say(a.Points != 0, "%+d points", a.Points)
	for _, s := range a.Skills {
		say(true, "needs %s ≥ %d", s.Skill, s.Level)
	}
	for _, s := range a.Preferred {
		say(true, "prefers %s ≥ %d", s.Skill, s.Level)
	}
	say(a.Lang != "", "language %s", a.Lang)
	say(len(a.Tags) > 0, "tags %s", strings.Join(a.Tags, " "))
	say(a.SkipBot, "no bot")
	say(a.Units != 0, "%d units", a.Units)
	return strings.Join(out, ", ")
}

func compile(c *Cond) (test, error) {
	switch {
	case len(c.All) > 0:
		ts, err := compileAll(c.All)
		return func(f *zongji.Facts) string {
			for _, t := range ts {
				if why := t(f); why != "" {
					return why
				}
			}
			return ""
		}, err
	case len(c.Any) > 0:
		ts, err := compileAll(c.Any)
		why := "none of: " + describe(c.Any)
		return func(f *zongji.Facts) string {
			for _, t := range ts {
				if t(f) == "" {
					return ""
				}
			}
			return why
		}, err
	case c.Not != nil:
		t, err := compile(c.Not)
		why := "excluded by: " + describe([]Cond{*c.Not})
		return func(f *zongji.Facts) string {
			if t(f) == "" {
				return why
			}
			return ""
		}, err
	case c.Field == "":
		return func(*zongji.Facts) string { return "" }, nil
	}
	fits, err := leaf(c)
	if err != nil {
		return nil, err
	}
	why := "not so: " + describe([]Cond{*c})
	return func(f *zongji.Facts) string {
		if fits(f) {
			return ""
		}
		return why
	}, nil
}

func compileAll(cs []Cond) ([]test, error) {
	out := make([]test, len(cs))
	for i := range cs {
		t, err := compile(&cs[i])
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

// describe shows conditions in a reason.
func describe(cs []Cond) string {
	var out []string
	for _, c := range cs {
		switch {
		case c.Field != "":
			out = append(out, strings.TrimSpace(c.Field+" "+c.Op+" "+string(c.Value)))
		case c.Not != nil:
			out = append(out, "not ("+describe([]Cond{*c.Not})+")")
		case len(c.All) > 0:
			out = append(out, "all ("+describe(c.All)+")")
		default:
			out = append(out, "any ("+describe(c.Any)+")")
		}
	}
	return strings.Join(out, "; ")
}

// leaf compiles one test of a field.
func leaf(c *Cond) (func(*zongji.Facts) bool, error) {
	k, ok := fields[c.Field]
	if !ok || !slices.Contains(ops[k], c.Op) {
		return nil, fmt.Errorf("no test %q of field %q", c.Op, c.Field)
	}
	if err := checkValue(k, c.Op, c.Value); err != nil {
		return nil, fmt.Errorf("value of %s %w", c.Field, err)
	}
	switch k {
	case truth:
		want := c.Op == "true"
		return func(f *zongji.Facts) bool { return f.InHours == want }, nil
	case number:
		return numberTest(c), nil
	}
	return textTest(c, k), nil
}

func numberTest(c *Cond) func(*zongji.Facts) bool {
	get := map[string]func(*zongji.Facts) int{
		"level":   func(f *zongji.Facts) int { return int(f.Level) },
		"hour":    func(f *zongji.Facts) int { return f.Hour },
		"weekday": func(f *zongji.Facts) int { return f.Weekday },
	}[c.Field]
	if c.Op == "in" {
		in := value[[]int](c)
		return func(f *zongji.Facts) bool { return slices.Contains(in, get(f)) }
	}
	n := value[int](c)
	switch c.Op {
	case "gte":
		return func(f *zongji.Facts) bool { return get(f) >= n }
	case "lte":
		return func(f *zongji.Facts) bool { return get(f) <= n }
	case "is_not":
		return func(f *zongji.Facts) bool { return get(f) != n }
	}
	return func(f *zongji.Facts) bool { return get(f) == n }
}

func textTest(c *Cond, k kind) func(*zongji.Facts) bool {
	fits := stringTest(c)
	if k == list {
		if c.Op == "is_not" {
			return func(f *zongji.Facts) bool {
				return !slices.ContainsFunc(f.Tags, func(s string) bool { return !fits(s) })
			}
		}
		return func(f *zongji.Facts) bool { return slices.ContainsFunc(f.Tags, fits) }
	}
	get := map[string]func(*zongji.Facts) string{
		"channel":  func(f *zongji.Facts) string { return f.Channel },
		"kind":     func(f *zongji.Facts) string { return f.Kind },
		"text":     func(f *zongji.Facts) string { return f.Text },
		"category": func(f *zongji.Facts) string { return f.Category },
		"lang":     func(f *zongji.Facts) string { return f.Lang },
		"reason":   func(f *zongji.Facts) string { return f.Reason },
		"scene":    func(f *zongji.Facts) string { return f.Scene },
	}[c.Field]
	return func(f *zongji.Facts) bool { return fits(get(f)) }
}

func stringTest(c *Cond) func(string) bool {
	fold := func(s string) string {
		if c.Field == "text" {
			return strings.ToLower(s)
		}
		return s
	}
	switch c.Op {
	case "in", "contains_any":
		words := value[[]string](c)
		for i, w := range words {
			words[i] = fold(w)
		}
		if c.Op == "in" {
			return func(s string) bool { return slices.Contains(words, s) }
		}
		return func(s string) bool {
			for _, w := range words {
				if strings.Contains(s, w) {
					return true
				}
			}
			return false
		}
	}
	want := fold(value[string](c))
	switch c.Op {
	case "starts_with":
		return func(s string) bool { return strings.HasPrefix(s, want) }
	case "matches":
		return regexp.MustCompile("(?i)" + value[string](c)).MatchString
	case "is_not":
		return func(s string) bool { return s != want }
	}
	return func(s string) bool { return s == want }
}

// value reads a value that checkValue accepted.
func value[T any](c *Cond) (v T) {
	_ = json.Unmarshal(c.Value, &v)
	return v
}
