package wechattest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

// sync asks for the items after a cursor.
func (w *world) sync(cursor string, more map[string]any) answer {
	w.t.Helper()
	m := map[string]any{"cursor": cursor, "open_kfid": "wk1", "limit": 1000}
	for k, v := range more {
		m[k] = v
	}
	return w.post("/cgi-bin/kf/sync_msg", w.corpToken(), m)
}

func (a answer) items() (list []answer) {
	raw, _ := a["msg_list"].([]any)
	for _, it := range raw {
		list = append(list, answer(it.(map[string]any)))
	}
	return list
}

func (a answer) event() answer { m, _ := a["event"].(map[string]any); return m }

func (a answer) more() bool { return fmt.Sprint(a["has_more"]) == "1" }

// TestKFWindow: what the customer and the seats do, and what sends are answered.
func TestKFWindow(t *testing.T) {
	say := func(w *world) { w.must(w.ming.Say(w.kf, "在吗")) }
	trans := func(w *world, state int) {
		w.kf.Servicer("zs")
		w.post("/cgi-bin/kf/service_state/trans", w.corpToken(), map[string]any{"open_kfid": "wk1", "external_userid": w.ming.OpenID(w.kf), "service_state": state, "servicer_userid": "zs"})
	}
	tests := []struct {
		name string
		do   func(*world)
		wait time.Duration
		want []int
	}{
		{"after a message five are taken", say, 0, []int{0, 0, 0, 0, 0, 95001}},
		{"after 48 hours none is", say, 48 * time.Hour, []int{95002}},
		{"another message begins anew", func(w *world) { say(w); w.sendKF("", "1"); say(w) }, 0, []int{0, 0, 0, 0, 0, 95001}},
		{"who only came in has no session", func(w *world) { w.must(w.ming.Enter(w.kf, "s", "")) }, 0, []int{95018}},
		{"not in the pool", func(w *world) { say(w); trans(w, 2) }, 0, []int{95018}},
		{"not with a seat", func(w *world) { say(w); trans(w, 3) }, 0, []int{95018}},
		{"not after the end", func(w *world) { say(w); trans(w, 4) }, 0, []int{95018}},
		{"a message after the end opens it again", func(w *world) { say(w); trans(w, 4); say(w) }, 0, []int{0}},
		{"not when a seat took it", func(w *world) { say(w); w.kf.TakeOver(w.ming, "zs") }, 0, []int{95018}},
		{"not when a seat takes all", func(w *world) { w.kf.AutoServicer("zs"); say(w) }, 0, []int{95018}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, wechattest.Options{})
			tt.do(w)
			w.clock.Move(tt.wait)
			for i, want := range tt.want {
				if got := w.sendKF("", "答复").code(); got != want {
					t.Errorf("send %d: errcode %d, want %d", i+1, got, want)
				}
			}
		})
	}
}

func TestKFStates(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.kf.Servicer("zs")
	w.kf.Servicer("ls")
	w.kf.Receive("ls", false)
	id := w.ming.OpenID(w.kf)
	trans := func(state int, servicer string) answer {
		return w.post("/cgi-bin/kf/service_state/trans", w.corpToken(), map[string]any{"open_kfid": "wk1", "external_userid": id, "service_state": state, "servicer_userid": servicer})
	}
	state := func() string {
		a := w.post("/cgi-bin/kf/service_state/get", w.corpToken(), map[string]any{"open_kfid": "wk1", "external_userid": id})
		return fmt.Sprint(a["service_state"], a["servicer_userid"])
	}
	if got := state(); got != "4" {
		t.Errorf("before a message: %s, want 4", got)
	}
	w.must(w.ming.Say(w.kf, "在吗"))
	steps := []struct {
		state    int
		servicer string
		want     int
		then     string
	}{
		{3, "nobody", 95014, "0"}, {3, "ls", 95019, "0"}, {1, "", 0, "1"}, {0, "", 95016, "1"}, {2, "", 0, "2"}, {1, "", 95016, "2"},
		{3, "zs", 0, "3zs"}, {2, "", 95016, "3zs"}, {4, "", 0, "4"}, {1, "", 95016, "4"}, {3, "zs", 95016, "4"},
	}
	for i, s := range steps {
		a := trans(s.state, s.servicer)
		if a.code() != s.want || state() != s.then {
			t.Errorf("step %d to %d: %d, state %s; want %d, %s", i, s.state, a.code(), state(), s.want, s.then)
		}
		if a.code() == 0 && s.state > 1 && a.text("msg_code") == "" {
			t.Errorf("step %d: no msg_code", i)
		}
	}
}

