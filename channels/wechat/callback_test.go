package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// query is a signed query for a plain callback.
func query(nonce string) url.Values {
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	return url.Values{"timestamp": {ts}, "nonce": {nonce}, "signature": {wxcrypt.Sign(appToken, ts, nonce)}}
}

// post sends a body to the account's handler.
func (w *world) post(q url.Values, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/?"+q.Encode(), strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml")
	w.acct.Handler().ServeHTTP(rec, r)
	return rec
}

// callback is one case of wx_callbacks.json.
type callback struct {
	Name, Body  string
	ContentType string `json:"content_type"`
	Expect      map[string]any
}

func callbacks(t testing.TB) []callback {
	raw, err := os.ReadFile(testenv.Data(t, "wechat-email-vectors", "wx_callbacks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []callback
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// kinds are the vectors' names of what we call otherwise.
var kinds = map[string]zongji.MessageKind{"text": "", "image": zongji.KindImage, "voice": zongji.KindVoice, "video": zongji.KindVideo, "location": zongji.KindLocation,
	"link": zongji.KindLink, "miniprogram": zongji.KindMiniPage, "unsupported": zongji.KindOther}

func TestCallbackVectors(t *testing.T) {
	all := callbacks(t)
	if len(all) != 30 {
		t.Errorf("%d vectors, want 30", len(all))
	}
	for i, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			w := newWorld(t, modePlain, nil)
			began := time.Now()
			rec := w.post(query(fmt.Sprint("n", i)), v.Body)
			if d := time.Since(began); d > 500*time.Millisecond {
				t.Errorf("answered after %v", d)
			}
			if v.Expect["error"] == true {
				if got := w.store.all(); len(got) != 0 || rec.Code != http.StatusOK || rec.Body.Len() != 0 {
					t.Errorf("status %d %q, accepted %+v; want an empty 200 and nothing accepted", rec.Code, rec.Body, got)
				}
				return
			}
			if rec.Code != http.StatusOK || rec.Body.String() != "success" {
				t.Fatalf("status %d %q, want success", rec.Code, rec.Body)
			}
			compare(t, w.in(), v.Expect)
		})
	}
}

// compare holds an inbound against what a vector expects.
func compare(t *testing.T, in zongji.Inbound, want map[string]any) {
	t.Helper()
	var x map[string]any
	_ = json.Unmarshal(in.Extra, &x) // kinds without one have none
	var f fetch
	_ = json.Unmarshal([]byte(in.Fetch), &f)
	events := map[string]string{"SCAN": "scan", "VIEW": "view", "LOCATION": "location", "user_enter_tempsession": "enter"}
	for key, v := range want {
		var got any
		switch key {
		case "kind":
			got = string(in.Kind)
		case "type":
			if got = v; in.Msg != kinds[v.(string)] {
				got = in.Msg
			}
		case "text":
			if got = in.Text; in.Msg == zongji.KindLocation {
				got = x["label"]
			}
		case "dedupe":
			got = in.ExtID
		case "media_id":
			got = f.Media
		case "lat":
			got = x["lat"]
		case "lng":
			got = x["lon"]
		case "url", "title", "path":
			got = x[key]
		case "scene", "session_from":
			got = in.Scene
		case "menu_id":
			if got = v; in.Grant != byDeed {
				got = in.Grant
			}
		case "event":
			switch got = v; v {
			case "CLICK":
				if in.Kind != zongji.InMessage || in.Grant != byDeed {
					got = in
				}
			case "TEMPLATESENDJOBFINISH":
				if in.Kind != zongji.InStatus || in.State != zongji.StateFailed {
					got = in
				}
			default:
				if e := events[v.(string)]; in.Event != e && in.Event != v {
					got = in.Event
				}
			}
		case "key":
			if got = v; in.Choice != "menu:"+v.(string) {
				got = in.Choice
			}
		case "kf":
			got = in.Value
		case "template_msg_id":
			if got = v; in.Ref != noticeRef+strconv.FormatFloat(v.(float64), 'f', 0, 64) {
				got = in.Ref
			}
		case "status":
			got = "failed:" + in.Reason
		case "quota":
			if got = v; in.Grant != byEnter {
				got = in.Grant
			}
		case "note", "channel":
			continue
		default:
			t.Errorf("the vector expects an unknown %q", key)
			continue
		}
		if got != v {
			t.Errorf("%s = %v, want %v", key, got, v)
		}
	}
}

