package wechat

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"zongji/bot"
	"zongji/internal/zongji"
)

const (
	keepStars = "stars"        // in Keep: openid → until when a number is a rating
	starsFor  = 24 * time.Hour // so long, unless he is written to again
	maxStars  = 1000           // customers who are waited for
)

// waitStars notes that a customer was asked for stars, or written to since.
// Where menus are missing, or their taps come without a number (订阅号), what
// he writes next is his rating. One node at a time sends for an account, all
// of them read.
func (a *Account) waitStars(ctx context.Context, openid string, asked bool) {
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	had := a.stars[openid] > now
	a.mu.Unlock()
	if !asked && !had {
		return
	}
	a.rates.Lock()
	defer a.rates.Unlock()
	all, err := a.starsKept(ctx)
	if err != nil {
		return // he is heard as one who writes
	}
	for id, until := range all {
		if until <= now || len(all) >= maxStars {
			delete(all, id)
		}
	}
	if delete(all, openid); asked {
		all[openid] = now.Add(starsFor)
	}
	if a.Keep.Put(ctx, keepStars, string(object(all)), 0) == nil {
		a.mu.Lock()
		a.stars = all
		a.mu.Unlock()
	}
}

func (a *Account) starsKept(ctx context.Context) (map[string]zongji.Ms, error) {
	raw, err := a.Keep.Get(ctx, keepStars)
	all := map[string]zongji.Ms{}
	if err == nil && raw != "" {
		err = json.Unmarshal([]byte(raw), &all)
	}
	return all, err
}

// rating makes a rating of a text that is one, from a customer who was asked.
func (a *Account) rating(ctx context.Context, in *zongji.Inbound) {
	n := starsIn(in.Text)
	if n == 0 || in.Kind != zongji.InMessage || in.Msg != "" || in.Choice != "" {
		return
	}
	if all, err := a.starsKept(ctx); err == nil && all[in.Thread] > zongji.NowMs(a.Clock) {
		in.Kind, in.Stars, in.Text = zongji.InRating, n, ""
	}
}

// starsIn is how many stars a text says, 0 when it says something else: "5",
// "５分", "很满意", "5 很满意".
func starsIn(text string) int {
	text = strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, strings.TrimSpace(text))
	for n := 1; n <= 5; n++ {
		digit := strconv.Itoa(n)
		for _, s := range []string{digit, digit + "分", digit + "星"} {
			if text == s {
				return n
			}
		}
		for _, lang := range []string{bot.ZhCN, bot.ZhTW, bot.En} {
			word := bot.Text(lang, "rate_"+digit)
			if strings.EqualFold(text, word) || strings.EqualFold(text, digit+" "+word) {
				return n
			}
		}
	}
	return 0
}
