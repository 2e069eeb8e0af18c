// Package rules decides who a conversation is for: an ordered table of
// conditions over zongji.Facts, written as a JSON tree (the builder's model),
// compiled to closures, and explained rule by rule.
package rules

import (
	"encoding/json"

	"zongji/internal/zongji"
)

// Rule is one row of the table.
type Rule struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	When    Cond   `json:"when"` // empty: always
	Then    Action `json:"then"`
	Stop    bool   `json:"stop,omitempty"` // rules below are not looked at when it fires
}

// Cond is a node of the tree: All, Any, Not, or one test of a field.
type Cond struct {
	All   []Cond          `json:"all,omitempty"`
	Any   []Cond          `json:"any,omitempty"`
	Not   *Cond           `json:"not,omitempty"`
	Field string          `json:"field,omitempty"`
	Op    string          `json:"op,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Action is what a rule does. Of several rules that fire the first one's
// Queue, Lang and Units count, of each skill the highest level; points add up.
type Action struct {
	Queue     string              `json:"queue,omitempty"` // key
	Skills    []zongji.SkillLevel `json:"skills,omitempty"`
	Preferred []zongji.SkillLevel `json:"preferred,omitempty"`
	P1        bool                `json:"p1,omitempty"`
	Points    int                 `json:"points,omitempty"` // minutes of age
	Tags      []string            `json:"tags,omitempty"`
	Lang      string              `json:"lang,omitempty"`
	SkipBot   bool                `json:"skip_bot,omitempty"`
	Units     int                 `json:"units,omitempty"`
}

// Set is a version of the table.
type Set struct {
	Version int64  `json:"version,omitempty"`
	Rules   []Rule `json:"rules"`
}

// Refs returns the keys of queues and skills that the set names, for a check
// that they exist.
func (s Set) Refs() (queues, skills []string) {
	for _, r := range s.Rules {
		if r.Then.Queue != "" {
			queues = append(queues, r.Then.Queue)
		}
		for _, k := range r.Then.Skills {
			skills = append(skills, k.Skill)
		}
		for _, k := range r.Then.Preferred {
			skills = append(skills, k.Skill)
		}
	}
	return queues, skills
}