func TestEveryModeTakesItsOwnCallbacksAndNoOthers(t *testing.T) {
	for _, mode := range []string{modePlain, modeCompat, modeSafe} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, nil)
			if err := w.app.Verify(); err != nil {
				t.Fatalf("the console's test: %v", err)
			}
			w.must(w.ming.Follow(w.app, "store42"))
			w.must(w.ming.Say(w.app, "订单什么时候发货？\x1d"))
			in := w.in()
			if in.Text != "订单什么时候发货？" || in.Thread != w.ming.OpenID(w.app) || in.Grant != byMessage || in.Channel != 7 {
				t.Errorf("accepted %+v", in)
			}
			if ev := w.store.all()[0]; ev.Event != "subscribe" || ev.Scene != "store42" || !ev.Shown || ev.Grant != byDeed {
				t.Errorf("subscribe: %+v", ev)
			}
			// The same server in the other modes, as after a change that was made
			// on one side only.
			for _, other := range []wechattest.Mode{wechattest.Plain, wechattest.Compat, wechattest.Safe} {
				before := len(w.store.all())
				w.app.SetMode(other)
				d := w.ming.Say(w.app, "又来了 "+string(other))
				// A compatible body is a plain one with more in it, and a safe one too.
				takes := string(other) == mode || mode != modeCompat && other == wechattest.Compat
				if (d.Err == nil) != takes || len(w.store.all()) > before != takes {
					t.Errorf("mode %s takes %s: %v (%v)", mode, other, d.Err == nil, d.Err)
				}
			}
			if problems, _ := w.told(); !strings.Contains(problems, "wechat:mode") && !strings.Contains(problems, "wechat:signature") {
				t.Errorf("operators read %q", problems)
			}
		})
	}
}

func TestForgeries(t *testing.T) {
	const body = `<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content><MsgId>%d</MsgId></xml>`
	safe, plain := newWorld(t, modeSafe, nil), newWorld(t, modePlain, nil)
	other := func(_ *wechattest.Account, set *zongji.ChannelAccount) { set.Settings["original"] = "gh_other" }
	strict := newWorld(t, modePlain, other)
	compat := newWorld(t, modeCompat, nil)
	crypt, err := wxcrypt.New(appToken, "wx1", aesKey)
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(msg, around string) (url.Values, string) {
		q := query("sealed")
		enc, sig := crypt.Seal(nil, []byte(msg), q.Get("timestamp"), "sealed")
		q.Set("msg_signature", sig)
		q.Set("encrypt_type", "aes")
		return q, strings.Replace(around, "</xml>", "<Encrypt>"+enc+"</Encrypt></xml>", 1)
	}
	seen := query("seen")
	if rec := plain.post(seen, fmt.Sprintf(body, 1)); rec.Code != http.StatusOK {
		t.Fatalf("status %d for the true one", rec.Code)
	}
	bad := query("bad")
	bad.Set("signature", strings.Repeat("0", 40))
	differ, differing := sealed(fmt.Sprintf(body, 2), fmt.Sprintf(body, 3))
	noSig, unsigned := sealed(fmt.Sprintf(body, 2), "<xml></xml>")
	noSig.Del("msg_signature")
	for _, tt := range []struct {
		name string
		w    *world
		q    url.Values
		body string
	}{
		{"a plain body where safe mode is configured, whatever the query says", safe, query("a"), fmt.Sprintf(body, 9)},
		{"an envelope without its signature", safe, noSig, unsigned},
		{"a wrong signature", plain, bad, fmt.Sprintf(body, 9)},
		{"no signature", plain, url.Values{}, fmt.Sprintf(body, 9)},
		{"a callback of another account", strict, query("b"), fmt.Sprintf(body, 9)},
		{"a compatible body whose halves differ", compat, differ, differing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(tt.w.store.all())
			if rec := tt.w.post(tt.q, tt.body); rec.Code != http.StatusForbidden || rec.Body.String() == "success" {
				t.Errorf("status %d %q, want 403", rec.Code, rec.Body)
			}
			if len(tt.w.store.all()) != before {
				t.Error("it was accepted")
			}
		})
	}
	if rec := plain.post(seen, fmt.Sprintf(body, 1)); rec.Code != http.StatusOK {
		t.Errorf("a repeat of the true one: status %d", rec.Code)
	}
	if rec := plain.post(seen, fmt.Sprintf(body, 9)); rec.Code != http.StatusOK || len(plain.store.all()) != 2 {
		t.Errorf("another body under the same signature in plain mode: status %d, want it taken and noted", rec.Code)
	}
}

