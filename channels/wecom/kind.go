// Package wecom is the channel of customers who write to an account of
// 微信客服 (WeCom's customer service for people on WeChat, "kf"). WeCom posts
// that there is something new and no more; the messages are fetched with
// sync_msg, sent with send_msg, and what may be sent depends on the state of
// the customer's session, which is kept in 0 or 1: people serve in the desk,
// not in WeCom.
package wecom

import (
	"context"
	"sync"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Paths of the API (https://developer.work.weixin.qq.com/document/path/94638).
const (
	syncPath     = "/cgi-bin/kf/sync_msg"
	sendPath     = "/cgi-bin/kf/send_msg"
	onEventPath  = "/cgi-bin/kf/send_msg_on_event"
	statePath    = "/cgi-bin/kf/service_state/get"
	transPath    = "/cgi-bin/kf/service_state/trans"
	accountsPath = "/cgi-bin/kf/account/list"
	seatsPath    = "/cgi-bin/kf/servicer/list"
	peoplePath   = "/cgi-bin/kf/customer/batchget"
	linkPath     = "/cgi-bin/kf/add_contact_way"
	uploadPath   = "/cgi-bin/media/upload"
	mediaPath    = "/cgi-bin/media/get"
)

// Kind is what internal/app lists.
func Kind() channels.Kind {
	c := &company{}
	return channels.Kind{
		Name:   "wecom",
		Grants: true,
		Form: []channels.Field{
			{Key: "corpid", Type: "text", Required: true, Max: 64},
			{Key: "open_kfid", Type: "text", Required: true, Max: 64},
			{Key: "agent_id", Type: "text", Max: 20},
			{Key: "secret", Type: "secret", Required: true, Max: 128},
			{Key: "token", Type: "secret", Required: true, Max: 64},
			{Key: "aes_key", Type: "secret", Required: true, Max: 43},
			{Key: "aes_key_previous", Type: "secret", Max: 43},
			{Key: "api_base", Type: "text", Max: 200},
			{Key: "reserve", Type: "number", Default: "2", Max: 1},
			{Key: "welcome", Type: "area", Max: 600},
			{Key: "menu", Type: "area", Max: 1000},
		},
		Open: func(_ context.Context, a zongji.ChannelAccount, d channels.Deps) (channels.Channel, error) {
			return open(a, d, c)
		},
		Check: c.check,
	}
}

// code is an error's name for screens.
func code(what string) string { return "wecom:" + what }

// company knows the accounts that run in this process. WeCom posts the
// callbacks of all kf accounts of an app to one address, which is that of any
// of ours.
type company struct {
	mu   sync.Mutex
	runs []*Account
}

func (c *company) enter(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = append(c.runs, a)
}

func (c *company) leave(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, b := range c.runs {
		if a == b {
			c.runs = append(c.runs[:i:i], c.runs[i+1:]...)
			return
		}
	}
}

// find returns the running account of a kf account, nil if none runs here.
func (c *company) find(corp, kf string) *Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.runs {
		if a.acct.Settings["corpid"] == corp && a.kf == kf {
			return a
		}
	}
	return nil
}
