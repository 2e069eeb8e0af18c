package wechattest_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

// check calls something harmless with a token.
func (w *world) check(token string) int {
	w.t.Helper()
	return w.get("/cgi-bin/getcallbackip", url.Values{"access_token": {token}}).code()
}

func TestStableTokens(t *testing.T) {
	w := open(t, wechattest.Options{})
	first := w.stable("wx1", "s1", false)
	if first["expires_in"].(fmt.Stringer).String() != "7200" || len(first.text("access_token")) < 100 {
		t.Fatalf("%v", first)
	}
	one := first.text("access_token")
	w.clock.Move(time.Hour)
	if w.token() != one {
		t.Error("another token before the old one's end")
	}
	w.clock.Move(55 * time.Minute) // five minutes before the end
	two := w.token()
	if two == one || w.check(one) != 0 || w.check(two) != 0 {
		t.Error("old and new do not overlap")
	}
	w.clock.Move(5 * time.Minute)
	if code := w.check(one); code != 42001 && code != 40001 {
		t.Errorf("the old token after its end: %d", code)
	}
	forced := w.stable("wx1", "s1", true).text("access_token")
	if forced == two || w.check(two) != 0 {
		t.Error("a forced refresh does not overlap")
	}
	if code := w.stable("wx1", "s1", true).code(); code != 45011 {
		t.Errorf("forced again at once: %d, want 45011", code)
	}
	w.clock.Move(5 * time.Minute)
	if code := w.check(two); code != 40001 {
		t.Errorf("five minutes after its successor: %d, want 40001", code)
	}
	for range 19 {
		if code := w.stable("wx1", "s1", true).code(); code != 0 {
			t.Fatal(code)
		}
		w.clock.Move(31 * time.Second)
	}
	if code := w.stable("wx1", "s1", true).code(); code != 45009 {
		t.Errorf("the 21st forced refresh of a day: %d, want 45009", code)
	}
}

func TestOrdinaryTokens(t *testing.T) {
	w := open(t, wechattest.Options{})
	ask := func(id, secret string) answer {
		return w.get("/cgi-bin/token", url.Values{"grant_type": {"client_credential"}, "appid": {id}, "secret": {secret}})
	}
	one, two := ask("wx1", "s1").text("access_token"), ask("wx1", "s1").text("access_token")
	if one == two || w.check(one) != 0 || w.check(two) != 0 || w.check(w.token()) != 0 {
		t.Error("two tokens and the stable one do not live side by side")
	}
	w.clock.Move(5 * time.Minute)
	if code := w.check(one); code != 40001 {
		t.Errorf("the first: %d, want 40001", code)
	}
	w.clock.Move(2 * time.Hour)
	if code := w.check(two); code != 42001 {
		t.Errorf("the second after two hours: %d, want 42001", code)
	}
	w.oa.Quota("token", 2)
	if code := ask("wx1", "s1").code(); code != 45009 {
		t.Errorf("the third of two a day: %d, want 45009", code)
	}
	for _, tt := range []struct {
		id, secret string
		want       int
	}{{"wx1", "wrong", 40125}, {"wx-nobody", "s", 40013}, {"", "s", 41002}, {"wx1", "", 41004}} {
		if code := ask(tt.id, tt.secret).code(); code != tt.want {
			t.Errorf("%q %q: %d, want %d", tt.id, tt.secret, code, tt.want)
		}
	}
}

func TestTokensThatAreNone(t *testing.T) {
	w := open(t, wechattest.Options{})
	tests := []struct {
		name, path, token string
		want              int
	}{
		{"no token", "/cgi-bin/message/custom/send", "", 41001},
		{"one that nobody made", "/cgi-bin/message/custom/send", "88_nothing", 40001},
		{"one of another form", "/cgi-bin/message/custom/send", "nothing", 40014},
		{"one that nobody made, at WeCom", "/cgi-bin/kf/send_msg", "nothing", 40014},
		{"a company's at WeChat", "/cgi-bin/message/custom/send", w.corpToken(), 48001},
		{"an account's at WeCom", "/cgi-bin/kf/send_msg", w.token(), 48001},
	}
	for _, tt := range tests {
		if code := w.post(tt.path, tt.token, "{}").code(); code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, code, tt.want)
		}
	}
	if code := w.get("/cgi-bin/message/custom/send", url.Values{"access_token": {w.token()}}).code(); code != 43002 {
		t.Errorf("GET instead of POST: %d, want 43002", code)
	}
}

func TestRotation(t *testing.T) {
	w := open(t, wechattest.Options{})
	one, corp := w.token(), w.corpToken()
	w.Rotate("wx1")
	w.Rotate(corpID)
	if a, b := w.check(one), w.check(corp); a != 40001 || b != 40014 {
		t.Errorf("after a rotation: %d and %d, want 40001 and 40014", a, b)
	}
	if w.token() == one || w.check(w.token()) != 0 || w.corpToken() == corp || w.check(w.corpToken()) != 0 {
		t.Error("no new tokens after a rotation")
	}
}

func TestCorpTokens(t *testing.T) {
	w := open(t, wechattest.Options{})
	one := w.corpToken()
	w.clock.Move(time.Hour)
	if w.corpToken() != one {
		t.Error("another token before the old one's end")
	}
	w.clock.Move(time.Hour)
	if code := w.check(one); code != 42001 || w.corpToken() == one {
		t.Errorf("after its end: %d, want 42001 and a new one", code)
	}
	if code := w.get("/cgi-bin/gettoken", url.Values{"corpid": {corpID}, "corpsecret": {"x"}}).code(); code != 40001 {
		t.Errorf("a wrong secret: %d, want 40001", code)
	}
	other := w.Corp(wechattest.CorpConfig{CorpID: "ww2", Secret: "s", AESKey: aesKey, Whitelist: []string{"10.0.0.1"}})
	other.Account("wk2", "")
	token := w.get("/cgi-bin/gettoken", url.Values{"corpid": {"ww2"}, "corpsecret": {"s"}}).text("access_token")
	if code := w.check(token); code != 60020 {
		t.Errorf("from a foreign address: %d, want 60020", code)
	}
	w.OfficialAccount(wechattest.Account{AppID: "wx9", Secret: "s", Whitelist: []string{"10.0.0.1"}})
	if a := w.stable("wx9", "s", false); a.code() != 40164 || !strings.Contains(a.text("errmsg"), "127.0.0.1") {
		t.Errorf("from a foreign address: %v, want 40164", a)
	}
}

// TestManyAtOnce: 32 callers refresh, send and read together.
func TestManyAtOnce(t *testing.T) {
	w := open(t, wechattest.Options{})
	var wg sync.WaitGroup
	for i := range 32 {
		u := w.User(fmt.Sprint(i), "")
		wg.Go(func() {
			w.must(u.Follow(w.oa, ""))
			w.must(u.Say(w.oa, "在吗"))
			w.must(u.Say(w.kf, "在吗"))
			w.post("/cgi-bin/message/custom/send", w.token(), map[string]any{"touser": u.OpenID(w.oa), "msgtype": "text", "text": map[string]string{"content": "好"}})
			if got := u.Wait(w.oa, 1, time.Second); len(got) != 1 {
				t.Errorf("user %d got %v", i, got)
			}
		})
	}
	wg.Wait()
	if n := w.Called("callback", 0); n != 96 {
		t.Errorf("%d callbacks, want 96", n)
	}
}