func TestAnOldKeyIsTakenWhileItIsThePreviousOne(t *testing.T) {
	w := newWorld(t, modeSafe, func(wa *wechattest.Account, set *zongji.ChannelAccount) { set.Secrets["aes_key_previous"] = oldKey })
	w.app.SetAESKey(oldKey)
	w.must(w.ming.Follow(w.app, ""))
	w.app.SetAESKey(aesKey)
	w.must(w.ming.Say(w.app, "新密钥"))
	if n := len(w.store.all()); n != 2 {
		t.Errorf("%d accepted, want 2", n)
	}
}

func TestThreeOverlappingTriesAreOneMessage(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.must(w.ming.Follow(w.app, ""))
	w.store.set(nil, 50*time.Millisecond)
	w.app.Overlap(1)
	w.must(w.ming.Say(w.app, "在吗"))
	if n := len(w.store.all()); n != 2 {
		t.Errorf("%d accepted, want the subscription and one message", n)
	}
}

func TestWhatWasNotStoredIsNotAcknowledged(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.must(w.ming.Follow(w.app, ""))
	w.store.set(errors.New("the disk is full"), 0)
	if d := w.ming.Say(w.app, "丢了吗"); d.Err == nil || d.Attempts != 3 || d.Status != http.StatusServiceUnavailable {
		t.Errorf("delivery %+v, want three tries, each refused", d)
	}
	w.store.set(zongji.Errorf(zongji.Denied, "blocked", "he is blocked"), 0)
	if d := w.ming.Say(w.app, "我被拉黑了"); d.Err != nil || d.Attempts != 1 {
		t.Errorf("delivery %+v: what will always be refused is not asked for again", d)
	}
}

func TestButtonsAndMenus(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.must(w.ming.Follow(w.app, ""))
	if _, err := w.acct.Operate(t.Context(), "menu.put", json.RawMessage(`{"button":[{"name":"服务","sub_button":[{"type":"click","name":"联系客服","key":"human"},{"type":"click","name":"退换货","key":"RETURNS"}]}]}`)); err != nil {
		t.Fatal(err)
	}
	w.open() // another node, which did not publish it
	w.must(w.ming.Click(w.app, "RETURNS"))
	if in := w.in(); in.Kind != zongji.InMessage || in.Text != "退换货" || in.Choice != "menu:RETURNS" || in.Grant != byDeed {
		t.Errorf("a click: %+v", in)
	}
	w.must(w.ming.Click(w.app, "human"))
	if in := w.in(); in.Text != "联系客服" || in.Choice != "human" {
		t.Errorf("a click that calls a person: %+v", in)
	}
	w.must(w.ming.Click(w.app, "GONE"))
	if in := w.in(); in.Text != "GONE" {
		t.Errorf("a click of a menu that nobody knows: %+v", in)
	}
	options := []zongji.Option{{Value: "faq:123456789012345", Text: "怎么退货"}, {Value: "human", Text: "转人工"}}
	if _, err := w.send(1, zongji.Message{Kind: zongji.KindCandidates, Text: "您想问的是", Extra: object(zongji.Candidates{Options: options})}); err != nil {
		t.Fatal(err)
	}
	inbox := w.ming.Inbox(w.app)
	menu := inbox[len(inbox)-1].Menu
	if len(menu) != 2 || strings.Trim(menu[0].ID+menu[1].ID, "0123456789") != "" {
		t.Fatalf("menu %+v: ids must be digits", menu)
	}
	for i, o := range options {
		w.must(w.ming.TapMenu(w.app, menu[i].ID))
		if in := w.in(); in.Text != o.Text || in.Choice != o.Value || in.Grant != byDeed {
			t.Errorf("a tap on %s: %+v", o.Value, in)
		}
	}
}

func TestStars(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.must(w.ming.Follow(w.app, ""))
	w.must(w.ming.Say(w.app, "谢谢"))
	if _, err := w.send(1, zongji.Message{Kind: zongji.KindRate, Text: "请打分", Extra: object(zongji.RateAsk{Stars: 5})}); err != nil {
		t.Fatal(err)
	}
	inbox := w.ming.Inbox(w.app)
	menu := inbox[len(inbox)-1].Menu
	if len(menu) != 5 || menu[0].Content != "很满意" {
		t.Fatalf("menu %+v", menu)
	}
	w.must(w.ming.TapMenu(w.app, menu[1].ID))
	if in := w.in(); in.Kind != zongji.InRating || in.Stars != 4 || in.Grant != byDeed {
		t.Errorf("a tap on 满意: %+v", in)
	}
}

