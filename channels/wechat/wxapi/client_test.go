package wxapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	openid = "oia2TjjewbmiOUlr6X-1crbLOvLw"
)

// platform is the little of WeChat that tokens need: stable_token, and calls
// that refuse every token but the newest.
type platform struct {
	*httptest.Server
	mux   *http.ServeMux
	asked atomic.Int64 // times a token was asked for
	life  int64        // seconds

	mu     sync.Mutex
	n      int
	broken int // errcode of stable_token, 0: it works
}

func newPlatform(t testing.TB) *platform {
	p := &platform{mux: http.NewServeMux(), life: 7200}
	p.mux.HandleFunc("POST /cgi-bin/stable_token", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			GrantType string `json:"grant_type"`
			AppID     string `json:"appid"`
			Secret    string `json:"secret"`
			Force     bool   `json:"force_refresh"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.GrantType != "client_credential" || in.AppID != "wx1" || in.Secret != secret {
			say(w, 40125, "invalid appsecret "+in.Secret)
			return
		}
		p.token(w, in.Force)
	})
	p.mux.HandleFunc("GET /cgi-bin/gettoken", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("corpid") != "wx1" || r.FormValue("corpsecret") != secret {
			say(w, 40001, "invalid credential")
			return
		}
		p.token(w, false)
	})
	p.Server = httptest.NewServer(p.mux)
	t.Cleanup(p.Close)
	return p
}

func (p *platform) token(w http.ResponseWriter, force bool) {
	p.asked.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != 0 {
		say(w, p.broken, "system error")
		return
	}
	if force || p.n == 0 {
		p.n++
	}
	fmt.Fprintf(w, `{"access_token":"%s","expires_in":%d}`, p.current(), p.life)
}

func (p *platform) current() string { return fmt.Sprintf("TOKEN-that-nobody-may-see-%d", p.n) }

// rotate makes the current token invalid, as another system that asks for one
// does.
func (p *platform) rotate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
}

func (p *platform) fail(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = code
}

// api answers path where the token is good.
func (p *platform) api(path string, fn http.HandlerFunc) {
	p.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		ok := r.URL.Query().Get("access_token") == p.current()
		p.mu.Unlock()
		if !ok {
			say(w, 40001, "invalid credential, access_token is invalid "+r.URL.Query().Get("access_token")+" rid: 5f8c1a2b-4f6d2e3a-1b2c3d4e")
			return
		}
		fn(w, r)
	})
}

func say(w http.ResponseWriter, code int, msg string) {
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": code, "errmsg": msg})
}

func (p *platform) client(t testing.TB, keep channels.Keep) *wxapi.Client {
	t.Helper()
	c, err := wxapi.New(wxapi.Config{Base: p.URL + "/", App: "wx1", Secret: secret, Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFiftyCallsOfFiveNodesAskForOneToken(t *testing.T) {
	p, keep := newPlatform(t), &channeltest.Keep{}
	p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) { say(w, 0, "ok") })
	nodes := make([]*wxapi.Client, 5)
	for i := range nodes {
		nodes[i] = p.client(t, keep)
	}
	all := func() {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if err := nodes[i%len(nodes)].Post(t.Context(), "/x", map[string]string{}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	all()
	if n := p.asked.Load(); n != 1 {
		t.Errorf("%d tokens were asked for, want 1", n)
	}
	p.rotate()
	all()
	// One node finds that the token was refused and asks; stable_token gives
	// the new one at once.
	if n := p.asked.Load(); n != 2 {
		t.Errorf("after the rotation %d tokens were asked for in all, want 2", n)
	}
}

func TestARefusedTokenThatStaysTheSameIsRenewedByForceOnce(t *testing.T) {
	p := newPlatform(t)
	calls := 0
	p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) {
		calls++
		say(w, 42001, "access_token expired")
	})
	c := p.client(t, &channeltest.Keep{})
	for range 3 {
		if err := c.Post(t.Context(), "/x", struct{}{}, nil); wxapi.CodeOf(err) != 42001 {
			t.Fatal(err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n != 2 || calls != 6 {
		t.Errorf("%d tokens were made, want 2; %d calls, want 6: each is tried twice", p.n, calls)
	}
}

func TestTheLastGoodTokenServesWhileTheMemoryOrWeChatIsDown(t *testing.T) {
	p, keep := newPlatform(t), &channeltest.Keep{}
	p.life = 200 // renewed at every call after 30 s; here at once by a new client
	p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) { say(w, 0, "ok") })
	clock := testenv.NewClock(time.Now())
	c, err := wxapi.New(wxapi.Config{Base: p.URL, App: "wx1", Secret: secret, Keep: keep, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	call := func() error { return c.Post(t.Context(), "/x", struct{}{}, nil) }
	if err := call(); err != nil {
		t.Fatal(err)
	}
	keep.Down(errors.New("the database is away"))
	if err := call(); err != nil {
		t.Errorf("with the memory down: %v", err)
	}
	p.fail(-1)
	clock.Move(time.Minute) // past its renewal, before its end
	if err := call(); err != nil {
		t.Errorf("with the memory and stable_token down: %v", err)
	}
	clock.Move(time.Hour)
	if err := call(); wxapi.CodeOf(err) != -1 {
		t.Errorf("after its end: %v, want -1", err)
	}
}

func TestAChangedSecretAsksForAnotherToken(t *testing.T) {
	p, keep := newPlatform(t), &channeltest.Keep{}
	p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) { say(w, 0, "ok") })
	if err := p.client(t, keep).Post(t.Context(), "/x", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	c, err := wxapi.New(wxapi.Config{Base: p.URL, App: "wx1", Secret: "wrong-secret-of-thirty-two-chars", Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Post(t.Context(), "/x", struct{}{}, nil)
	se := c.SendError(err)
	if se.Class != channels.BadConfig || se.Code != "wechat:40125" {
		t.Errorf("%v is %s %s, want config wechat:40125", err, se.Class, se.Code)
	}
	if strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("the error tells the secret: %v", err)
	}
	if h := c.HealthOf(err); h.State != "auth_failed" {
		t.Errorf("health is %+v, want auth_failed", h)
	}
}

func TestWeComAsksWithItsCorpid(t *testing.T) {
	p := newPlatform(t)
	p.api("GET /cgi-bin/kf/account/list", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"errcode":0,"n":%q}`, r.FormValue("n")) })
	c, err := wxapi.New(wxapi.Config{Corp: true, Base: p.URL, App: "wx1", Secret: secret, Keep: &channeltest.Keep{}})
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ N string }
	if err := c.Get(t.Context(), "/cgi-bin/kf/account/list", url.Values{"n": {"7"}}, &out); err != nil || out.N != "7" {
		t.Errorf("answer %+v, %v", out, err)
	}
}