func TestKFSync(t *testing.T) {
	w := open(t, wechattest.Options{})
	for i := range 5 {
		w.must(w.ming.Say(w.kf, fmt.Sprint(i)))
	}
	w.sendKF("out1", "我们的")
	all := w.sync("", nil)
	if got := all.items(); len(got) != 5 || all.more() || got[0].text("external_userid") != w.ming.OpenID(w.kf) {
		t.Fatalf("%v", all)
	}
	if again := w.sync(all.text("next_cursor"), nil); len(again.items()) != 0 || again.more() {
		t.Errorf("after the last: %v", again)
	}
	w.kf.Pages(2)
	w.kf.EmptyPages(1)
	w.kf.RepeatPages(1)
	var texts []string
	cursor, pages := "", 0
	for more := true; more; pages++ {
		a := w.sync(cursor, nil)
		for _, it := range a.items() {
			content, _ := it["text"].(map[string]any)
			texts = append(texts, fmt.Sprint(content["content"]))
		}
		cursor, more = a.text("next_cursor"), a.more()
	}
	if got := strings.Join(texts, ""); got != "0101234" || pages != 5 {
		t.Errorf("%s in %d pages, want 0101234 in 5: one empty, one twice", got, pages)
	}
	w.clock.Move(72*time.Hour + time.Second)
	w.must(w.ming.Say(w.kf, "新的"))
	for _, from := range []string{"", cursor} {
		if got := w.sync(from, nil).items(); len(got) != 1 {
			t.Errorf("after three days from %q: %v", from, got)
		}
	}
	if got := w.sync("4gw7nonsense", nil).code(); got != 40058 {
		t.Errorf("a foreign cursor: %d, want 40058", got)
	}
	if got := w.sync("", map[string]any{"limit": 1001}).code(); got != 40058 {
		t.Errorf("a limit of 1001: %d, want 40058", got)
	}
	for _, id := range []struct {
		id   string
		want int
	}{{"", 95000}, {"wk-gone", 95004}} {
		if got := w.sync("", map[string]any{"open_kfid": id.id}).code(); got != id.want {
			t.Errorf("open_kfid %q: %d, want %d", id.id, got, id.want)
		}
	}
}

func TestKFMediaThatIsTooLarge(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Image(w.kf, append(append([]byte{}, png...), make([]byte, 2<<20)...)))
	w.must(w.ming.Image(w.kf, png))
	if got := w.sync("", nil).items(); got[0].text("msgtype") != "text" || got[1].text("msgtype") != "image" {
		t.Errorf("%v", got)
	}
}

func TestKFTokenOfACallback(t *testing.T) {
	w := open(t, wechattest.Options{})
	if got := w.sync("", map[string]any{"token": "ENCnothing"}).code(); got != 95007 {
		t.Errorf("an unknown token: %d, want 95007", got)
	}
	token := w.corpToken()
	code := 0
	for range 61 {
		code = w.post("/cgi-bin/kf/sync_msg", token, map[string]any{"open_kfid": "wk1"}).code()
	}
	if code != 45009 {
		t.Errorf("the 61st call of a minute without a token: %d, want 45009", code)
	}
}

func TestKFWelcome(t *testing.T) {
	w := open(t, wechattest.Options{})
	welcome := func(code, kind string) int {
		return w.post("/cgi-bin/kf/send_msg_on_event", w.corpToken(), map[string]any{"code": code, "msgtype": kind, "text": map[string]string{"content": "欢迎"}}).code()
	}
	codes := func() (list []string) {
		for _, it := range w.sync("", nil).items() {
			list = append(list, it.event().text("welcome_code"))
		}
		return list
	}
	w.must(w.ming.Enter(w.kf, "docs", "order-42"))
	code := codes()[0]
	if got := []int{welcome("nothing", "text"), welcome(code, "image"), welcome(code, "text"), welcome(code, "text")}; fmt.Sprint(got) != "[41050 40008 0 41050]" {
		t.Errorf("welcomes: %v", got)
	}
	w.must(w.ming.Enter(w.kf, "docs", ""))
	w.clock.Move(20 * time.Second)
	if got := welcome(codes()[1], "text"); got != 41050 {
		t.Errorf("after 20 s: %d, want 41050", got)
	}
	w.must(w.ming.Say(w.kf, "在吗"))
	w.must(w.ming.Enter(w.kf, "docs", ""))
	if got := codes()[3]; got != "" {
		t.Error("a welcome_code within 48 h of a message")
	}
	if got := w.ming.Inbox(w.kf); len(got) != 1 || got[0].Text != "欢迎" {
		t.Errorf("inbox: %+v", got)
	}
	c := w.post("/cgi-bin/kf/customer/batchget", w.corpToken(), map[string]any{"external_userid_list": []string{w.ming.OpenID(w.kf), "wm-nobody"}, "need_enter_session_context": 1})
	if text := fmt.Sprint(c); !strings.Contains(text, "小明") || !strings.Contains(text, "union-1") || !strings.Contains(text, "docs") || !strings.Contains(text, "invalid_external_userid:[wm-nobody]") {
		t.Errorf("batchget: %v", text)
	}
}