func TestStarsAreAskedInWordsWhereThereAreNoMenus(t *testing.T) {
	w := newWorld(t, modeSafe, func(_ *wechattest.Account, set *zongji.ChannelAccount) { set.Settings["type"] = mini })
	w.must(w.ming.Say(w.app, "在吗"))
	w.in()
	if _, err := w.send(1, zongji.Message{Kind: zongji.KindRate, Text: "请打分", Extra: object(zongji.RateAsk{Stars: 5})}); err != nil {
		t.Fatal(err)
	}
	inbox := w.ming.Inbox(w.app)
	if l := inbox[len(inbox)-1]; !strings.Contains(l.Text, "\n5 很满意\n4 满意") {
		t.Errorf("he reads %q", l.Text)
	}
}

func TestMenuIDs(t *testing.T) {
	for _, v := range []string{"human", "faq:1", "faq:9007199254740991", "solved:12", "unsolved:12", "menu:3"} {
		id := menuID(v)
		if strings.Trim(id, "0123456789") != "" || len(id) > 18 || choiceOf(id) != v {
			t.Errorf("%s ↔ %s ↔ %s", v, id, choiceOf(id))
		}
	}
	for _, v := range []string{"", "menu:RETURNS", "faq:", "faq:x", "x:1"} {
		if id := menuID(v); choiceOf(id) != "" {
			t.Errorf("%q becomes %q, which is %q", v, id, choiceOf(id))
		}
	}
	for _, id := range []string{"", "csat:5", "9", "2", "2x", "101x"} {
		if c := choiceOf(id); c != "" {
			t.Errorf("choiceOf(%q) = %q", id, c)
		}
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.must(w.ming.Follow(w.app, ""))
	w.must(w.ming.Scan(w.app, "store7"))
	if in := w.in(); in.Event != "scan" || in.Scene != "store7" || !in.Shown || in.Grant != byDeed {
		t.Errorf("scan: %+v", in)
	}
	w.must(w.ming.View(w.app, "https://a.test"))
	if in := w.in(); in.Event != "view" || in.Shown || in.Grant != nil {
		t.Errorf("view: %+v", in)
	}
	w.must(w.ming.Event(w.app, "kf_create_session", "KfAccount", "test1@test"))
	if problems, _ := w.told(); !strings.Contains(problems, "wechat:native") {
		t.Errorf("operators read %q", problems)
	}
	w.must(w.ming.Event(w.app, "event_of_the_future", "Foo", "bar"))
	if in := w.in(); in.Event != "event_of_the_future" || in.Shown {
		t.Errorf("an unknown event: %+v", in)
	}
	w.must(w.ming.Other(w.app, "kind_of_the_future", "Foo", "bar"))
	if in := w.in(); in.Msg != zongji.KindOther || !strings.Contains(string(in.Extra), "kind_of_the_future") || !strings.Contains(string(in.Extra), "bar") {
		t.Errorf("an unknown kind: %+v %s", in, in.Extra)
	}
	w.must(w.ming.Unfollow(w.app))
	if in := w.in(); in.Event != "unsubscribe" || !in.Ends || !in.Shown {
		t.Errorf("unsubscribe: %+v", in)
	}
}

func TestMiniProgram(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		for _, mode := range []string{modePlain, modeCompat, modeSafe} {
			t.Run(fmt.Sprintf("%s json %v", mode, asJSON), func(t *testing.T) {
				w := newWorld(t, mode, func(wa *wechattest.Account, set *zongji.ChannelAccount) {
					wa.JSON, set.Settings["type"] = asJSON, mini
				})
				w.must(w.ming.Enter(w.app, "order:42", ""))
				if in := w.in(); in.Event != "enter" || in.Scene != "order:42" || in.Grant != byEnter || !in.Shown {
					t.Errorf("enter: %+v", in)
				}
				w.must(w.ming.Card(w.app, "商品", "pages/i?id=1"))
				if in := w.in(); in.Msg != zongji.KindMiniPage || !strings.Contains(string(in.Extra), "pages/i?id=1") {
					t.Errorf("card: %+v %s", in, in.Extra)
				}
				w.must(w.ming.Say(w.app, "你好"))
				if in := w.in(); in.Text != "你好" || in.Grant != byMessage {
					t.Errorf("text: %+v", in)
				}
				if _, err := w.send(1, zongji.Message{Kind: zongji.KindCandidates, Text: "您想问 <a href='x'>", Extra: object(zongji.Candidates{Options: []zongji.Option{{Value: "human", Text: "转人工"}}})}); err != nil {
					t.Fatal(err)
				}
				got := w.ming.Inbox(w.app)
				if l := got[len(got)-1]; l.Kind != "text" || l.Text != "您想问 ＜a href='x'>\n· 转人工" {
					t.Errorf("he got %+v", l)
				}
			})
		}
	}
}

