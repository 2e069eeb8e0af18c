package worktime

import (
	"fmt"
	"time"
)

// Why says what decides about a day.
type Why string

// What may decide, the strongest first.
const (
	Exception Why = "exception"
	Makeup    Why = "workday" // a make-up workday beside a holiday
	Holiday   Why = "holiday"
	Week      Why = "week"
)

// Day is one day as the calendar has it.
type Day struct {
	Date  string   `json:"date"`  // 2026-05-01
	Day   string   `json:"day"`   // mon … sun
	Spans []string `json:"spans"` // "09:00-18:00"; none: closed
	Why   Why      `json:"why"`
	Name  string   `json:"name,omitempty"` // of the holiday
}

// Days returns n days from the one that t lies in.
func (c Calendar) Days(t time.Time, n int) []Day {
	y, m, d := t.In(c.Zone()).Date()
	out := make([]Day, n)
	for i := range out {
		noon := time.Date(y, m, d+i, 12, 0, 0, 0, c.Zone()) // exists in every zone on every day
		spans, why, name := c.plan(noon)
		out[i] = Day{noon.Format(time.DateOnly), weekdays[noon.Weekday()], []string{}, why, name}
		for _, s := range spans {
			out[i].Spans = append(out[i].Spans, s.String())
		}
	}
	return out
}

// String writes a span as Parse reads it.
func (s span) String() string {
	end := s.end
	if end > 24*60 {
		end -= 24 * 60
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.start/60, s.start%60, end/60, end%60)
}
