package wechattest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

// sim calls below /_sim/.
func (w *world) sim(path, body string) answer {
	w.t.Helper()
	if body == "" {
		return w.read(http.Get(w.URL() + "/_sim/" + path))
	}
	return w.read(http.Post(w.URL()+"/_sim/"+path, "application/json", strings.NewReader(body)))
}

// TestSim drives a customer's phone from outside.
func TestSim(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.post("/cgi-bin/menu/create", w.token(), `{"button":[{"type":"click","name":"人工","key":"HUMAN"}]}`)
	w.post("/cgi-bin/qrcode/create", w.token(), `{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"store42"}}}`)
	if got := fmt.Sprint(w.sim("state", "")); !strings.Contains(got, "HUMAN") || !strings.Contains(got, "scenes:[store42]") || !strings.Contains(got, "kind:kf") || !strings.Contains(got, "name:小明") {
		t.Errorf("state: %s", got)
	}
	u := w.sim("users", `{"name":"小红","unionid":"union-2"}`).text("id")
	act := func(body string) answer { return w.sim("users/"+u+"/act", body) }
	for _, tt := range []struct {
		name, body, want string // a part of the answer
	}{
		{"a message needs a follower", `{"account":"wx1","act":"say","text":"?"}`, "does not follow"},
		{"follow", `{"account":"wx1","act":"follow","scene":"store42"}`, "status:200"},
		{"say", `{"account":"wx1","act":"say","text":"在吗"}`, "attempts:1"},
		{"click", `{"account":"wx1","act":"click","key":"HUMAN"}`, "status:200"},
		{"a page", `{"account":"wx1","act":"click","url":"https://a.test"}`, "status:200"},
		{"a picture", `{"account":"wx1","act":"image"}`, "status:200"},
		{"a picture of one's own", `{"account":"wx1","act":"image","data":"iVBORw0KGgo="}`, "status:200"},
		{"no such act", `{"account":"wx1","act":"dance"}`, "no act"},
		{"kf only", `{"account":"wx1","act":"file"}`, "no act"},
		{"no such account", `{"account":"wx-none","act":"say"}`, "no such account"},
		{"enter kf", `{"account":"wk1","act":"enter","scene":"docs","scene_param":"42"}`, "status:200"},
		{"a file", `{"account":"wk1","act":"file","name":"a.csv"}`, "status:200"},
	} {
		if got := fmt.Sprint(act(tt.body)); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want …%s…", tt.name, got, tt.want)
		}
	}
	w.post("/cgi-bin/message/custom/send", w.token(), map[string]any{"touser": w.openid(), "msgtype": "text", "text": map[string]string{"content": "您好"}})
	inbox := w.sim("users/"+u+"/inbox?account=wx1&after=6", "")
	if lines, _ := inbox["lines"].([]any); len(lines) != 1 || !strings.Contains(fmt.Sprint(lines), "您好") {
		t.Errorf("inbox: %v", inbox)
	}
	if got := fmt.Sprint(w.sim("users/"+u+"/window?account=wx1", "")); !strings.Contains(got, "left:4") {
		t.Errorf("window: %s", got)
	}
	w.sim("jump", `{"seconds":172801}`)
	if got := fmt.Sprint(w.sim("users/"+u+"/window?account=wx1", "")); !strings.Contains(got, "left:0") {
		t.Errorf("after 48 h: %s", got)
	}
	w.sim("accounts/wk1/servicer", `{"act":"take","user":"`+u+`","servicer":"zs"}`)
	if got := fmt.Sprint(w.sim("users/"+u+"/window?account=wk1", "")); !strings.Contains(got, "servicer:zs state:3") {
		t.Errorf("taken by a seat: %s", got)
	}
}

// openid is whose first message the callback got.
func (w *world) openid() string {
	w.hook.mu.Lock()
	defer w.hook.mu.Unlock()
	return w.hook.urls[1].Query().Get("openid")
}

// TestSimWaits: an inbox without news is held until there is some.
func TestSimWaits(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	if got := w.sim("users/u1/inbox?account=wx1&after=2&wait=0", ""); len(got["lines"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
	held := make(chan answer, 2)
	go func() { held <- w.sim("users/u1/inbox?account=wx1&after=2", "") }()
	go func() {
		held <- w.sim("users/u1/inbox?account=wx1&rev="+fmt.Sprint(w.sim("users/u1/inbox?account=wx1", "")["rev"]), "")
	}()
	select {
	case got := <-held:
		t.Fatalf("answered without news: %v", got)
	case <-time.After(100 * time.Millisecond):
	}
	w.send("您好")
	for range 2 {
		select {
		case got := <-held:
			if !strings.Contains(fmt.Sprint(got), "您好") {
				t.Errorf("%v", got)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("news did not wake who waits")
		}
	}
}

func TestSimKnobs(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.oa, "在吗"))
	w.sim("fail", `{"endpoint":"custom/send","errcode":-1,"times":1}`)
	if got := w.send("1"); got != -1 {
		t.Errorf("%d, want -1", got)
	}
	if got := w.sim("fail", `{"endpoint":"send","times":1}`); got.text("error") == "" {
		t.Error("an ambiguous endpoint was taken")
	}
	token := w.token()
	w.sim("rotate", `{"id":"wx1"}`)
	if got := w.check(token); got != 40001 {
		t.Errorf("after a rotation: %d", got)
	}
	if got := w.sim("verify", `{"account":"wx1"}`).text("error"); got == "" {
		t.Error("a callback that does not echo was verified")
	}
	resp, err := http.Get(w.URL() + "/_sim/refused?after=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("refused: %d", resp.StatusCode)
	}
}
