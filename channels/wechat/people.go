package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"time"

	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

const (
	maxWho    = 5000           // customers who wait to be asked for; more are asked for when they come again
	askAgain  = 24 * time.Hour // a customer is asked for so often at most
	maxAsked  = 50_000         // of whom that is remembered
	whoRest   = 2 * time.Second
	whoTries  = 3
	acceptFor = 10 * time.Second
)

// ask notes that WeChat is to be asked who a customer is.
func (a *Account) ask(openid string) {
	if a.mini { // no call tells it of mini-programs
		return
	}
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	last, known := a.asked[openid]
	if known = known && now.Sub(last) < askAgain; !known {
		if len(a.asked) >= maxAsked {
			clear(a.asked)
		}
		a.asked[openid] = now
	}
	a.mu.Unlock()
	if known {
		return
	}
	select {
	case a.who <- openid:
	default:
		a.unask(openid)
	}
}

func (a *Account) unask(openid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.asked, openid)
}

// learn asks WeChat for the customers whom ask noted, one after another, and
// tells the router.
func (a *Account) learn(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case openid := <-a.who:
			for try := 1; ; try++ {
				err := a.profile(ctx, openid)
				if err == nil || ctx.Err() != nil {
					break
				}
				if try == whoTries {
					a.unask(openid)
					a.Log.Warn("a customer's profile not fetched", "part", "wechat", "channel", a.set.Name, "err", err)
					break
				}
				c, stop := a.Clock.Timer(whoRest)
				select {
				case <-ctx.Done():
				case <-c:
				}
				stop()
			}
		}
	}
}

// profile brings a customer's union, the note that colleagues gave him, and
// his language. WeChat tells no names since 2021-12-27.
func (a *Account) profile(ctx context.Context, openid string) error {
	var got struct {
		Union    wxapi.Text `json:"unionid"`
		Remark   wxapi.Text `json:"remark"`
		Language wxapi.Text `json:"language"`
		Scene    wxapi.Text `json:"subscribe_scene"`
	}
	if err := a.api.Get(ctx, userPath, url.Values{"openid": {openid}, "lang": {"zh_CN"}}, &got); err != nil {
		return err
	}
	in := zongji.Inbound{Channel: a.set.ID, ChanKind: "wechat", Thread: openid, Kind: zongji.InEvent, Event: "profile", At: zongji.NowMs(a.Clock),
		From: zongji.Identity{Ext: openid, Name: string(got.Remark), Union: string(got.Union)}, Lang: language(string(got.Language))}
	if got.Scene != "" {
		in.From.Attrs = map[string]string{"subscribe_scene": string(got.Scene)}
	}
	if in.From.Union == "" && in.From.Name == "" && in.From.Attrs == nil && in.Lang == "" {
		return nil
	}
	h := sha256.Sum256([]byte(openid + "\n" + string(got.Union+"\n"+got.Remark+"\n"+got.Language+"\n"+got.Scene)))
	in.ExtID = "profile:" + hex.EncodeToString(h[:16])
	ctx, cancel := context.WithTimeout(ctx, acceptFor)
	defer cancel()
	_, err := a.Accept(ctx, in)
	return err
}

// language is WeChat's name of a language as a tag, "" for others.
func language(s string) string {
	switch s {
	case "zh_CN":
		return "zh-CN"
	case "zh_TW", "zh_HK":
		return "zh-TW"
	case "en":
		return "en"
	}
	return ""
}
