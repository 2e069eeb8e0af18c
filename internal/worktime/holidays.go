package worktime

import (
	"sync"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// The first and last year for which lunar-go v1.4.6 carries the holidays with
// make-up days that the State Council announces each November.
const (
	firstHolidayYear = 2024
	lastHolidayYear  = 2026
)

// holiday is a day off, or the make-up workday that pays for one.
type holiday struct {
	name string // 国庆节
	work bool
}

// holidays are the official ones by day.
var holidays = sync.OnceValue(func() map[date]holiday {
	out := map[date]holiday{}
	for y := firstHolidayYear; y <= lastHolidayYear; y++ {
		for e := HolidayUtil.GetHolidaysByYear(y).Front(); e != nil; e = e.Next() {
			h := e.Value.(*HolidayUtil.Holiday)
			if t, err := time.Parse(time.DateOnly, h.GetDay()); err == nil {
				out[dateOf(t)] = holiday{h.GetName(), h.IsWork()}
			}
		}
	}
	return out
})
