package worktime

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// File is a calendar as written in JSON.
//
//	{"zone":"Asia/Shanghai",
//	 "week":{"mon":["09:00-12:00","13:30-18:00"],"fri":["22:00-06:00"]},
//	 "holidays":"cn",
//	 "exceptions":{"2026-07-01":[],"2026-07-04":["09:00-12:00"]}}
type File struct {
	Name       string              `json:"name,omitempty"`     // shown to people; "" = the calendar's key
	Zone       string              `json:"zone"`               // IANA name; "" = Asia/Shanghai
	Week       map[string][]string `json:"week"`               // mon … sun; a day left out is closed
	Holidays   string              `json:"holidays,omitempty"` // "" | "cn": official days off and make-up workdays
	Makeup     []string            `json:"makeup,omitempty"`   // spans of a make-up workday; left out = Monday's
	Exceptions map[string][]string `json:"exceptions,omitempty"`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

//go:embed builtin/*.json
var builtin embed.FS

// Builtin returns the calendars that every installation begins with, by key:
// 7x24, cn-business and cn-ext.
func Builtin() map[string]string {
	out := map[string]string{}
	files, err := builtin.ReadDir("builtin")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := builtin.ReadFile("builtin/" + f.Name())
		if err != nil {
			panic(err)
		}
		out[strings.TrimSuffix(f.Name(), ".json")] = string(text)
	}
	return out
}

// Parse reads a calendar and names every mistake with its place.
func Parse(text []byte) (Calendar, error) {
	var f File
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return Calendar{}, fmt.Errorf("calendar: %w", err)
	}
	if f.Zone == "" {
		f.Zone = "Asia/Shanghai"
	}
	c := Calendar{dates: map[date]days{}, cn: f.Holidays == "cn"}
	var errs []error
	var err error
	if c.zone, err = time.LoadLocation(f.Zone); err != nil {
		errs = append(errs, fmt.Errorf("zone %q: want an IANA name such as Asia/Shanghai", f.Zone))
	}
	if f.Holidays != "" && f.Holidays != "cn" {
		errs = append(errs, fmt.Errorf(`holidays %q: want "cn" or nothing`, f.Holidays))
	}
	read := func(where string, texts []string) []span {
		s, err := parseSpans(texts)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
		return s
	}
	for day, texts := range f.Week {
		i := slices.Index(weekdays, day)
		if i < 0 {
			errs = append(errs, fmt.Errorf("week.%s: want one of mon tue wed thu fri sat sun", day))
			continue
		}
		c.week[i] = read("week."+day, texts)
	}
	c.makeup = c.week[time.Monday]
	if f.Makeup != nil {
		c.makeup = read("makeup", f.Makeup)
	}
	for day, texts := range f.Exceptions {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			errs = append(errs, fmt.Errorf("exceptions.%s: want a date such as 2026-05-01", day))
			continue
		}
		c.dates[dateOf(t)] = read("exceptions."+day, texts)
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return Calendar{}, fmt.Errorf("calendar: %w", errors.Join(errs...))
	}
	return c, nil
}

// parseSpans reads "09:00-18:00"; an end at or before the start is on the
// next day, so "00:00-24:00" and "08:00-08:00" are whole days.
func parseSpans(texts []string) ([]span, error) {
	out := make([]span, 0, len(texts))
	for _, t := range texts {
		from, to, ok := strings.Cut(t, "-")
		start, ok1 := minutes(from)
		end, ok2 := minutes(to)
		if !ok || !ok1 || !ok2 || start == 24*60 {
			return nil, fmt.Errorf("span %q: want hh:mm-hh:mm", t)
		}
		if end <= start {
			end += 24 * 60
		}
		out = append(out, span{start, end})
	}
	sortSpans(out)
	for i := 1; i < len(out); i++ {
		if out[i].start < out[i-1].end {
			return nil, fmt.Errorf("spans overlap at %02d:%02d", out[i].start/60, out[i].start%60)
		}
	}
	return out, nil
}

func minutes(s string) (int, bool) {
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}