// hostile bodies in plain mode, where the body is not vouched for.
func TestHostileBodies(t *testing.T) {
	w := newWorld(t, modePlain, nil)
	for i, body := range []string{
		"", "x", "<", "<xml>", "<xml></xml>", "{", "{}", "[]", "null", `{"MsgType":{"a":1}}`,
		`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>`,
		strings.Repeat("<a>", 300_000), "<xml>" + strings.Repeat("<a/>", 200_000), "<xml " + strings.Repeat(`a="1" `, 170_000) + "/>",
		strings.Repeat(`{"a":`, 150_000), `{"a":` + strings.Repeat("[", 500_000), strings.Repeat("&#29;", 200_000), strings.Repeat("\x00", 1<<20),
		"<xml><FromUserName>o</FromUserName><MsgType>event</MsgType></xml>", "<xml><FromUserName>o</FromUserName><MsgType>image</MsgType></xml>",
	} {
		began := time.Now()
		rec := w.post(query(fmt.Sprint("h", i)), body)
		if d := time.Since(began); d > 300*time.Millisecond {
			t.Errorf("body %d of %d bytes answered after %v", i, len(body), d)
		}
		if rec.Code >= 500 {
			t.Errorf("body %d: status %d", i, rec.Code)
		}
	}
	if rec := w.post(query("large"), strings.Repeat("x", wxcrypt.MaxBody+1)); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit: status %d", rec.Code)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		rec := httptest.NewRecorder()
		w.acct.Handler().ServeHTTP(rec, httptest.NewRequest(method, "/", nil))
		if rec.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, rec.Code)
		}
	}
}

func FuzzCallback(f *testing.F) {
	f.Add([]byte(`<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content><bizmsgmenuid>65</bizmsgmenuid><MsgId>1</MsgId></xml>`))
	f.Add([]byte(`<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>CLICK</Event><EventKey>k</EventKey></xml>`))
	f.Add([]byte(`{"FromUserName":"o","CreateTime":1,"MsgType":"event","Event":"user_enter_tempsession","SessionFrom":"s"}`))
	if os.Getenv("ZONGJI_TESTDATA") != "" {
		for _, v := range callbacks(f) {
			f.Add([]byte(v.Body))
		}
	}
	w := newWorld(f, modePlain, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		before := len(w.store.all())
		fields, err := wxcrypt.Parse(body)
		rec := w.post(query(fmt.Sprintf("%x", len(body))+string(body[:min(len(body), 20)])), string(body))
		if rec.Code >= 500 {
			t.Fatalf("status %d", rec.Code)
		}
		if err != nil && len(w.store.all()) != before {
			t.Error("what cannot be read was accepted")
		}
		if err == nil {
			if in, ok := w.acct.inbound(t.Context(), fields, body); ok && (in.ExtID == "" || in.Thread == "" || len(in.ExtID) > maxID || in.At <= 0) {
				t.Errorf("%+v", in)
			}
		}
	})
}

func BenchmarkCallback(b *testing.B) {
	for _, mode := range []string{modePlain, modeSafe} {
		b.Run(mode, func(b *testing.B) {
			w := newWorld(b, mode, nil)
			crypt, err := wxcrypt.New(appToken, "wx1", aesKey)
			if err != nil {
				b.Fatal(err)
			}
			var mu sync.Mutex
			n := 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					n++
					id := n
					mu.Unlock()
					body := fmt.Sprintf(`<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o%d]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[订单什么时候发货？]]></Content><MsgId>%d</MsgId></xml>`, id%500, time.Now().Unix(), id)
					q := query(strconv.Itoa(id))
					if mode == modeSafe {
						enc, sig := crypt.Seal(nil, []byte(body), q.Get("timestamp"), q.Get("nonce"))
						q.Set("msg_signature", sig)
						body = "<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>"
					}
					if rec := w.post(q, body); rec.Code != http.StatusOK || rec.Body.String() != "success" {
						b.Fatalf("status %d %s", rec.Code, rec.Body)
					}
				}
			})
		})
	}
}

func TestVerifyAnswersTheEchoAndNothingElse(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	q := query("v")
	q.Set("echostr", "5927782489442352469")
	res, err := http.Get(w.edge.URL + "/?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); string(b) != "5927782489442352469" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("%q %s", b, res.Header.Get("Content-Type"))
	}
	q.Set("signature", strings.Repeat("0", 40))
	res, err = http.Get(w.edge.URL + "/?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusForbidden || len(b) != 0 {
		t.Errorf("a wrong signature: %d %q", res.StatusCode, b)
	}
}
