package wechattest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

// TestReplyWindow goes through WeChat's rules of customer messages: what the
// customer does, how long one waits, and what the next sends are answered.
func TestReplyWindow(t *testing.T) {
	follow := func(w *world) { w.must(w.ming.Follow(w.oa, "")); w.clock.Move(2 * time.Minute) }
	say := func(w *world) { follow(w); w.must(w.ming.Say(w.oa, "在吗")) }
	tests := []struct {
		name string
		do   func(*world)
		wait time.Duration
		want []int
	}{
		{"after a message five are taken and the sixth is refused", say, 0, []int{0, 0, 0, 0, 0, 45047}},
		{"48 hours after the message none is taken", say, 48 * time.Hour, []int{45015}},
		{"a second before that one is", say, 48*time.Hour - time.Second, []int{0}},
		{"a new message begins anew and adds nothing", func(w *world) { say(w); w.send("1"); w.must(w.ming.Say(w.oa, "?")) }, 0, []int{0, 0, 0, 0, 0, 45047}},
		{"following allows three", func(w *world) { w.must(w.ming.Follow(w.oa, "")) }, 0, []int{0, 0, 0, 45047}},
		{"for a minute", func(w *world) { w.must(w.ming.Follow(w.oa, "")) }, time.Minute, []int{45015}},
		{"a click allows three", func(w *world) { follow(w); w.must(w.ming.Click(w.oa, "HUMAN")) }, 0, []int{0, 0, 0, 45047}},
		{"for a minute too", func(w *world) { follow(w); w.must(w.ming.Click(w.oa, "HUMAN")) }, time.Minute, []int{45015}},
		{"a scan allows three", func(w *world) { follow(w); w.must(w.ming.Scan(w.oa, "store42")) }, 0, []int{0, 0, 0, 45047}},
		{"opening a page allows none", func(w *world) { follow(w); w.must(w.ming.View(w.oa, "https://a.test")) }, 0, []int{45015}},
		{"a position allows none", func(w *world) { follow(w); w.must(w.ming.Position(w.oa, 23.1, 113.3, 119)) }, 0, []int{45015}},
		{"a click does not shorten the window of a message", func(w *world) { say(w); w.must(w.ming.Click(w.oa, "HUMAN")) }, time.Hour, []int{0, 0, 0, 0, 0, 45047}},
		{"whoever left gets nothing", func(w *world) { say(w); w.must(w.ming.Unfollow(w.oa)) }, 0, []int{45015}},
		{"whoever refuses messages gets nothing", func(w *world) { say(w); w.ming.Block(w.oa, true) }, 0, []int{48002}},
		{"a tap on a menu is a click, not a message", func(w *world) {
			say(w)
			w.post("/cgi-bin/message/custom/send", w.token(), menu(w))
			w.clock.Move(49 * time.Hour)
			w.must(w.ming.TapMenu(w.oa, "csat:5"))
		}, 0, []int{0, 0, 0, 45047}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, wechattest.Options{})
			tt.do(w)
			w.clock.Move(tt.wait)
			for i, want := range tt.want {
				if got := w.send("答复"); got != want {
					t.Errorf("send %d: errcode %d, want %d", i+1, got, want)
				}
			}
		})
	}
}

func menu(w *world) map[string]any {
	return map[string]any{"touser": w.ming.OpenID(w.oa), "msgtype": "msgmenu", "msgmenu": map[string]any{
		"head_content": "满意吗？", "list": []map[string]any{{"id": "csat:5", "content": "满意"}, {"id": 102, "content": "不满意"}}, "tail_content": "谢谢"}}
}

func TestAClickMayShortenTheWindow(t *testing.T) {
	w := open(t, wechattest.Options{ClickShortens: true})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	w.must(w.ming.Click(w.oa, "HUMAN"))
	w.clock.Move(time.Hour)
	if got := w.send("答复"); got != 45015 {
		t.Errorf("errcode %d, want 45015", got)
	}
}

