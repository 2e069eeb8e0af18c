package wechattest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/testenv"
)

const (
	aesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	corpID = "ww12345678910"
)

// world is a server with one account of each kind, and a callback that keeps
// what it got.
type world struct {
	*wechattest.Server
	t     *testing.T
	clock *testenv.Clock
	oa    *wechattest.App
	mini  *wechattest.App
	corp  *wechattest.Corp
	kf    *wechattest.App
	ming  *wechattest.User
	hook  *hook
}

// hook is a callback: it keeps requests and answers what it is told.
type hook struct {
	mu     sync.Mutex
	bodies []string
	urls   []*url.URL
	answer func(w http.ResponseWriter, r *http.Request, n int)
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.bodies, h.urls = append(h.bodies, string(body)), append(h.urls, r.URL)
	n, answer := len(h.bodies), h.answer
	h.mu.Unlock()
	if answer != nil {
		answer(w, r, n)
		return
	}
	_, _ = io.WriteString(w, "success")
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.bodies...)
}

func (h *hook) last() string {
	all := h.got()
	return all[len(all)-1]
}

func (h *hook) answers(fn func(w http.ResponseWriter, r *http.Request, n int)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = fn
}

func open(t *testing.T, opt wechattest.Options) *world {
	t.Helper()
	return openWith(t, opt, testenv.NewClock(time.Time{}))
}

func openAt(t *testing.T, at time.Time) *world {
	t.Helper()
	return openWith(t, wechattest.Options{}, testenv.NewClock(at))
}

func openWith(t *testing.T, opt wechattest.Options, clock *testenv.Clock) *world {
	t.Helper()
	w := &world{t: t, clock: clock, hook: &hook{}}
	opt.Clock = w.clock
	if opt.RetryAfter == 0 {
		opt.RetryAfter = 5 * time.Second
	}
	w.Server = wechattest.New(opt)
	if err := w.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	back := httptest.NewServer(w.hook)
	t.Cleanup(back.Close)
	w.oa = w.OfficialAccount(wechattest.Account{AppID: "wx1", Secret: "s1", Token: "t1", Callback: back.URL})
	w.mini = w.MiniProgram(wechattest.Account{AppID: "wxm", Secret: "s2", Token: "t2", Callback: back.URL, JSON: true})
	w.corp = w.Corp(wechattest.CorpConfig{CorpID: corpID, Secret: "s3", Token: "t3", AESKey: aesKey, Callback: back.URL})
	w.kf = w.corp.Account("wk1", "售后")
	w.ming = w.User("小明", "union-1")
	return w
}

// answer is what the API said.
type answer map[string]any

func (a answer) code() int {
	n, _ := a["errcode"].(json.Number)
	i, _ := n.Int64()
	return int(i)
}

func (a answer) text(key string) string { s, _ := a[key].(string); return s }

func (w *world) read(resp *http.Response, err error) answer {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{}
	dec := json.NewDecoder(resp.Body)
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) get(path string, q url.Values) answer {
	w.t.Helper()
	return w.read(http.Get(w.URL() + path + "?" + q.Encode()))
}

// post calls the API with a token; a string body goes as it is.
func (w *world) post(path, token string, body any) answer {
	w.t.Helper()
	data, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		data = string(b)
	}
	return w.read(http.Post(w.URL()+path+"?access_token="+url.QueryEscape(token), "application/json", bytes.NewBufferString(data)))
}

func (w *world) token() string { return w.stable("wx1", "s1", false).text("access_token") }

func (w *world) stable(id, secret string, force bool) answer {
	w.t.Helper()
	return w.post("/cgi-bin/stable_token", "", map[string]any{"grant_type": "client_credential", "appid": id, "secret": secret, "force_refresh": force})
}

func (w *world) corpToken() string {
	w.t.Helper()
	return w.get("/cgi-bin/gettoken", url.Values{"corpid": {corpID}, "corpsecret": {"s3"}}).text("access_token")
}

// send sends a text as the official account and returns the errcode.
func (w *world) send(text string) int {
	w.t.Helper()
	return w.post("/cgi-bin/message/custom/send", w.token(), map[string]any{"touser": w.ming.OpenID(w.oa), "msgtype": "text", "text": map[string]string{"content": text}}).code()
}

// sendKF does it as the kf account.
func (w *world) sendKF(msgID, text string) answer {
	w.t.Helper()
	m := map[string]any{"touser": w.ming.OpenID(w.kf), "open_kfid": "wk1", "msgtype": "text", "text": map[string]string{"content": text}}
	if msgID != "" {
		m["msgid"] = msgID
	}
	return w.post("/cgi-bin/kf/send_msg", w.corpToken(), m)
}

func (w *world) upload(token, kind, name string, data []byte) answer {
	w.t.Helper()
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	part, _ := mw.CreateFormFile("media", name)
	_, _ = part.Write(data)
	mw.Close()
	return w.read(http.Post(fmt.Sprintf("%s/cgi-bin/media/upload?access_token=%s&type=%s", w.URL(), url.QueryEscape(token), kind), mw.FormDataContentType(), &b))
}

// must fails the test when a callback was not answered.
func (w *world) must(d wechattest.Delivery) wechattest.Delivery {
	w.t.Helper()
	if d.Err != nil {
		w.t.Fatal(d.Err)
	}
	return d
}
