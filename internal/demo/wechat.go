package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// weChat is the WeChat that the demo is connected to. It runs beside the
// served process, so that it repeats what a killed one did not answer.
type weChat struct {
	*wechattest.Server
	accounts []zongji.ChannelAccount
}

// openWeChat starts it on a port of its own, with an official account, a
// mini-program and a kf account whose callbacks go to the desk at base.
func openWeChat(base string) (*weChat, error) {
	w := &weChat{Server: wechattest.New(wechattest.Options{})}
	if err := w.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.official(base)
	w.mini(base)
	w.kf(base)
	w.User("林小满", "demo-union-lin")
	w.User("周航", "demo-union-zhou")
	return w, nil
}

func (w *weChat) official(base string) {
	a := wechattest.Account{AppID: "wx00000000000demo1", Name: "云桥商城", Mode: wechattest.Safe, Callback: base + "/c/wechat/",
		Secret: rand.Text(), Token: rand.Text(), AESKey: aesKey()}
	oa := w.OfficialAccount(a)
	oa.Publish([]wechattest.Button{
		{Type: "click", Name: "查物流", Key: "查物流"},
		{Name: "售后", Sub: []wechattest.Button{{Type: "click", Name: "退货退款", Key: "怎么退货退款"}, {Type: "click", Name: "开发票", Key: "怎么开发票"},
			{Type: "view", Name: "商城首页", URL: "https://shop.example/"}}},
		{Type: "click", Name: "人工客服", Key: "转人工"},
	})
	oa.Template("demo-order", "订单状态更新提醒", "订单编号：{{character_string1.DATA}}\n订单状态：{{phrase2.DATA}}\n温馨提示：{{thing3.DATA}}")
	oa.Template("demo-repair", "维修进度提醒", "服务单号：{{character_string1.DATA}}\n当前进度：{{thing2.DATA}}")
	oa.Code("store-42")
	oa.Code("packaging")
	w.add("wechat", "wechat", "公众号 云桥商城", map[string]string{"appid": a.AppID, "mode": string(a.Mode), "type": "official"}, a)
}

func (w *weChat) mini(base string) {
	a := wechattest.Account{AppID: "wx00000000000demo2", Name: "云桥小程序", Mode: wechattest.Safe, Callback: base + "/c/mini/", JSON: true,
		Secret: rand.Text(), Token: rand.Text(), AESKey: aesKey()}
	w.MiniProgram(a).Template("demo-shipped", "发货通知", "订单编号：{{character_string1.DATA}}\n快递公司：{{thing2.DATA}}\n备注：{{thing3.DATA}}")
	w.add("wechat", "mini", "小程序 云桥商城", map[string]string{"appid": a.AppID, "mode": string(a.Mode), "type": "mini"}, a)
}

func (w *weChat) kf(base string) {
	a := wechattest.CorpConfig{CorpID: "ww00000000000demo3", Callback: base + "/c/kf/", Secret: rand.Text(), Token: rand.Text(), AESKey: aesKey()}
	const id = "wkdemo0000000000000000000001"
	w.Corp(a).Account(id, "云桥商城客服").Servicer("zhangsan")
	w.add("wecom", "kf", "微信客服 云桥商城", map[string]string{"corpid": a.CorpID, "open_kfid": id, "agent_id": "1000002"},
		wechattest.Account{Secret: a.Secret, Token: a.Token, AESKey: a.AESKey})
}

// aesKey makes an EncodingAESKey.
func aesKey() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])[:43]
}

func (w *weChat) add(kind, key, name string, settings map[string]string, a wechattest.Account) {
	settings["api_base"] = w.URL()
	w.accounts = append(w.accounts, zongji.ChannelAccount{Kind: kind, Key: key, Name: name, Bot: true, Settings: settings,
		Secrets: map[string]string{"secret": a.Secret, "token": a.Token, "aes_key": a.AESKey}})
}

// connect writes accounts as channels. One that is there keeps what an
// admin changed and gets the new address and secrets.
func connect(ctx context.Context, db *store.DB, queue int64, accounts []zongji.ChannelAccount) error {
	for _, a := range accounts {
		a.Queue = queue
		have, err := db.ChannelByKey(ctx, a.Key)
		switch {
		case err == nil:
			for k, v := range a.Settings {
				have.Settings[k] = v
			}
			have.Secrets = a.Secrets
			a = have
		case zongji.KindOf(err) != zongji.NotFound:
			return err
		}
		if _, err := db.PutChannel(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
