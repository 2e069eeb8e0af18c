// Package worktime knows when people work: weekly spans, holidays with their
// make-up workdays, dated exceptions, and lengths of time counted in working
// hours only. It is pure: the moment is always a parameter.
package worktime

import (
	"cmp"
	"slices"
	"time"
	_ "time/tzdata" // zones must load on hosts and images without zone files
)

// horizon is how many days NextOpen and Add look ahead before they say
// "never": ten years, so that long holidays and long deadlines fit.
const horizon = 3660

// Calendar says when a queue is staffed. The zero Calendar is never open.
type Calendar struct {
	zone   *time.Location
	week   [7][]span     // by time.Weekday
	dates  map[date]days // dated exceptions: they win over everything
	cn     bool          // official Chinese holidays and make-up workdays
	makeup []span        // spans of a make-up workday
}

// span is minutes of the wall clock from the midnight of its day; end is
// after start and may pass 24:00 into the next day.
type span struct{ start, end int }

type days []span

type date struct {
	y int
	m time.Month
	d int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

// Zone returns the zone that the calendar's wall clock is in.
func (c Calendar) Zone() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

// Open reports whether people work at t.
func (c Calendar) Open(t time.Time) bool {
	next := c.NextOpen(t)
	return !next.IsZero() && next.Equal(t)
}

// NextOpen returns t when people work then, else the moment at which they
// next begin; the zero time when that is more than ten years away.
func (c Calendar) NextOpen(t time.Time) time.Time {
	for from, to := range c.spans(t) {
		if to.After(t) {
			if from.After(t) {
				return from
			}
			return t
		}
	}
	return time.Time{}
}

// Add returns the moment at which d of working time has passed since t. Add
// of nothing is t. The zero time says "never", as in NextOpen.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	for from, to := range c.spans(t) {
		if from.Before(t) {
			from = t
		}
		room := to.Sub(from)
		if room <= 0 {
			continue
		}
		if d <= room {
			return from.Add(d)
		}
		d -= room
		t = to // spans over midnight may overlap the next day's: count once
	}
	return time.Time{}
}

// spans yields the spans in order of time, from the day before t on: one
// that began yesterday may still be open.
func (c Calendar) spans(t time.Time) func(yield func(from, to time.Time) bool) {
	return func(yield func(from, to time.Time) bool) {
		zone := c.Zone()
		y, m, d := t.In(zone).Date()
		for i := -1; i < horizon; i++ {
			noon := time.Date(y, m, d+i, 12, 0, 0, 0, zone) // exists in every zone on every day
			yy, mm, dd := noon.Date()
			for _, s := range c.on(noon) {
				if !yield(time.Date(yy, mm, dd, 0, s.start, 0, 0, zone), time.Date(yy, mm, dd, 0, s.end, 0, 0, zone)) {
					return
				}
			}
		}
	}
}

// on returns the spans that begin on t's day.
func (c Calendar) on(t time.Time) []span {
	spans, _, _ := c.plan(t)
	return spans
}

// plan returns the spans that begin on t's day, what decides them, and the
// holiday's name.
func (c Calendar) plan(t time.Time) (spans []span, why Why, name string) {
	day := dateOf(t)
	if s, ok := c.dates[day]; ok {
		return s, Exception, ""
	}
	if c.cn {
		if h, ok := holidays()[day]; ok && h.work {
			return c.makeup, Makeup, h.name
		} else if ok {
			return nil, Holiday, h.name
		}
	}
	return c.week[t.Weekday()], Week, ""
}

// Missing reports whether the calendar follows official holidays that are not
// known for a year: a screen should warn before that year begins.
func (c Calendar) Missing(year int) bool {
	if !c.cn {
		return false
	}
	for d := range holidays() {
		if d.y == year {
			return false
		}
	}
	return true
}

func sortSpans(s []span) {
	slices.SortFunc(s, func(a, b span) int { return cmp.Compare(a.start, b.start) })
}
