package wechattest_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

func sum(parts ...string) string {
	slices.Sort(parts)
	h := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(h[:])
}

func TestSignatures(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.oa.SetAESKey(aesKey)
	for _, mode := range []wechattest.Mode{wechattest.Plain, wechattest.Compat, wechattest.Safe} {
		w.oa.SetMode(mode)
		w.must(w.ming.Follow(w.oa, ""))
		q, body := w.hook.urls[len(w.hook.urls)-1].Query(), w.hook.last()
		if q.Get("signature") != sum("t1", q.Get("timestamp"), q.Get("nonce")) || q.Get("openid") != w.ming.OpenID(w.oa) {
			t.Errorf("%s: query %v", mode, q)
		}
		var in struct{ ToUserName, FromUserName, Event, Encrypt string }
		if err := xml.Unmarshal([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
		sealed := mode != wechattest.Plain
		if (in.Encrypt != "") != sealed || (q.Get("encrypt_type") == "aes") != sealed {
			t.Errorf("%s: %v %s", mode, q, body)
		}
		if sealed && q.Get("msg_signature") != sum("t1", q.Get("timestamp"), q.Get("nonce"), in.Encrypt) {
			t.Errorf("%s: wrong msg_signature", mode)
		}
		if (in.Event == "subscribe") != (mode != wechattest.Safe) || in.ToUserName == "" {
			t.Errorf("%s: plain fields %+v", mode, in)
		}
	}
}

// TestRetries: the same bytes at most three times, until one is answered.
func TestRetries(t *testing.T) {
	status := func(codes ...int) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, _ *http.Request, n int) { w.WriteHeader(codes[n-1]) }
	}
	slow := func(w http.ResponseWriter, r *http.Request, n int) {
		if n < 3 {
			<-r.Context().Done() // the caller hangs up
		}
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, int)
		tries  int
		ok     bool
	}{
		{"an empty answer is enough", status(200), 1, true},
		{"what fails is sent again", status(503, 200), 2, true},
		{"three times at most", status(503, 503, 503), 3, false},
		{"what is late is cut and sent again", slow, 3, true},
		{"JSON is no answer, and there is no second try", func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, `{"ok":true}`) }, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, wechattest.Options{RetryAfter: 500 * time.Millisecond})
			w.must(w.ming.Follow(w.oa, ""))
			w.hook.mu.Lock()
			w.hook.bodies, w.hook.urls, w.hook.answer = nil, nil, tt.answer
			w.hook.mu.Unlock()
			d := w.ming.Say(w.oa, "在吗")
			got := w.hook.got()
			if d.Attempts != tt.tries || len(got) != tt.tries || (d.Err == nil) != tt.ok {
				t.Errorf("%+v after %d requests, want %d", d, len(got), tt.tries)
			}
			for i, body := range got {
				if body != got[0] || w.hook.urls[i].String() != w.hook.urls[0].String() || !strings.Contains(body, "<MsgId>"+d.MsgID+"</MsgId>") {
					t.Errorf("try %d differs: %s", i+1, body)
				}
			}
			if inbox := w.ming.Inbox(w.oa); (len(inbox) == 0) != tt.ok {
				t.Errorf("the customer sees %+v", inbox)
			}
		})
	}
}

func TestOverlappingTries(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.oa.Overlap(1)
	d := w.must(w.ming.Say(w.oa, "一次"))
	w.must(w.ming.Say(w.oa, "两次"))
	got := w.hook.got()
	if d.Attempts != 3 || len(got) != 5 || got[1] != got[2] || got[2] != got[3] {
		t.Errorf("%+v, %d requests", d, len(got))
	}
}

func TestALateCallbackIsOvertaken(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.oa.Late(1, 600*time.Millisecond)
	done := make(chan wechattest.Delivery, 1)
	go func() { done <- w.ming.Say(w.oa, "第一句") }()
	for len(w.ming.History(w.oa)) < 2 { // until it is said
		time.Sleep(time.Millisecond)
	}
	w.must(w.ming.Say(w.oa, "第二句"))
	w.must(<-done)
	if got := w.hook.got(); !strings.Contains(got[1], "第二句") || !strings.Contains(got[2], "第一句") {
		t.Errorf("%v", got)
	}
}

func TestPassiveReplies(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	say := func(answer string) (wechattest.Delivery, []wechattest.Line) {
		w.hook.answers(func(rw http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(rw, answer) })
		before := len(w.ming.Inbox(w.oa))
		d := w.ming.Say(w.oa, "在吗")
		return d, w.ming.Inbox(w.oa)[before:]
	}
	to := "<ToUserName>" + w.ming.OpenID(w.oa) + "</ToUserName><FromUserName>gh_" + sum("wx1")[:12] + "</FromUserName><CreateTime>1</CreateTime>"
	d, got := say("<xml>" + to + "<MsgType>text</MsgType><Content><![CDATA[在的]]></Content></xml>")
	if d.Err != nil || len(got) != 1 || got[0].Text != "在的" || got[0].Via != "passive" {
		t.Errorf("a text: %+v %+v", d, got)
	}
	if d, got := say("<xml>" + to + "<MsgType>transfer_customer_service</MsgType></xml>"); d.Err != nil || len(got) != 0 {
		t.Errorf("a transfer: %+v %+v", d, got)
	}
	if d, _ := say("<xml>" + to + "<MsgType>hologram</MsgType></xml>"); d.Err == nil {
		t.Error("an unknown type was taken")
	}
	if left := w.ming.Window(w.oa).Left; left != 5 {
		t.Errorf("%d left: passive replies are not counted", left)
	}
}

func TestVerify(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.hook.answers(func(rw http.ResponseWriter, r *http.Request, _ int) {
		_, _ = io.WriteString(rw, r.URL.Query().Get("echostr"))
	})
	if err := w.oa.Verify(); err != nil {
		t.Error(err)
	}
	if err := w.kf.Verify(); err == nil {
		t.Error("WeCom wants the echostr decrypted")
	}
	w.oa.SetCallback("")
	if err := w.oa.Verify(); err != wechattest.ErrNoCallback {
		t.Errorf("without a URL: %v", err)
	}
}

func TestNumbersOfMessages(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	a, b := w.ming.Say(w.oa, "1"), w.ming.Say(w.oa, "2")
	if a.MsgID == b.MsgID || len(a.MsgID) < 17 {
		t.Errorf("%s and %s: want different ones above 2^53", a.MsgID, b.MsgID)
	}
	if d := w.User("路人", "").Say(w.oa, "?"); d.Err != wechattest.ErrNotFollowing {
		t.Errorf("who does not follow: %v", d.Err)
	}
}
