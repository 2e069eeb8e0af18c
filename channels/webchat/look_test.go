package webchat

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"zongji/channels"
	"zongji/channels/webchat/widget"
	"zongji/internal/zongji"
)

// TestLook serves a shop's page with the widget at ZONGJI_LOOK (":9090") until
// it is interrupted; widget/test/look.mjs takes its pictures there. The bot
// and the agent are a few fixed answers.
func TestLook(t *testing.T) {
	addr := os.Getenv("ZONGJI_LOOK")
	if addr == "" {
		t.Skip("set ZONGJI_LOOK to look at the widget")
	}
	r := open(t, func(a *zongji.ChannelAccount, d *channels.Deps) {
		a.Settings = map[string]string{"title": "小满家电 客服|小滿家電 客服|Xiaoman Support", "color": "#0f766e",
			"greeting":    "您好，我是小满，可以帮您查订单、办退换、约维修。",
			"greeting_en": "Hi, I can help with orders, returns and repairs.",
			"menu":        "我要退货|我要退貨|Return an item\n查询物流|查詢物流|Track my order\n发票怎么开|發票怎麼開|Get an invoice"}
	})
	r.answer, r.place = answers, 3
	mux := http.NewServeMux()
	mux.Handle("/widget.js", widget.Handler())
	mux.HandleFunc("/ws/chat", func(w http.ResponseWriter, q *http.Request) {
		q.URL.Path = "/ws"
		r.chat.Handler().ServeHTTP(w, q)
	})
	mux.Handle("/c/shop/", http.StripPrefix("/c/shop", r.chat.Handler()))
	mux.HandleFunc("/f/{token}/{name}", func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.Write(r.bytes[q.PathValue("token")])
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!doctype html><html lang="zh-CN"><meta name="viewport" content="width=device-width,initial-scale=1"><title>小满家电</title>
<style>body{margin:0;font:16px system-ui;background:#f2efe9;color:#333}@media(prefers-color-scheme:dark){body{background:#222;color:#ccc}}main{padding:40px}</style>
<main><h1>小满家电</h1><p>空气净化器 · 扫地机 · 电饭煲</p></main><script async src="/widget.js" data-channel="shop"></script></html>`))
	})
	t.Log(http.ListenAndServe(addr, mux))
}

// answers plays the other side.
func answers(h *house, thread string, t *talk, in zongji.Inbound) {
	opts := func(o ...zongji.Option) any { return map[string]any{"options": o} }
	say := func(m zongji.VisitorMessage) { h.add(thread, t, m) }
	switch {
	case in.Choice == "human" || in.Choice == "unsolved:1":
		t.status = waiting
		say(zongji.VisitorMessage{From: zongji.FromSystem, Kind: zongji.KindText, Text: "您已进入人工队列，前面还有 2 位，预计等待约 3 分钟。"})
	case in.Text == "agent":
		t.status = "agent"
		say(zongji.VisitorMessage{From: zongji.FromSystem, Kind: zongji.KindText, Text: "客服 林小满 为您服务"})
		say(zongji.VisitorMessage{From: zongji.FromAgent, Name: "林小满", Kind: zongji.KindText, Text: "您好，我看到您的订单 2024110388 了。退货地址和步骤在这里：https://shop.example/returns?id=2024110388，填好单号后告诉我就行。"})
	case in.Text == "end":
		t.status = "ended"
		say(zongji.VisitorMessage{From: zongji.FromSystem, Kind: zongji.KindRate, Text: "本次服务已结束，感谢您的咨询。"})
	case strings.Contains(in.Text, "退"):
		say(zongji.VisitorMessage{From: zongji.FromBot, Kind: zongji.KindAnswer, Text: "签收之日起 7 天内、商品完好，可在「我的订单」里申请退货。审核通过后请把商品寄回，运费由我们承担；收到后 1–3 个工作日退款到原支付账户。",
			Extra: opts(zongji.Option{Value: "solved:1", Text: "解决了"}, zongji.Option{Value: "unsolved:1", Text: "没解决"})})
	default:
		say(zongji.VisitorMessage{From: zongji.FromBot, Kind: zongji.KindCandidates, Text: "您想问的是不是：",
			Extra: opts(zongji.Option{Value: "faq:1", Text: "退货的运费由谁承担？"}, zongji.Option{Value: "faq:2", Text: "扫地机不回充怎么办？"},
				zongji.Option{Value: "faq:3", Text: "电子发票在哪里下载？"}, zongji.Option{Value: "human", Text: "转人工"})})
	}
}
