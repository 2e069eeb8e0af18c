package wecom

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"zongji/bot"
	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

// The states of a session
// (https://developer.work.weixin.qq.com/document/path/94669).
const (
	stateNew   = 0 // 未处理
	stateBot   = 1 // 由智能助手接待: who sends by the API
	statePool  = 2 // 待接入池排队中
	stateSeat  = 3 // 由人工接待
	stateEnded = 4 // 已结束/未开始: a message of the customer begins it anew
)

// session is how a customer's session stands.
type session struct {
	State int    `json:"state"`
	Seat  string `json:"seat,omitempty"` // userid of who has it in WeCom
}

// held reports whether WeCom's people have the session.
func (s session) held() bool { return s.State == statePool || s.State == stateSeat }

func (s session) words() string {
	switch s.State {
	case statePool:
		return "会话在企业微信的待接入池中排队"
	case stateSeat:
		return strings.TrimSpace("会话由企业微信的坐席接待 " + s.Seat)
	case stateEnded:
		return "会话已结束，客户再次发送消息后才能回复"
	}
	return "客户最近 48 小时内没有发送消息"
}

func (a *Account) state(ctx context.Context, customer string) (session, error) {
	var got struct {
		State wxapi.Number `json:"service_state"`
		Seat  word         `json:"servicer_userid"`
	}
	err := a.post(ctx, sendWait, statePath, map[string]any{"open_kfid": a.kf, "external_userid": customer}, &got)
	return session{int(got.State), string(got.Seat)}, err
}

// trans changes a session's state. ticket lets one message be sent for it.
func (a *Account) trans(ctx context.Context, customer string, state int, seat string) (ticket string, err error) {
	var got struct {
		Code word `json:"msg_code"`
	}
	in := map[string]any{"open_kfid": a.kf, "external_userid": customer, "service_state": state}
	if seat != "" {
		in["servicer_userid"] = seat
	}
	err = a.post(ctx, sendWait, transPath, in, &got)
	return string(got.Code), err
}

// say sends the one message that a ticket of trans allows.
func (a *Account) say(ctx context.Context, ticket string, p part) error {
	return a.post(ctx, sendWait, onEventPath, map[string]any{"code": ticket, "msgtype": p.kind, p.kind: p.body}, nil)
}

// Serve does what an agent wants with the session of his customer:
//
//	state                    → {state, seat}
//	seats                    → {seats: [{userid, status}]}: who could take it, 0 does now
//	reopen {text?}           → {state, asked}: takes the session from WeCom's people
//	to_seat {userid?, text?} → {state, seat}: gives it to them, to their pool without a userid
//
// A session that was taken back is over, and only its customer can begin
// another one; so he is sent the text with a button that does it.
func (a *Account) Serve(ctx context.Context, conv zongji.Conversation, _ zongji.Identity, deed string, in json.RawMessage) (any, error) {
	var req struct {
		Text string `json:"text"`
		Seat string `json:"userid"`
	}
	if err := channels.Input(in, &req); err != nil {
		return nil, err
	}
	switch deed {
	case "state":
		st, err := a.state(ctx, conv.Thread)
		return st, a.api.Refusal(err)
	case "seats":
		return a.seats(ctx)
	case "reopen":
		return a.reopen(ctx, &conv, req.Text)
	case "to_seat":
		return a.toSeat(ctx, &conv, req.Seat, req.Text)
	}
	return nil, channels.ErrNoDeed
}

// reopened is the answer of reopen.
type reopened struct {
	State int  `json:"state"`
	Asked bool `json:"asked"` // the customer was sent the button
}

func (a *Account) reopen(ctx context.Context, conv *zongji.Conversation, text string) (any, error) {
	if text == "" {
		text = bot.Text(conv.Lang, "go_on_ask")
	}
	if len(text) > maxHead {
		return nil, zongji.Errorf(zongji.Invalid, "too_long", "the text has at most %d bytes", maxHead)
	}
	st, err := a.state(ctx, conv.Thread)
	switch {
	case err != nil:
		return nil, a.api.Refusal(err)
	case st.State == stateEnded:
		return nil, zongji.Errorf(zongji.Conflict, "kf_ended", "the session is over: only a message of the customer opens it again")
	case !st.held():
		a.holds(ctx, conv, false)
		return reopened{State: st.State}, nil // it is ours
	}
	ticket, err := a.trans(ctx, conv.Thread, stateEnded, "")
	if err != nil {
		return nil, a.api.Refusal(err)
	}
	a.holds(ctx, conv, false)
	ask := menu(text, []zongji.Option{{Text: bot.Text(conv.Lang, "go_on")}})[0]
	err = a.say(ctx, ticket, ask)
	if err != nil {
		a.Log.Warn("button to go on not sent", "conv", conv.ID, "err", err)
	}
	return reopened{State: stateEnded, Asked: err == nil}, nil
}

