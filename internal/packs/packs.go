// Package packs reads a ready-made service department, checks it, and loads
// it into an installation without overwriting what people edited.
package packs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"

	"gopkg.in/yaml.v3"

	"zongji/internal/zongji"
	"zongji/router/rules"
)

// Pack is everything that a pack's folder says; configs/packs/README.md
// describes the files.
type Pack struct {
	ID, Name, Company, Hotline, Site, Zone, Calendar string
	Version                                          int
	Channel                                          Channel
	Teams                                            []Team
	Skills                                           []Skill
	Queues                                           []Queue
	Users                                            []User
	Categories                                       []Category
	FAQs                                             []FAQ
	Replies                                          []Reply
	Rules                                            rules.Set
	RulesText                                        string
	Agents                                           Agents
	History                                          History
	Eval                                             []Case
	Customers                                        []byte // demo/customers.jsonl
}

// Channel is the web chat channel that a pack opens.
type Channel struct{ Key, Name, Queue string }

// Team is a group of users.
type Team struct{ Key, Name string }

// Skill is something that agents can do.
type Skill struct{ Key, Name string }

// Queue is a queue by keys. Zero numbers take the usual ones.
type Queue struct {
	Key, Name, Team, Fallback string
	Neighbours                []string
	FirstS                    int `yaml:"first_s"`
	OfferS                    int `yaml:"offer_s"`
	Broadcast                 int
}

// User is a login without a password.
type User struct {
	Login, Name, Nick, Team string
	Role                    zongji.Role
	Capacity                int
	Langs                   []string
	Skills                  map[string]int
}

// Category is a wrap-up category.
type Category struct {
	Code, Name, Skill string
	Children          []string
}

// FAQ is one entry of the knowledge base.
type FAQ struct {
	ID, Category, Question, Answer string
	Similar                        []string
}

// Reply is one quick reply.
type Reply struct{ Group, Shortcut, Title, Text string }

// Agents is what scripted agents say.
type Agents struct {
	Greeting []string
	Replies  map[string][]string // by category or tag; "" for any
	Closing  []string
}

// History is material for generated history.
type History struct {
	Hours       []int   // weight of each hour of the day
	Weekdays    []int   // Sunday first
	Stars       []int   // weight of 1 to 5 stars
	SolvedByBot float64 `yaml:"solved_by_bot"` // share
	AfterHours  int     `yaml:"after_hours"`
	Names       []string
	Categories  []Topic
}

// Topic is the talk of one category.
type Topic struct {
	Name                        string
	Weight                      int
	Openings, Replies, Closings []string
}

// Case is one line of eval.tsv; Want is "" when nothing answers it.
type Case struct{ Kind, Query, Want string }

// Read reads a pack from its folder. Unknown fields are errors.
func Read(dir fs.FS) (*Pack, error) {
	p := &Pack{}
	r := reader{dir: dir}
	r.yaml("pack.yaml", p.head())
	var org struct {
		Teams  []Team
		Skills []Skill
		Queues []Queue
		Users  []User
	}
	r.yaml("org.yaml", &org)
	p.Teams, p.Skills, p.Queues, p.Users = org.Teams, org.Skills, org.Queues, org.Users
	var list struct {
		Categories []Category
		Entries    []FAQ
		Replies    []Reply
	}
	for _, name := range []string{"categories.yaml", "faq.yaml", "canned.yaml"} {
		r.yaml(name, &list)
	}
	p.Categories, p.FAQs, p.Replies = list.Categories, list.Entries, list.Replies
	r.yaml("demo/agents.yaml", &p.Agents)
	r.yaml("demo/history.yaml", &p.History)
	p.Customers = r.file("demo/customers.jsonl")
	p.Eval = cases(r.file("eval.tsv"))
	p.RulesText = string(r.file("routing.json"))
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if p.Rules, err = rules.Parse([]byte(p.RulesText)); err != nil {
		return nil, fmt.Errorf("routing.json: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(p.RulesText)); err != nil {
		return nil, fmt.Errorf("routing.json: %w", err)
	}
	p.RulesText = compact.String()
	return p, nil
}

// head is the part of p that pack.yaml fills.
func (p *Pack) head() any { return (*head)(p) }

type head Pack

// UnmarshalYAML takes the fields of pack.yaml only.
func (h *head) UnmarshalYAML(n *yaml.Node) error {
	var f struct {
		ID, Name, Company, Hotline, Site, Zone, Calendar string
		Version                                          int
		Channel                                          Channel
	}
	if err := n.Decode(&f); err != nil {
		return err
	}
	h.ID, h.Name, h.Company, h.Hotline, h.Site, h.Zone, h.Calendar = f.ID, f.Name, f.Company, f.Hotline, f.Site, f.Zone, f.Calendar
	h.Version, h.Channel = f.Version, f.Channel
	return nil
}

// reader reads files until the first error.
type reader struct {
	dir fs.FS
	err error
}

func (r *reader) file(name string) []byte {
	if r.err != nil {
		return nil
	}
	text, err := fs.ReadFile(r.dir, name)
	r.err = err
	return text
}

func (r *reader) yaml(name string, into any) {
	text := r.file(name)
	if r.err != nil {
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}

func cases(text []byte) []Case {
	var out []Case
	for line := range bytes.Lines(text) {
		f := bytes.Split(bytes.TrimSpace(line), []byte("\t"))
		if len(f) != 3 || line[0] == '#' {
			continue
		}
		c := Case{string(f[0]), string(f[1]), string(f[2])}
		if c.Want == "-" {
			c.Want = ""
		}
		out = append(out, c)
	}
	return out
}