func TestTheWindowCanBeSeen(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	w.send("1")
	win := w.ming.Window(w.oa)
	if !win.Open || win.Left != 4 || win.Until.Time() != w.clock.Now().Add(48*time.Hour) || !win.Followed {
		t.Errorf("window %+v", win)
	}
	w.Jump(48 * time.Hour)
	if win := w.ming.Window(w.oa); win.Open || win.Left != 0 {
		t.Errorf("after a jump: %+v", win)
	}
	if got := w.send("2"); got != 45015 {
		t.Errorf("errcode %d, want 45015", got)
	}
}

func TestMiniProgramWindow(t *testing.T) {
	w := open(t, wechattest.Options{})
	token := w.stable("wxm", "s2", false).text("access_token")
	send := func() int {
		return w.post("/cgi-bin/message/custom/send", token, map[string]any{"touser": w.ming.OpenID(w.mini), "msgtype": "text", "text": map[string]string{"content": "好"}}).code()
	}
	w.must(w.ming.Enter(w.mini, "order:42", ""))
	for i, want := range []int{0, 0, 45047} {
		if got := send(); got != want {
			t.Errorf("send %d after entering: %d, want %d", i+1, got, want)
		}
	}
	w.must(w.ming.Say(w.mini, "你好"))
	for i, want := range []int{0, 0, 0, 0, 0, 45047} {
		if got := send(); got != want {
			t.Errorf("send %d after a message: %d, want %d", i+1, got, want)
		}
	}
	if got := w.post("/cgi-bin/message/custom/send", token, menu(w)).code(); got != 40003 {
		t.Errorf("an openid of another account: %d, want 40003", got)
	}
}

