package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// Limits that keep a table readable and its run short.
const (
	maxRules = 500
	maxDepth = 8
)

type kind string

const (
	text   kind = "text"
	list   kind = "list"
	number kind = "number"
	truth  kind = "truth"
)

// Fields are the testable facts with their kinds.
var fields = map[string]kind{
	"channel": text, "kind": text, "text": text, "category": text, "lang": text, "reason": text, "scene": text,
	"tags": list, "level": number, "hour": number, "weekday": number, "in_hours": truth,
}

// ops are the tests that each kind allows.
var ops = map[kind][]string{
	text:   {"is", "is_not", "in", "contains_any", "starts_with", "matches"},
	list:   {"is", "is_not", "in", "contains_any"},
	number: {"is", "is_not", "in", "gte", "lte"},
	truth:  {"true", "false"},
}

// Parse reads a set strictly. Every mistake is named: the rule, the place in
// it, what is wrong and what is allowed. The error is zongji.Invalid.
func Parse(data []byte) (Set, error) {
	var p parser
	var s Set
	top := p.object(data, "", "version", "rules")
	if v, ok := top["version"]; ok {
		p.read(v, "version", &s.Version, "a whole number")
	}
	var raws []json.RawMessage
	if v, ok := top["rules"]; ok {
		p.read(v, "rules", &raws, "a list of rules")
	} else if top != nil {
		p.fail("rules", "is missing; want a list of rules")
	}
	if len(raws) > maxRules {
		p.fail("rules", "%d rules; at most %d are allowed", len(raws), maxRules)
		raws = nil
	}
	seen := map[string]int{}
	for i, raw := range raws {
		r := p.rule(raw, i)
		if first, twice := seen[r.ID]; twice && r.ID != "" {
			p.fail("id", "%q is also the id of rule %d; each needs its own", r.ID, first+1)
		}
		seen[r.ID] = i
		s.Rules = append(s.Rules, r)
	}
	if len(p.errs) > 0 {
		return Set{}, zongji.Errorf(zongji.Invalid, "rules_invalid", "%s", strings.Join(p.errs, "\n"))
	}
	return s, nil
}

// parser collects mistakes; where is the rule that is being read.
type parser struct {
	where string
	errs  []string
}

func (p *parser) fail(path, format string, args ...any) {
	at := p.where
	switch {
	case at != "" && path != "":
		at += ", " + path + ": "
	case at+path != "":
		at += path + ": "
	}
	p.errs = append(p.errs, at+fmt.Sprintf(format, args...))
}

// object reads an object with known names only; nil when it is none.
func (p *parser) object(raw json.RawMessage, path string, known ...string) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		p.fail(path, "is %s; want an object with %s", short(raw), strings.Join(known, ", "))
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, name) {
			p.fail(join(path, name), "is unknown; allowed: %s", strings.Join(known, ", "))
		}
	}
	return m
}

func (p *parser) read(raw json.RawMessage, path string, into any, want string) bool {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil || string(raw) == "null" {
		p.fail(path, "is %s; want %s", short(raw), want)
		return false
	}
	return true
}

func (p *parser) rule(raw json.RawMessage, i int) (r Rule) {
	p.where = fmt.Sprintf("rule %d", i+1)
	m := p.object(raw, "", "id", "name", "enabled", "when", "then", "stop")
	if m == nil {
		return r
	}
	if v, ok := m["id"]; !ok {
		p.fail("id", `is missing; want a short name such as "R05"`)
	} else if p.read(v, "id", &r.ID, "text") {
		if r.ID == "" || len(r.ID) > 64 {
			p.fail("id", "is %q; want 1 to 64 bytes", r.ID)
		}
		p.where = fmt.Sprintf("rule %d %s", i+1, r.ID)
	}
	r.Enabled = true
	for name, into := range map[string]any{"name": &r.Name, "enabled": &r.Enabled, "stop": &r.Stop} {
		if v, ok := m[name]; ok {
			want := "true or false"
			if name == "name" {
				want = "text"
			}
			p.read(v, name, into, want)
		}
	}
	if v, ok := m["when"]; ok && string(v) != "{}" {
		r.When = p.cond(v, "when", 1)
	}
	if v, ok := m["then"]; ok {
		r.Then = p.action(v)
	} else {
		p.fail("then", "is missing; want what the rule does")
	}
	return r
}