func TestKFSends(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Say(w.kf, "在吗"))
	for _, tt := range []struct {
		name, msgID, text string
		want              int
	}{
		{"a text of 2049 bytes", "", strings.Repeat("a", 2049), 45002},
		{"a msgid of 33 characters", strings.Repeat("a", 33), "x", 40058},
		{"a msgid", "m-1", "一次", 0},
		{"the same msgid: not sent again", "m-1", "一次", 0},
	} {
		if got := w.sendKF(tt.msgID, tt.text).code(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := w.ming.Inbox(w.kf); len(got) != 1 || got[0].MsgID != "m-1" || w.ming.Window(w.kf).Left != 4 {
		t.Errorf("inbox: %+v", got)
	}
	w.kf.FailLater(4, 1)
	if got := w.sendKF("m-2", "失败").code(); got != 0 {
		t.Errorf("a failure to come: %d, want 0", got)
	}
	w.ming.Block(w.kf, true)
	w.sendKF("m-3", "拒收")
	var failed []string
	for _, it := range w.sync("", nil).items() {
		if e := it.event(); e.text("event_type") == "msg_send_fail" {
			failed = append(failed, e.text("fail_msgid")+fmt.Sprint(":", e["fail_type"]))
		}
	}
	if got := strings.Join(failed, " "); got != "m-2:4 m-3:10" {
		t.Errorf("failed afterwards: %s", got)
	}
}

func TestKFMenus(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Say(w.kf, "在吗"))
	item := func(id, content string) map[string]any {
		return map[string]any{"type": "click", "click": map[string]string{"id": id, "content": content}}
	}
	send := func(list ...map[string]any) int {
		return w.post("/cgi-bin/kf/send_msg", w.corpToken(), map[string]any{"touser": w.ming.OpenID(w.kf), "open_kfid": "wk1", "msgtype": "msgmenu",
			"msgmenu": map[string]any{"head_content": "满意吗？", "list": list}}).code()
	}
	var eleven []map[string]any
	for i := range 11 {
		eleven = append(eleven, item(fmt.Sprint(i), "x"))
	}
	got := []int{send(eleven...), send(map[string]any{"type": "hologram"}), send(item(strings.Repeat("a", 65), "x")), send(item("a", strings.Repeat("a", 129))), send(item("csat:5", "满意"))}
	if fmt.Sprint(got) != "[95008 95009 40058 40058 0]" {
		t.Errorf("menus: %v", got)
	}
	w.must(w.ming.TapMenu(w.kf, "csat:5"))
	items := w.sync("", nil).items()
	if text, _ := items[1]["text"].(map[string]any); text["menu_id"] != "csat:5" || text["content"] != "满意" {
		t.Errorf("the tap: %v", items[1])
	}
	if d := w.ming.TapMenu(w.kf, "nothing"); d.Err == nil {
		t.Error("an item that is not there was tapped")
	}
}

func TestSeats(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.kf.Servicer("zs")
	said := w.must(w.ming.Say(w.kf, "在吗"))
	w.must(w.kf.TakeOver(w.ming, "zs"))
	line := w.must(w.kf.ServicerSay(w.ming, "zs", "您好"))
	w.must(w.kf.ServicerRecall(w.ming, "zs", line.MsgID))
	w.must(w.ming.Recall(w.kf, said.MsgID))
	w.must(w.kf.EndSession(w.ming))
	var got []string
	for _, it := range w.sync("", nil).items() {
		got = append(got, fmt.Sprint(it["origin"], it.text("msgtype"), it.event().text("event_type"), it.event()["change_type"]))
	}
	want := "3text<nil> 4eventsession_status_change1 5text<nil> 4eventservicer_recall_msg<nil> 4eventuser_recall_msg<nil> 4eventsession_status_change3"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	for _, l := range w.ming.History(w.kf) {
		if !l.Recalled || l.Text != "" {
			t.Errorf("not recalled: %+v", l)
		}
	}
	list := w.get("/cgi-bin/kf/servicer/list", map[string][]string{"access_token": {w.corpToken()}, "open_kfid": {"wk1"}})
	if !strings.Contains(fmt.Sprint(list), "zs") {
		t.Errorf("servicers: %v", list)
	}
	if a := w.post("/cgi-bin/kf/account/list", w.corpToken(), map[string]int{"offset": 0, "limit": 100}); !strings.Contains(fmt.Sprint(a), "售后") {
		t.Errorf("accounts: %v", a)
	}
	if a := w.post("/cgi-bin/kf/add_contact_way", w.corpToken(), map[string]string{"open_kfid": "wk1", "scene": "docs"}); !strings.HasPrefix(a.text("url"), "https://work.weixin.qq.com/kfid/") {
		t.Errorf("a contact link: %v", a)
	}
}
