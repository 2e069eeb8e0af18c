package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// nothing is a parent that only has a WeChat.
type nothing struct{}

func (nothing) Info(context.Context) Info                         { return Info{} }
func (nothing) Do(context.Context, string, json.RawMessage) error { return nil }

// TestPhonesReachWeChat: what a page asks the served process reaches the WeChat
// beside it.
func TestPhonesReachWeChat(t *testing.T) {
	wx, err := openWeChat("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer wx.Close()
	dir, err := os.MkdirTemp("", "zj")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(t.Context())
	sock := filepath.Join(dir, "control.sock")
	var g errgroup.Group
	g.Go(func() error { return serveControl(ctx, sock, nothing{}, wx, http.NotFoundHandler()) })
	remote := NewRemote(sock)
	for ctx.Err() == nil { // until it listens
		if _, err := remote.Info(ctx); err == nil {
			break
		}
	}
	do := func(method, path, body string) string {
		w := httptest.NewRecorder()
		remote.WeChat(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Body.String()
	}
	if got := do("GET", "/state", ""); !strings.Contains(got, "云桥商城") || !strings.Contains(got, "林小满") || !strings.Contains(got, "store-42") {
		t.Errorf("state: %s", got)
	}
	if got := do("POST", "/users", `{"name":"小红"}`); !strings.Contains(got, `"id":"u3"`) {
		t.Errorf("a new user: %s", got)
	}
	if got := do("GET", "/users/u1/inbox?account=wx00000000000demo1&wait=0", ""); !strings.Contains(got, `"lines":[]`) {
		t.Errorf("an inbox: %s", got)
	}
	cancel()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	remote.WeChat(w, httptest.NewRequest("GET", "/state", nil))
	if w.Code != http.StatusBadGateway {
		t.Errorf("without a parent: %d", w.Code)
	}
}

// TestWeChatIsInstalledOnce: a second start changes the address and the
// secrets, and adds nothing.
func TestWeChatIsInstalledOnce(t *testing.T) {
	in, err := Prepare(t.Context(), t.TempDir(), nil, Plain(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	db, err := in.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 2 {
		wx, err := openWeChat("http://127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		defer wx.Close()
		if err := connect(t.Context(), db, 1, wx.accounts); err != nil {
			t.Fatal(err)
		}
		list, err := db.Channels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 4 { // with the bench's own
			t.Errorf("%d channels, want 4", len(list))
		}
		for _, c := range list {
			if c.Kind != "webchat" && (c.Settings["api_base"] != wx.URL() || len(c.Secrets) != 3) {
				t.Errorf("%s: %v", c.Key, c.Settings)
			}
		}
	}
}
