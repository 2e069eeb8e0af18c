package wecom

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// notAllowed is WeCom's code for a caller whose address is not in the app's
// list of trusted ones.
const notAllowed = 60020

// check tries the connection step by step and stops at the first that fails,
// since the later ones need it:
//
//	settings   complete and well formed
//	token      gettoken: corpid and secret fit
//	whitelist  WeCom lets this server's address call
//	account    the app may see the kf account
//	manage     the app may act for it
//	sync       its messages can be fetched
//	seats      told only: nobody of WeCom should receive its customers
//	callback   WeCom has called; left out where the account does not run
func (c *company) check(ctx context.Context, set zongji.ChannelAccount) []channels.Step {
	var steps []channels.Step
	step := func(name string, err error, text string) bool {
		if err != nil {
			text = err.Error()
		}
		if n := wxapi.CodeOf(err); n != 0 { // screens have words for it
			text = code(strconv.Itoa(n)) + " " + text
		}
		steps = append(steps, channels.Step{Name: name, OK: err == nil, Text: text})
		return err == nil
	}
	kf := set.Settings["open_kfid"]
	api, err := checked(set)
	if !step("settings", err, "") {
		return steps
	}
	defer api.Close()
	list, err := accounts(ctx, api)
	if tokenErr := tokenError(err); !step("token", tokenErr, "") {
		return steps
	}
	var blocked error
	if wxapi.CodeOf(err) == notAllowed {
		blocked = err
	}
	if !step("whitelist", blocked, "") || err != nil && !step("account", err, "") {
		return steps
	}
	i := 0
	for i < len(list) && string(list[i].ID) != kf {
		i++
	}
	if i == len(list) {
		step("account", fmt.Errorf("none of the %d kf accounts that the app may use has this open_kfid", len(list)), "")
		return steps
	}
	step("account", nil, string(list[i].Name))
	var refused error
	if m := list[i].Manage; m != nil && !*m {
		refused = fmt.Errorf("the app is not among those that may call the API for this kf account (可调用接口的应用)")
	}
	if !step("manage", refused, "") {
		return steps
	}
	if !step("sync", api.Post(ctx, syncPath, pageRequest{Kf: kf, Limit: 1}, nil), "") {
		return steps
	}
	if people, err := seats(ctx, api, kf); err == nil {
		n := 0
		for _, p := range people {
			if p.Status == 0 {
				n++
			}
		}
		step("seats", nil, fmt.Sprint(n))
	}
	if a := c.find(set.Settings["corpid"], kf); a != nil {
		at, err := a.lastCall(ctx)
		if err == nil && at == 0 {
			err = fmt.Errorf("WeCom has not called yet")
		}
		step("callback", err, at.Time().Format(time.RFC3339))
	}
	return steps
}

// checked is a client for an account whose settings are complete.
func checked(set zongji.ChannelAccount) (*wxapi.Client, error) {
	if err := complete(set); err != nil {
		return nil, err
	}
	if _, err := wxcrypt.New(set.Secrets["token"], set.Settings["corpid"], set.Secrets["aes_key"], set.Secrets["aes_key_previous"]); err != nil {
		return nil, err
	}
	return wxapi.New(clientOf(set, &channels.Memory{}, zongji.Wall{}))
}

// tokenError is err when it came of asking for a token.
func tokenError(err error) error {
	e, ok := err.(*wxapi.Error)
	if ok && e.Path != accountsPath && e.Code != notAllowed {
		return err
	}
	return nil
}

// lastCall is when WeCom called last, on any node, 0 for never.
func (a *Account) lastCall(ctx context.Context) (zongji.Ms, error) {
	a.mu.Lock()
	noted := a.noted
	a.mu.Unlock()
	kept, err := a.number(ctx, keepCallback)
	return max(noted, kept), err
}
