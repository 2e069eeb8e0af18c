package agentdesk

import (
	"context"
	"encoding/json"
	"slices"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

type convDeed struct {
	Conv int64  `path:"conv"`
	Deed string `path:"deed" maxLength:"64"`
	Body *json.RawMessage
}

// serveDeed does what a conversation's channel can beside messages.
func (d *Desk) serveDeed(ctx context.Context, me zongji.Actor, req *convDeed) (any, error) {
	out, err := d.cfg.Router.Serve(ctx, me, req.Conv, req.Deed, object(req.Body))
	if err != nil {
		return nil, err
	}
	return answerOf(out), d.audit(ctx, me, "deed."+req.Deed, about("conversation", req.Conv), nil)
}

type channelDeed struct {
	ID   int64  `path:"id"`
	Deed string `path:"deed" maxLength:"64"`
	Body *json.RawMessage
}

// operateDeed does what an account can beside messages.
func (d *Desk) operateDeed(ctx context.Context, me zongji.Actor, req *channelDeed) (any, error) {
	a, err := d.channel(ctx, req.ID)
	if err != nil {
		return nil, err
	}
	out, err := d.cfg.Router.Operate(ctx, req.ID, req.Deed, object(req.Body))
	if err != nil {
		return nil, err
	}
	return answerOf(out), d.audit(ctx, me, "channels.deed", about("channels", req.ID), map[string]string{"channel": a.Name, "deed": req.Deed})
}

// object is a body, {} for none.
func object(b *json.RawMessage) json.RawMessage {
	if b == nil || len(*b) == 0 || string(*b) == "null" {
		return json.RawMessage(`{}`)
	}
	return *b
}

func answerOf(out any) any {
	if out == nil {
		return struct{}{}
	}
	return out
}

// healthCard is how one account is.
type healthCard struct {
	Channel int64 `json:"channel"`
	store.ChannelHealth
}

type healthList struct {
	Items []healthCard `json:"items"`
	Bad   int          `json:"bad"` // enabled accounts that are not well
}

// well reports whether nobody need look at an account.
func well(state string) bool { return state == "" || state == "ok" }

// channelsHealth is how the enabled accounts are, for a badge.
func (d *Desk) channelsHealth(ctx context.Context, _ zongji.Actor, _ *struct{}) (healthList, error) {
	list, err := d.cfg.Store.Channels(ctx)
	if err != nil {
		return healthList{}, err
	}
	all, err := d.cfg.Store.Health(ctx)
	out := healthList{Items: []healthCard{}}
	for _, a := range slices.DeleteFunc(list, func(a zongji.ChannelAccount) bool { return a.Disabled }) {
		h := all[a.ID]
		out.Items = append(out.Items, healthCard{a.ID, h})
		if !well(h.State) {
			out.Bad++
		}
	}
	return out, err
}

type healthAnswer struct {
	Health struct {
		State string    `json:"state"`
		Code  string    `json:"code,omitempty"`
		Text  string    `json:"text,omitempty"`
		Until zongji.Ms `json:"until,omitempty"`
	} `json:"health"`
	Since    zongji.Ms       `json:"since,omitempty"`
	Log      []store.LogLine `json:"log"`
	Callback struct {
		At    zongji.Ms `json:"at,omitempty"`
		Count int64     `json:"count"`
	} `json:"callback"`
	Open bool `json:"open"` // on this node
}

// logLines is how much of an account's log is shown.
const logLines = 200

func (d *Desk) channelHealth(ctx context.Context, _ zongji.Actor, req *byID) (a healthAnswer, err error) {
	if _, err := d.channel(ctx, req.ID); err != nil {
		return a, err
	}
	all, err := d.cfg.Store.Health(ctx)
	if err != nil {
		return a, err
	}
	h := all[req.ID]
	a.Health.State, a.Health.Code, a.Health.Text, a.Health.Until, a.Since = h.State, h.Code, h.Text, h.Until, h.Since
	a.Callback.At, a.Callback.Count, a.Open = h.CallbackAt, h.Callbacks, d.cfg.Router.Opened(req.ID)
	a.Log, err = d.cfg.Store.ChannelLog(ctx, req.ID, logLines)
	if a.Log == nil {
		a.Log = []store.LogLine{}
	}
	return a, err
}