// TestContent is what a message may be; a refused one costs nothing.
func TestContent(t *testing.T) {
	w := open(t, wechattest.Options{Risky: []string{"违禁"}})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	text := func(s string) map[string]any {
		return map[string]any{"msgtype": "text", "text": map[string]string{"content": s}}
	}
	media := func(kind, id string) map[string]any {
		return map[string]any{"msgtype": kind, kind: map[string]string{"media_id": id}}
	}
	article := map[string]string{"title": "t", "url": "u"}
	tests := []struct {
		name string
		body any
		want int
	}{
		{"a text of 2049 bytes", text(strings.Repeat("a", 2049)), 45002},
		{"a text of 683 Chinese characters, 2049 bytes", text(strings.Repeat("字", 683)), 45002},
		{"an empty text", text(""), 44004},
		{"risky words", text("这是违禁品"), 87014},
		{"an unknown type", map[string]any{"msgtype": "hologram"}, 40008},
		{"a link is for mini-programs only", map[string]any{"msgtype": "link", "link": article}, 40008},
		{"an unknown picture", media("image", "nothing"), 40007},
		{"two articles", map[string]any{"msgtype": "news", "news": map[string]any{"articles": []any{article, article}}}, 45008},
		{"no JSON", `{"touser":`, 47001},
		{"nothing", "", 44002},
		{"a text of 2048 bytes", text(strings.Repeat("a", 2048)), 0},
		{"one article", map[string]any{"msgtype": "news", "news": map[string]any{"articles": []any{article}}}, 0},
	}
	for _, tt := range tests {
		if m, isMap := tt.body.(map[string]any); isMap {
			m["touser"] = w.ming.OpenID(w.oa)
		}
		if got := w.post("/cgi-bin/message/custom/send", w.token(), tt.body).code(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if left := w.ming.Window(w.oa).Left; left != 3 {
		t.Errorf("%d messages left, want 3: refused ones cost nothing", left)
	}
	if list := w.Refused(); len(list) != 10 || list[0].Code != 45002 || list[0].User != w.ming.ID || list[0].Account != "wx1" {
		t.Errorf("refused: %+v", list)
	}
	if got := w.ming.Inbox(w.oa); len(got) != 2 || got[1].Kind != "news" || got[1].Title != "t" {
		t.Errorf("inbox: %+v", got)
	}
}

func TestTyping(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	typing := func(command string) int {
		return w.post("/cgi-bin/message/custom/typing", w.token(), map[string]string{"touser": w.ming.OpenID(w.oa), "command": command}).code()
	}
	for i, tt := range []struct {
		command string
		want    int
	}{{"Dancing", 45072}, {"Typing", 0}, {"Typing", 45081}, {"CancelTyping", 0}, {"Typing", 0}} {
		if got := typing(tt.command); got != tt.want {
			t.Errorf("%d %s: %d, want %d", i, tt.command, got, tt.want)
		}
	}
	w.clock.Move(31 * time.Second)
	if got := typing("Typing"); got != 45080 {
		t.Errorf("31 s later: %d, want 45080", got)
	}
}

func TestQuotasOfTheDayAndTheMinute(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	w.oa.Rate("custom/send", 1)
	if a, b := w.send("1"), w.send("2"); a != 0 || b != 45011 {
		t.Errorf("two in a minute, one allowed: %d, %d", a, b)
	}
	w.clock.Move(time.Minute)
	w.oa.Quota("custom/send", 2)
	if a := w.send("2"); a != 0 {
		t.Errorf("in the next minute: %d", a)
	}
	w.clock.Move(time.Minute)
	if a := w.send("3"); a != 45009 {
		t.Errorf("beyond the day's quota: %d, want 45009", a)
	}
	quota := w.post("/cgi-bin/openapi/quota/get", w.token(), map[string]string{"cgi_path": "/cgi-bin/message/custom/send"})["quota"]
	if q, _ := quota.(map[string]any); answer(q)["remain"].(interface{ String() string }).String() != "0" {
		t.Errorf("quota: %v", quota)
	}
	if a := w.post("/cgi-bin/clear_quota", w.token(), map[string]string{"appid": "wx1"}).code(); a != 0 || w.send("3") != 0 {
		t.Errorf("after clear_quota %d the send is refused", a)
	}
	midnight := time.Date(2026, 3, 3, 0, 0, 1, 0, time.FixedZone("", 8*3600)) // Beijing
	w.clock.Move(midnight.Sub(w.clock.Now()))
	if a := w.send("4"); a != 0 {
		t.Errorf("the day after: %d", a)
	}
}

func TestKnobs(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	w.Fail("custom/send", -1, 2)
	if a, b, c := w.send("1"), w.send("1"), w.send("1"); a != -1 || b != -1 || c != 0 {
		t.Errorf("a burst of two: %d %d %d", a, b, c)
	}
	w.Drop("custom/send", 1)
	resp, err := http.Post(w.URL()+"/cgi-bin/message/custom/send?access_token="+w.token(), "application/json",
		strings.NewReader(`{"touser":"`+w.ming.OpenID(w.oa)+`","msgtype":"text","text":{"content":"2"}}`))
	if err == nil {
		resp.Body.Close()
		t.Error("a dropped call was answered")
	}
	if got := w.ming.Inbox(w.oa); len(got) != 2 || got[1].Text != "2" {
		t.Errorf("the dropped message is not there: %+v", got)
	}
	w.Delay("custom/send", 120*time.Millisecond)
	start := time.Now()
	if a := w.send("3"); a != 0 || time.Since(start) < 120*time.Millisecond {
		t.Errorf("a late answer: %d after %v", a, time.Since(start))
	}
	if n := w.Called("custom/send", -1); n != 2 {
		t.Errorf("counted %d failures, want 2", n)
	}
}

func TestAccountsThatMayNot(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.OfficialAccount(wechattest.Account{AppID: "wx-plain", Secret: "s", Token: "t", Unverified: true})
	test := w.OfficialAccount(wechattest.Account{AppID: "wx-test", Secret: "s", Token: "t", Test: true})
	token := w.stable("wx-plain", "s", false).text("access_token")
	if got := w.post("/cgi-bin/message/custom/send", token, menu(w)).code(); got != 48001 {
		t.Errorf("unverified: %d, want 48001", got)
	}
	w.ming.Follow(test, "")
	m := menu(w)
	m["touser"] = w.ming.OpenID(test)
	if got := w.post("/cgi-bin/message/custom/send", w.stable("wx-test", "s", false).text("access_token"), m).code(); got != 40200 {
		t.Errorf("msgmenu of a test account: %d, want 40200", got)
	}
}
