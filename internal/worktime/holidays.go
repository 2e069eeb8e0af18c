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

// holidays maps a day to whether it is a make-up workday (true) or a day off.
var holidays = sync.OnceValue(func() map[date]bool {
	out := map[date]bool{}
	for y := firstHolidayYear; y <= lastHolidayYear; y++ {
		for e := HolidayUtil.GetHolidaysByYear(y).Front(); e != nil; e = e.Next() {
			h := e.Value.(*HolidayUtil.Holiday)
			if t, err := time.Parse(time.DateOnly, h.GetDay()); err == nil {
				out[dateOf(t)] = h.IsWork()
			}
		}
	}
	return out
})
