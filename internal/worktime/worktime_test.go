package worktime

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func calendar(t *testing.T, text string) Calendar {
	t.Helper()
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at reads a wall clock time of c's zone.
func at(t *testing.T, c Calendar, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	split = `{"week":{"mon":["09:00-12:00","13:30-18:00"],"fri":["22:00-06:00"]},"exceptions":{"2026-03-02":[],"2026-03-03":["10:00-11:00"]}}`
	ny    = `{"zone":"America/New_York","week":{"sun":["00:00-08:00"]}}`
	never = `{"week":{}}`
)

func TestNextOpen(t *testing.T) {
	cn, all := Builtin()["cn-business"], Builtin()["7x24"]
	for _, c := range []struct{ name, cal, at, want string }{
		{"open now is now", cn, "2026-03-02 09:00", "2026-03-02 09:00"},
		{"the end is closed", cn, "2026-03-02 18:00", "2026-03-03 09:00"},
		{"Friday evening waits for Monday", cn, "2026-03-06 18:01", "2026-03-09 09:00"},
		{"the lunch break ends", split, "2026-02-02 12:00", "2026-02-02 13:30"},
		{"a night span is open after midnight", split, "2026-02-07 05:59", "2026-02-07 05:59"},
		{"and ends in the morning", split, "2026-02-07 06:00", "2026-02-09 09:00"},
		{"a dated exception closes", split, "2026-03-02 09:30", "2026-03-03 10:00"},
		{"National Day is off until the 8th", cn, "2026-10-01 10:00", "2026-10-08 09:00"},
		{"a make-up Saturday is worked", cn, "2026-10-10 10:00", "2026-10-10 10:00"},
		{"New Year's Eve evening crosses the year and the holiday", cn, "2025-12-31 19:00", "2026-01-04 09:00"},
		{"around the clock", all, "2026-01-01 00:00", "2026-01-01 00:00"},
		{"the hour that DST skips counts as open from its end", ny, "2026-03-08 03:00", "2026-03-08 03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal := calendar(t, c.cal)
			from, want := at(t, cal, c.at), at(t, cal, c.want)
			if got := cal.NextOpen(from); !got.Equal(want) {
				t.Errorf("NextOpen(%s) = %s, want %s", from, got, want)
			}
			if open := cal.Open(from); open != from.Equal(want) {
				t.Errorf("Open(%s) = %v", from, open)
			}
		})
	}
	if c := calendar(t, never); !c.NextOpen(time.Unix(0, 0)).IsZero() || c.Open(time.Unix(0, 0)) || !c.Add(time.Unix(0, 0), 1).IsZero() {
		t.Error("a calendar without spans opens")
	}
}

func TestAddCountsWorkingTimeOnly(t *testing.T) {
	cn, all := Builtin()["cn-business"], Builtin()["7x24"]
	for _, c := range []struct{ name, cal, at, d, want string }{
		{"within a day", cn, "2026-03-02 10:00", "2h", "2026-03-02 12:00"},
		{"to the very end of the day", cn, "2026-03-02 10:00", "8h", "2026-03-02 18:00"},
		{"over a weekend", cn, "2026-03-06 17:00", "2h", "2026-03-09 10:00"},
		{"begins when it opens", cn, "2026-03-07 12:00", "30m", "2026-03-09 09:30"},
		{"over the year end and its holiday", cn, "2025-12-31 17:00", "2h", "2026-01-04 10:00"},
		{"over the lunch break", split, "2026-02-02 11:00", "2h", "2026-02-02 14:30"},
		{"around the clock", all, "2026-12-31 23:00", "26h", "2027-01-02 01:00"},
		{"a spring Sunday has an hour less", ny, "2026-03-08 00:00", "7h", "2026-03-08 08:00"},
		{"an autumn Sunday has one more", ny, "2026-11-01 00:00", "9h", "2026-11-01 08:00"},
		{"nothing is now, open or not", cn, "2026-03-07 12:00", "0s", "2026-03-07 12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal := calendar(t, c.cal)
			d, _ := time.ParseDuration(c.d)
			if got, want := cal.Add(at(t, cal, c.at), d), at(t, cal, c.want); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	_, err := Parse([]byte(`{"zone":"Mars","week":{"mo":["09:00-10:00"],"tue":["9-10"],"wed":["09:00-12:00","11:00-13:00"]},"holidays":"de","exceptions":{"1.5.":[]}}`))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`zone "Mars"`, "week.mo:", `week.tue: span "9-10"`, "week.wed: spans overlap at 11:00", `holidays "de"`, "exceptions.1.5.:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in:\n%v", want, err)
		}
	}
	if _, err := Parse([]byte(`{"weeks":{}}`)); err == nil {
		t.Error("an unknown field is accepted")
	}
}

func TestAYearWithoutHolidaysIsMissing(t *testing.T) {
	for key, text := range Builtin() {
		c := calendar(t, text)
		if got, want := c.Missing(lastHolidayYear+1), key == "cn-business"; got != want {
			t.Errorf("%s: Missing(%d) = %v", key, lastHolidayYear+1, got)
		}
		for y := firstHolidayYear; y <= lastHolidayYear; y++ {
			if c.Missing(y) {
				t.Errorf("%s: %d is missing", key, y)
			}
		}
	}
}

func TestDays(t *testing.T) {
	c := calendar(t, `{"name":"上班","week":{"mon":["09:00-12:00","13:30-18:00"],"thu":["22:00-06:00"],"fri":["00:00-24:00"]},"holidays":"cn","exceptions":{"2026-10-09":["10:00-11:00"]}}`)
	got := c.Days(at(t, c, "2026-10-05 23:59"), 6)
	for i, want := range []Day{
		{"2026-10-05", "mon", []string{}, Holiday, "国庆中秋"},
		{"2026-10-06", "tue", []string{}, Holiday, "国庆中秋"},
		{"2026-10-07", "wed", []string{}, Holiday, "国庆中秋"},
		{"2026-10-08", "thu", []string{"22:00-06:00"}, Week, ""},
		{"2026-10-09", "fri", []string{"10:00-11:00"}, Exception, ""},
		{"2026-10-10", "sat", []string{"09:00-12:00", "13:30-18:00"}, Makeup, "国庆中秋"},
	} {
		want.Name = got[i].Name // the list of holidays names them its own way
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("day %d is %+v, want %+v", i, got[i], want)
		}
	}
	if got[0].Name == "" || got[5].Name == "" {
		t.Errorf("holidays have no names: %+v", got)
	}
}