func (p *parser) cond(raw json.RawMessage, path string, depth int) (c Cond) {
	m := p.object(raw, path, "all", "any", "not", "field", "op", "value")
	if m == nil {
		return c
	}
	if depth > maxDepth {
		p.fail(path, "is nested deeper than %d", maxDepth)
		return c
	}
	kinds := 0
	for _, name := range []string{"all", "any", "not", "field"} {
		if _, ok := m[name]; ok {
			kinds++
		}
	}
	if kinds != 1 {
		p.fail(path, "has %d of all, any, not, field; want exactly one", kinds)
		return c
	}
	group := func(name string, into *[]Cond) {
		var raws []json.RawMessage
		v, ok := m[name]
		if !ok || !p.read(v, join(path, name), &raws, "a list of conditions") {
			return
		}
		if len(raws) == 0 {
			p.fail(join(path, name), "is empty; want at least one condition")
		}
		for i, raw := range raws {
			*into = append(*into, p.cond(raw, fmt.Sprintf("%s.%s[%d]", path, name, i), depth+1))
		}
	}
	group("all", &c.All)
	group("any", &c.Any)
	if v, ok := m["not"]; ok {
		n := p.cond(v, join(path, "not"), depth+1)
		c.Not = &n
	}
	if v, ok := m["field"]; ok {
		p.test(&c, m, v, path)
	}
	return c
}

func (p *parser) test(c *Cond, m map[string]json.RawMessage, field json.RawMessage, path string) {
	if !p.read(field, join(path, "field"), &c.Field, "text") {
		return
	}
	k, known := fields[c.Field]
	if !known {
		p.fail(join(path, "field"), "%q is unknown; allowed: %s", c.Field, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		return
	}
	if op, ok := m["op"]; !ok {
		p.fail(join(path, "op"), "is missing; %s allows %s", c.Field, strings.Join(ops[k], ", "))
		return
	} else if !p.read(op, join(path, "op"), &c.Op, "text") {
		return
	}
	if !slices.Contains(ops[k], c.Op) {
		p.fail(join(path, "op"), "%q does not go with %s; allowed: %s", c.Op, c.Field, strings.Join(ops[k], ", "))
		return
	}
	c.Value = m["value"]
	if err := checkValue(k, c.Op, c.Value); err != nil {
		p.fail(join(path, "value"), "%v", err)
	}
}

// checkValue says what is wrong with the value of one test.
func checkValue(k kind, op string, raw json.RawMessage) error {
	var s string
	var n int
	var err error
	want := ""
	switch {
	case k == truth:
		if raw != nil {
			return fmt.Errorf("is %s; %s needs none", short(raw), op)
		}
		return nil
	case raw == nil:
		return fmt.Errorf("is missing")
	case k == number && op == "in":
		var l []int
		err, want = json.Unmarshal(raw, &l), "a list of whole numbers, not empty"
		if err == nil && len(l) == 0 {
			err = fmt.Errorf("empty")
		}
	case k == number:
		err, want = json.Unmarshal(raw, &n), "a whole number"
	case op == "in" || op == "contains_any":
		var l []string
		err, want = json.Unmarshal(raw, &l), "a list of words, not empty"
		if err == nil && (len(l) == 0 || slices.Contains(l, "")) {
			err = fmt.Errorf("empty")
		}
	default:
		if err, want = json.Unmarshal(raw, &s), "text"; err == nil && op == "matches" {
			if _, err := regexp.Compile(s); err != nil {
				return fmt.Errorf("is %s: %w", short(raw), err)
			}
		}
	}
	if err != nil || string(raw) == "null" {
		return fmt.Errorf("is %s; %s wants %s", short(raw), op, want)
	}
	return nil
}

func (p *parser) action(raw json.RawMessage) (a Action) {
	m := p.object(raw, "then", "queue", "skills", "preferred", "p1", "points", "tags", "lang", "skip_bot", "units")
	for _, f := range []struct {
		name string
		into any
		want string
	}{
		{"queue", &a.Queue, "the key of a queue"},
		{"skills", &a.Skills, `a list of {"skill","level"}`},
		{"preferred", &a.Preferred, `a list of {"skill","level"}`},
		{"p1", &a.P1, "true or false"},
		{"points", &a.Points, "a whole number of minutes"},
		{"tags", &a.Tags, "a list of words"},
		{"lang", &a.Lang, "a language"},
		{"skip_bot", &a.SkipBot, "true or false"},
		{"units", &a.Units, "a whole number"},
	} {
		if v, ok := m[f.name]; ok {
			p.read(v, "then."+f.name, f.into, f.want)
		}
	}
	for name, skills := range map[string][]zongji.SkillLevel{"skills": a.Skills, "preferred": a.Preferred} {
		for i, s := range skills {
			if s.Skill == "" || s.Level < 1 || s.Level > 5 {
				p.fail(fmt.Sprintf("then.%s[%d]", name, i), "is %q at level %d; want a skill's key and a level from 1 to 5", s.Skill, s.Level)
			}
		}
	}
	if a.Units < 0 {
		p.fail("then.units", "is %d; want 0 (the queue's) or more", a.Units)
	}
	return a
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// short shows a value of the input in an error.
func short(raw json.RawMessage) string {
	const most = 60 // bytes
	s := strings.ToValidUTF8(string(raw), "")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	if s == "" {
		return "nothing"
	}
	return s
}