func (a *Account) toSeat(ctx context.Context, conv *zongji.Conversation, seat, text string) (any, error) {
	if text == "" {
		text = bot.Text(conv.Lang, "to_seat")
	}
	if len(text) > maxText {
		return nil, zongji.Errorf(zongji.Invalid, "too_long", "the text has at most %d bytes", maxText)
	}
	to := statePool
	if seat != "" {
		to = stateSeat
	}
	ticket, err := a.trans(ctx, conv.Thread, to, seat)
	if err != nil {
		return nil, a.api.Refusal(err)
	}
	a.holds(ctx, conv, true)
	if ticket != "" {
		if err := a.say(ctx, ticket, part{kind: "text", body: textBody{text}}); err != nil {
			a.Log.Warn("customer not told of the hand-over", "conv", conv.ID, "err", err)
		}
	}
	return session{to, seat}, nil
}

// holds notes who has the customer now. WeCom tells of what its people do, not
// of what we do.
func (a *Account) holds(ctx context.Context, conv *zongji.Conversation, held bool) {
	at := zongji.NowMs(a.Clock)
	_, err := a.Accept(ctx, zongji.Inbound{Channel: a.acct.ID, ChanKind: a.acct.Kind, Kind: zongji.InEvent, Event: "held", Thread: conv.Thread,
		ExtID: "held:" + strconv.FormatInt(conv.ID, 10) + ":" + strconv.FormatInt(int64(at), 10), At: at, From: zongji.Identity{Ext: conv.Thread}, Held: &held})
	if err != nil {
		a.Log.Warn("who has the session not noted", "conv", conv.ID, "err", err)
	}
}

// Operate does what an admin wants of the account:
//
//	accounts                     → {accounts: [{open_kfid, name, manage}]}
//	seats                        → {seats: [{userid, status, department}]}: who receives customers in WeCom
//	link {scene, scene_param?}   → {url}: opens the chat; rules see "scene" or "scene:param"
func (a *Account) Operate(ctx context.Context, deed string, in json.RawMessage) (any, error) {
	var req struct {
		Scene string `json:"scene"`
		Param string `json:"scene_param"`
	}
	if err := channels.Input(in, &req); err != nil {
		return nil, err
	}
	switch deed {
	case "accounts":
		list, err := accounts(ctx, a.api)
		return map[string]any{"accounts": list}, a.api.Refusal(err)
	case "seats":
		return a.seats(ctx)
	case "link":
		return a.link(ctx, req.Scene, req.Param)
	}
	return nil, channels.ErrNoDeed
}

// kfAccount is one of the company's kf accounts.
type kfAccount struct {
	ID     word  `json:"open_kfid"`
	Name   word  `json:"name"`
	Manage *bool `json:"manage_privilege,omitempty"` // false: the app may not act for it
}

const (
	listPage = 100  // accounts of one call
	maxList  = 5000 // accounts of a company that are looked at
)

func accounts(ctx context.Context, api *wxapi.Client) ([]kfAccount, error) {
	all := []kfAccount{}
	for len(all) < maxList {
		var got struct {
			List []kfAccount `json:"account_list"`
		}
		if err := api.Post(ctx, accountsPath, map[string]int{"offset": len(all), "limit": listPage}, &got); err != nil {
			return nil, err
		}
		all = append(all, got.List...)
		if len(got.List) < listPage {
			break
		}
	}
	return all, nil
}

// seat is somebody, or a department, that receives customers in WeCom.
type seat struct {
	User       word         `json:"userid,omitempty"`
	Department word         `json:"department_id,omitempty"`
	Status     wxapi.Number `json:"status"` // 0 receives, 1 does not
}

func (a *Account) seats(ctx context.Context) (any, error) {
	list, err := seats(ctx, a.api, a.kf)
	return map[string]any{"seats": list}, a.api.Refusal(err)
}

func seats(ctx context.Context, api *wxapi.Client, kf string) ([]seat, error) {
	var got struct {
		List []seat `json:"servicer_list"`
	}
	err := api.Get(ctx, seatsPath, url.Values{"open_kfid": {kf}}, &got)
	return append([]seat{}, got.List...), err
}

// Limits of a link (https://developer.work.weixin.qq.com/document/path/94665).
const (
	maxScene = 32  // bytes, letters, digits, _ and -
	maxParam = 128 // bytes
)

func (a *Account) link(ctx context.Context, scene, param string) (any, error) {
	const allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"
	if len(scene) > maxScene || strings.Trim(scene, allowed) != "" || len(param) > maxParam {
		return nil, zongji.Errorf(zongji.Invalid, "bad_scene", "a scene has at most %d letters, digits, _ and -; its parameter %d bytes", maxScene, maxParam)
	}
	var got struct {
		URL string `json:"url"`
	}
	if err := a.post(ctx, sendWait, linkPath, map[string]string{"open_kfid": a.kf, "scene": scene}, &got); err != nil {
		return nil, a.api.Refusal(err)
	}
	if param != "" {
		sep := "?"
		if strings.Contains(got.URL, "?") {
			sep = "&"
		}
		got.URL += sep + "scene_param=" + url.QueryEscape(param)
	}
	return got, nil
}