func TestTextGoesOutWithoutEscapes(t *testing.T) {
	p := newPlatform(t)
	var got []byte
	p.api("POST /x", func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		say(w, 0, "ok")
	})
	in := map[string]string{"content": "<a href=\"x\">&\u2028\\u2028 你好😀\x00\x1d\n"}
	if err := p.client(t, &channeltest.Keep{}).Post(t.Context(), "/x", in, nil); err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal(got, &back); err != nil || back["content"] != "<a href=\"x\">&\u2028\\u2028 你好😀\n" {
		t.Errorf("%s, decoded %q, %v", got, back["content"], err)
	}
	if bytes.Contains(bytes.ReplaceAll(got, []byte(`\\u`), nil), []byte(`\u`)) {
		t.Errorf("%s has escapes", got)
	}
}

func TestUpload(t *testing.T) {
	p := newPlatform(t)
	p.api("POST /cgi-bin/media/upload", func(w http.ResponseWriter, r *http.Request) {
		f, h, err := r.FormFile("media")
		if err != nil || r.ContentLength <= 0 {
			say(w, 41005, "media data missing")
			return
		}
		b, _ := io.ReadAll(f)
		_ = json.NewEncoder(w).Encode(map[string]string{"media_id": h.Filename + "/" + h.Header.Get("Content-Type") + "/" + string(b) + "/" + r.FormValue("type")})
	})
	opened := 0
	open := func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("PNG")), nil
	}
	c := p.client(t, &channeltest.Keep{})
	p.rotate() // the first try is refused; the file is opened again
	var out struct {
		ID string `json:"media_id"`
	}
	if err := c.Upload(t.Context(), "/cgi-bin/media/upload", url.Values{"type": {"image"}}, "图\"1.png", "image/png", open, &out); err != nil {
		t.Fatal(err)
	}
	if want := "图_1.png/image/png/PNG/image"; out.ID != want {
		t.Errorf("uploaded %q, want %q", out.ID, want)
	}
}

func TestMedia(t *testing.T) {
	p := newPlatform(t)
	p.mux.HandleFunc("GET /video.mp4", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("access_token") != "" {
			t.Error("the token goes to the host of the video")
		}
		w.Header().Set("Content-Type", "video/mp4")
		_, _ = w.Write([]byte("VIDEO"))
	})
	p.api("GET /cgi-bin/media/get", func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("media_id") {
		case "image":
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Content-Disposition", `attachment; filename="M1.jpg"`)
			_, _ = w.Write([]byte("JPEG"))
		case "video":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, `{"video_url":"%s/video.mp4"}`, p.URL)
		case "json file":
			w.Header().Set("Content-Disposition", `attachment; filename="a.json"`)
			_, _ = w.Write([]byte(`{"errcode":1}`))
		case "empty":
		default:
			w.Header().Set("Content-Type", "text/plain")
			say(w, 40007, "invalid media_id")
		}
	})
	c := p.client(t, &channeltest.Keep{})
	for _, tt := range []struct {
		id, body, name string
		code           int
	}{
		{"image", "JPEG", "M1.jpg", 0},
		{"video", "VIDEO", "", 0},
		{"json file", `{"errcode":1}`, "a.json", 0},
		{"gone", "", "", 40007},
	} {
		m, err := c.Media(t.Context(), "/cgi-bin/media/get", url.Values{"media_id": {tt.id}})
		if wxapi.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want code %d", tt.id, err, tt.code)
		}
		if m == nil {
			continue
		}
		b, _ := io.ReadAll(m.Body)
		m.Body.Close()
		if string(b) != tt.body || m.Name != tt.name {
			t.Errorf("%s: %q %q, want %q %q", tt.id, b, m.Name, tt.body, tt.name)
		}
	}
	if _, err := c.Media(t.Context(), "/cgi-bin/media/get", url.Values{"media_id": {"empty"}}); err == nil {
		t.Error("an empty answer is a file")
	}
}

