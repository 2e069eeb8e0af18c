package app

import (
	"context"

	"zongji/internal/store"
	"zongji/internal/worktime"
	"zongji/internal/zongji"
)

// firstRun gives an empty installation what everything else needs: the
// built-in calendars, a team, a queue and a web chat channel.
func firstRun(ctx context.Context, db *store.DB) error {
	calendars, err := db.Calendars(ctx)
	if err != nil {
		return err
	}
	for key, text := range worktime.Builtin() {
		if _, have := calendars[key]; !have {
			if err := db.PutCalendar(ctx, key, text); err != nil {
				return err
			}
		}
	}
	queues, err := db.Queues(ctx)
	if err != nil || len(queues) > 0 {
		return err
	}
	team, err := db.PutTeam(ctx, zongji.Team{Key: "desk", Name: "客服组"})
	if err != nil {
		return err
	}
	queue, err := db.PutQueue(ctx, zongji.Queue{Key: "default", Name: "在线客服", Team: team.ID, Calendar: "7x24", OfferS: 20, MaxOffers: 10, RingS: []int{30, 60, 120},
		ReopenS: 1800, WrapupS: 120, IdleCloseS: 900, FirstS: 60, Units: 3, LostS: 60})
	if err != nil {
		return err
	}
	_, err = db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: "网站", Key: "web", Queue: queue.ID, Bot: true, Settings: map[string]string{}})
	return err
}
