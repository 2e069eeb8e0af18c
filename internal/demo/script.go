// Package demo shows the product at work: it starts a served installation
// with a sample department, plays recorded customers and scripted agents
// through the real sockets, kills and flushes what it is told to, and counts
// that nothing acknowledged was lost or doubled.
package demo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Customer is one recorded customer: a line of a .jsonl file.
type Customer struct {
	ID    string `json:"id"`
	Lang  string `json:"lang,omitempty"` // zh-CN (default) | zh-TW | en
	Name  string `json:"name,omitempty"`
	Note  string `json:"note,omitempty"` // what the example shows
	Steps []Step `json:"steps"`
	Known bool   `json:"-"` // logged in at the shop: the player says who he is
}

// Step is one thing that a customer does. Exactly one of Say, Choose, File,
// WaitFor and Rate is set.
type Step struct {
	AfterMs int64  `json:"after_ms,omitempty"` // pause before the step at speed 1
	Say     string `json:"say,omitempty"`
	Choose  string `json:"choose,omitempty"`   // "human", "solved", "unsolved", or the number of a candidate: "1"
	File    string `json:"file,omitempty"`     // "image": a small picture of the customer's
	WaitFor string `json:"wait_for,omitempty"` // bot | queue | agent | reply: until that happened
	Rate    int    `json:"rate,omitempty"`     // stars 1–5
	End     bool   `json:"end,omitempty"`      // ends the conversation himself
}

// Parse reads recorded customers, one JSON object a line; empty lines and
// lines that begin with # are skipped. A mistake is named with its line.
func Parse(r io.Reader) ([]Customer, error) {
	var out []Customer
	seen := map[string]int{}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		var c Customer
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if c.ID == "" || len(c.Steps) == 0 {
			return nil, fmt.Errorf("line %d: a customer needs id and steps", n)
		}
		if first, twice := seen[c.ID]; twice {
			return nil, fmt.Errorf("line %d: id %q stands in line %d too", n, c.ID, first)
		}
		seen[c.ID] = n
		for i, s := range c.Steps {
			if err := s.check(); err != nil {
				return nil, fmt.Errorf("line %d: step %d: %w", n, i+1, err)
			}
		}
		out = append(out, c)
	}
	return out, sc.Err()
}

func (s Step) check() error {
	set := 0
	for _, on := range []bool{s.Say != "", s.Choose != "", s.File != "", s.WaitFor != "", s.Rate != 0, s.End} {
		if on {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("want exactly one of say, choose, file, wait_for, rate, end; found %d", set)
	case s.AfterMs < 0:
		return fmt.Errorf("after_ms is %d; want 0 or more", s.AfterMs)
	case s.Rate < 0 || s.Rate > 5:
		return fmt.Errorf("rate is %d; want 1 to 5", s.Rate)
	case s.File != "" && s.File != "image":
		return fmt.Errorf("file is %q; want image", s.File)
	}
	switch s.WaitFor {
	case "", "bot", "queue", "agent", "reply":
		return nil
	}
	return fmt.Errorf("wait_for is %q; want bot, queue, agent or reply", s.WaitFor)
}
