package wecom

import (
	"context"
	"strconv"
	"time"

	"zongji/internal/zongji"
)

const (
	maxWho     = 2000             // customers who wait to be asked for; more are asked for when they come again
	maxBatch   = 100              // customers of one call
	batchWait  = time.Second      // for others to be asked for with the first
	peopleWait = 10 * time.Second // for an answer
	peopleRest = 5 * time.Second  // before a call is tried again
	maxTries   = 3
)

// ask notes that a customer's name is to be asked for.
func (a *Account) ask(customer string) {
	select {
	case a.who <- customer:
	default:
	}
}

// learn asks WeCom who the customers of new conversations are, many at once,
// and tells the router.
func (a *Account) learn(ctx context.Context) {
	for {
		ids := a.batch(ctx)
		if ctx.Err() != nil {
			return
		}
		for try := 1; try <= maxTries; try++ {
			err := a.people(ctx, ids)
			if err == nil || ctx.Err() != nil {
				break
			}
			a.Log.Warn("names of customers not fetched", "try", try, "err", err)
			a.sleep(ctx, peopleRest, nil)
		}
	}
}

// batch waits for a customer, and a moment for more.
func (a *Account) batch(ctx context.Context) []string {
	var ids []string
	var full <-chan time.Time
	seen := map[string]bool{}
	for len(ids) < maxBatch {
		select {
		case <-ctx.Done():
			return nil
		case <-full:
			return ids
		case id := <-a.who:
			if full == nil {
				t, stop := a.Clock.Timer(batchWait)
				defer stop()
				full = t
			}
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// people fetches names and unionids.
func (a *Account) people(ctx context.Context, ids []string) error {
	var got struct {
		List []struct {
			Customer word `json:"external_userid"`
			Name     word `json:"nickname"`
			Union    word `json:"unionid"`
		} `json:"customer_list"`
	}
	if err := a.post(ctx, peopleWait, peoplePath, map[string]any{"external_userid_list": ids, "need_enter_session_context": 0}, &got); err != nil {
		return err
	}
	for _, c := range got.List {
		if c.Customer == "" || c.Name == "" && c.Union == "" {
			continue
		}
		id := string(c.Customer)
		at := zongji.NowMs(a.Clock)
		_, err := a.Accept(ctx, zongji.Inbound{Channel: a.acct.ID, ChanKind: a.acct.Kind, Kind: zongji.InEvent, Event: "profile",
			ExtID: "profile:" + id + ":" + strconv.FormatInt(int64(at), 10), Thread: id, At: at,
			From: zongji.Identity{Ext: id, Name: short(c.Name), Union: cut(string(c.Union), maxID)}})
		if err != nil && zongji.KindOf(err) != zongji.Invalid {
			return err
		}
	}
	return nil
}
