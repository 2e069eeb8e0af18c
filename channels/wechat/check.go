package wechat

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

var (
	notListed = []int{40164, 61004}
	address   = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
)

// check tries the connection step by step and stops where the later ones
// cannot succeed:
//
//	settings    complete and well formed
//	crypto      token and keys fit the mode
//	whitelist   WeChat lets this server's address call; else the text is the address to add
//	token       stable_token: appid and secret fit
//	ips         WeChat tells where its callbacks come from
//	menu        the account may have a menu; its text is how many buttons there are (official accounts)
//	send        customer service messages are allowed; its text is "used/limit" of today
//	callback    WeChat has called; its text is when (ms); left out where the account does not run
func (r *running) check(ctx context.Context, set zongji.ChannelAccount) []channels.Step {
	var steps []channels.Step
	step := func(name string, err error, text string) bool {
		if err != nil {
			text = err.Error()
		}
		steps = append(steps, channels.Step{Name: name, OK: err == nil, Text: text})
		return err == nil
	}
	run := r.find(set.ID)
	api, err := clientOf(set, nil, zongji.Wall{})
	if !step("settings", err, "") {
		return steps
	}
	defer api.Close()
	if _, err = cryptOf(set); !step("crypto", err, "") {
		return steps
	}
	err = api.Get(ctx, callbackIPPath, nil, nil)
	if e := apiError(err); e != nil && (e.Code == notListed[0] || e.Code == notListed[1]) {
		if ip := address.FindString(e.Msg); ip != "" {
			err = errors.New(ip)
		}
		step("whitelist", err, "")
		return steps
	}
	if e := apiError(err); err != nil && (e == nil || e.Path != callbackIPPath) {
		step("token", err, "")
		return steps
	}
	step("whitelist", nil, "")
	step("token", nil, "")
	step("ips", err, "")
	a := &Account{api: api, mini: set.Settings["type"] == mini}
	if !a.mini {
		live, err := a.liveMenu(ctx)
		step("menu", err, strconv.Itoa(len(live.Button)))
	}
	text, err := a.sendQuota(ctx)
	step("send", err, text)
	if run != nil {
		at := run.lastCall(ctx)
		err = nil
		if at == 0 {
			err = errors.New("WeChat has not called yet")
		}
		step("callback", err, strconv.FormatInt(int64(at), 10))
	}
	return steps
}

// sendQuota is today's count of customer service messages.
func (a *Account) sendQuota(ctx context.Context) (string, error) {
	var got struct {
		Quota struct {
			Limit wxapi.Number `json:"daily_limit"`
			Used  wxapi.Number `json:"used"`
		} `json:"quota"`
	}
	err := a.api.Post(ctx, quotaPath, map[string]string{"cgi_path": sendPath}, &got)
	if err == nil && got.Quota.Limit == 0 {
		err = &wxapi.Error{Path: sendPath, Code: 48001, Msg: "the account may not send customer service messages"}
	}
	return strconv.FormatInt(int64(got.Quota.Used), 10) + "/" + strconv.FormatInt(int64(got.Quota.Limit), 10), err
}

// lastCall is when WeChat called last, here or on another node, 0 for never.
func (a *Account) lastCall(ctx context.Context) zongji.Ms {
	at := zongji.Ms(a.called.Load())
	raw, err := a.Keep.Get(ctx, keepCallback)
	if err != nil {
		return at
	}
	kept, _ := strconv.ParseInt(raw, 10, 64) // 0 when nothing was kept
	return max(at, zongji.Ms(kept))
}

// noteCall keeps the time of the last callback for the other nodes.
func (a *Account) noteCall(ctx context.Context) {
	if at := a.called.Load(); at != 0 && at != a.kept {
		if a.Keep.Put(ctx, keepCallback, strconv.FormatInt(at, 10), 0) == nil {
			a.kept = at
		}
	}
}