func TestNoErrorTellsTokensIdsOrTexts(t *testing.T) {
	p := newPlatform(t)
	p.api("POST /leak", func(w http.ResponseWriter, r *http.Request) {
		say(w, 40003, "invalid openid "+openid+" token "+r.FormValue("access_token")+" rid: 5f8c1a2b-4f6d2e3a-1b2c3d4e")
	})
	p.api("POST /cut", func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	})
	p.api("POST /slow", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the caller left
		<-r.Context().Done()
	})
	p.api("POST /html", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, r.URL.String())
	})
	p.api("POST /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/?"+r.URL.RawQuery, http.StatusFound)
	})
	c := p.client(t, &channeltest.Keep{})
	for _, tt := range []struct {
		path  string
		class channels.Class
	}{
		{"/leak", channels.Recipient}, {"/cut", channels.UnknownResult}, {"/slow", channels.UnknownResult},
		{"/html", channels.UnknownResult}, {"/away", channels.BadConfig}, {"/nowhere", channels.BadConfig},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := c.Post(ctx, tt.path, map[string]string{"touser": openid, "content": "秘密"}, nil)
		cancel()
		if err == nil {
			t.Errorf("%s: no error", tt.path)
			continue
		}
		for _, s := range []string{"TOKEN", secret, openid, "秘密", "access_token="} {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%s: the error tells %s: %v", tt.path, s, err)
			}
		}
		if se := c.SendError(err); se.Class != tt.class {
			t.Errorf("%s: %v is %s, want %s", tt.path, err, se.Class, tt.class)
		}
	}
	c.Close()
	p.Server.Close()
	if se := c.SendError(c.Post(t.Context(), "/x", nil, nil)); se.Class != channels.Retry {
		t.Errorf("nobody listens: %s, want retry: it cannot have arrived", se.Class)
	}
}

// TestErrorClasses holds the classes against the table of the test data.
func TestErrorClasses(t *testing.T) {
	raw, err := os.ReadFile(testenv.Data(t, "wechat-email-vectors", "errcodes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Actions map[string][]int `json:"suggested_action"`
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	want := map[string]channels.Class{"refresh_token": channels.Retry, "retry_backoff": channels.Retry, "stop_until_midnight": channels.AccountPaused,
		"window_closed": channels.WindowClosed, "quota_used": channels.QuotaUsed, "permanent_recipient": channels.Recipient,
		"permanent_content": channels.Content, "reupload_media": channels.Content, "config_error": channels.BadConfig}
	clock := testenv.NewClock(time.Date(2026, 3, 1, 15, 30, 0, 0, time.UTC)) // 23:30 in Beijing
	c, err := wxapi.New(wxapi.Config{App: "wx1", Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for action, codes := range table.Actions {
		for _, code := range codes {
			err := &wxapi.Error{Path: "/cgi-bin/message/custom/send", Code: code}
			if action == "ignore" {
				if !wxapi.Ignorable(err) {
					t.Errorf("%d is to be ignored", code)
				}
				continue
			}
			se, class := c.SendError(err), want[action]
			if code == 45011 {
				class = channels.AccountPaused // a minute for the whole account
			}
			if seen++; se.Class != class {
				t.Errorf("%d is %s, want %s (%s)", code, se.Class, class, action)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d codes compared", seen)
	}
	if at := c.SendError(&wxapi.Error{Code: 45009}).RetryAt; at != zongji.MsOf(time.Date(2026, 3, 1, 16, 1, 0, 0, time.UTC)) {
		t.Errorf("45009 waits until %v, want a minute past midnight in Beijing", at.Time())
	}
}

func TestABaseThatIsNoAddressIsRefused(t *testing.T) {
	for _, base := range []string{"api.weixin.qq.com", "ftp://x", "http://", "https://u:p@x", "://"} {
		if _, err := wxapi.New(wxapi.Config{Base: base}); zongji.CodeOf(err) != "bad_api_base" {
			t.Errorf("%q: %v", base, err)
		}
	}
}
