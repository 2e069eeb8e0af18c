package proof

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/demo"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// A callback's keys are no secret here.
const wxKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

// weChat is an installation with one account of each kind of WeChat.
type weChat struct {
	*wechattest.Server
	t    *testing.T
	in   *demo.Installation
	oa   *wechattest.App
	apps []*wechattest.App // all three, oa too
	stop func()            // the nodes, and waits for them
}

// serveWeChat prepares and serves an installation that is connected to a
// WeChat of its own. Callbacks are repeated after retry.
func serveWeChat(t *testing.T, retry time.Duration, env []string, d demo.Department) *weChat {
	t.Helper()
	b, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	in, err := demo.Prepare(t.Context(), t.TempDir(), env, d)
	if err != nil {
		t.Fatal(err)
	}
	w := &weChat{Server: wechattest.New(wechattest.Options{RetryAfter: retry}), t: t, in: in}
	if err := w.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(func() { logsNone(t, w.in, w.Private()) }) // after the last node stopped
	w.connect()
	ctx, down := context.WithCancel(context.Background())
	var served sync.WaitGroup
	in.Server.Bin, in.Server.Log = b, slog.New(slog.DiscardHandler)
	served.Go(func() { _ = in.Server.Run(ctx) })
	w.stop = func() { down(); served.Wait() }
	t.Cleanup(w.stop)
	w.ready()
	return w
}

// connect writes the accounts as channels.
func (w *weChat) connect() {
	w.t.Helper()
	db, err := w.in.Open(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	queues, err := db.Queues(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	put := func(kind, key string, settings map[string]string) {
		settings["api_base"] = w.URL()
		_, err := db.PutChannel(w.t.Context(), zongji.ChannelAccount{Kind: kind, Key: key, Name: key, Queue: queues[0].ID, Settings: settings,
			Secrets: map[string]string{"secret": "secret-of-" + key, "token": "tokenof" + key, "aes_key": wxKey}})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	put("wechat", "oa", map[string]string{"appid": "wx-oa", "type": "official", "mode": "safe", "welcome": "欢迎关注"})
	put("wechat", "mini", map[string]string{"appid": "wx-mini", "type": "mini", "mode": "safe"})
	put("wecom", "kf", map[string]string{"corpid": "ww-corp", "open_kfid": "wk1"})
	w.oa = w.OfficialAccount(wechattest.Account{AppID: "wx-oa", Secret: "secret-of-oa", Token: "tokenofoa", AESKey: wxKey, Mode: wechattest.Safe, Callback: w.in.Base + "/c/oa/"})
	mini := w.MiniProgram(wechattest.Account{AppID: "wx-mini", Secret: "secret-of-mini", Token: "tokenofmini", AESKey: wxKey, Mode: wechattest.Safe, JSON: true, Callback: w.in.Base + "/c/mini"})
	kf := w.Corp(wechattest.CorpConfig{CorpID: "ww-corp", Secret: "secret-of-kf", Token: "tokenofkf", AESKey: wxKey, Callback: w.in.Base + "/c/kf/"}).Account("wk1", "售后")
	w.apps = []*wechattest.App{w.oa, mini, kf}
}

// ready waits until every account answers its callback.
func (w *weChat) ready() {
	w.t.Helper()
	if err := w.in.Server.WaitReady(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for _, a := range w.apps {
		var err error
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if err = a.Verify(); err == nil {
				break
			}
		}
		if err != nil {
			w.t.Fatalf("%s: %v", a.ID(), err)
		}
	}
}

// logsNone looks for words in the logs of the served processes.
func logsNone(t *testing.T, in *demo.Installation, words []string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(in.Dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log in %s: %v", in.Dir, err)
	}
	for _, path := range logs {
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if i := strings.Index(string(log), word); i >= 0 {
				t.Errorf("%s tells %s: …%.200s", filepath.Base(path), word, log[max(0, i-100):])
			}
		}
	}
}

// stored counts, by text, the customers' messages in SQL.
func stored(t *testing.T, db *store.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for before := ""; ; {
		list, next, err := db.ListConversations(t.Context(), zongji.Scope{All: true}, store.ListReq{View: "all", Limit: 200, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			ms, err := db.Messages(t.Context(), c.ID, 0, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ms {
				if m.From == zongji.FromContact && m.Kind == zongji.KindText {
					out[m.Text]++
				}
			}
		}
		if before = next; next == "" {
			return out
		}
	}
}

// TestWeChatLosesNothingWhenTheProcessIsKilled: customers write on all kinds of
// WeChat accounts, some callbacks come three times at once, and the only process
// is killed with -9 again and again. What was acknowledged, and all that kf
// keeps anyway, stands in SQL once.
func TestWeChatLosesNothingWhenTheProcessIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	w := serveWeChat(t, 2*time.Second, nil, demo.Plain(2, 30))
	ctx, end := context.WithTimeout(t.Context(), 24*time.Second)
	defer end()
	var mu sync.Mutex
	sure := map[string]bool{} // texts that must be stored; false: may be
	var talk sync.WaitGroup
	for i := range 20 {
		u := w.User(fmt.Sprintf("客户%d", i), "")
		for _, a := range w.apps {
			talk.Go(func() {
				if a.Kind() == wechattest.Official {
					u.Follow(a, "")
				}
				for n := 0; ctx.Err() == nil; n++ {
					text := fmt.Sprintf("悄悄话%s-%d-%d", a.ID(), i, n)
					if rand.IntN(5) == 0 {
						a.Overlap(1)
					}
					d := u.Say(a, text)
					mu.Lock()
					sure[text] = d.Err == nil || a.Kind() == wechattest.KF
					mu.Unlock()
					rest(ctx, time.Duration(200+rand.IntN(600))*time.Millisecond)
				}
			})
		}
	}
	for range 3 {
		rest(ctx, 6*time.Second)
		w.in.Server.Kill()
	}
	talk.Wait()
	db, err := w.in.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var problems []string
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(time.Second) {
		have := stored(t, db)
		problems = nil
		for text, must := range sure {
			if n := have[text]; n > 1 || must && n != 1 {
				problems = append(problems, fmt.Sprintf("%s stands in SQL %d times", text, n))
			}
		}
		if len(problems) == 0 || time.Now().After(end) {
			break
		}
	}
	if len(problems) > 0 {
		t.Errorf("%d of %d: %s", len(problems), len(sure), strings.Join(problems[:min(20, len(problems))], "\n"))
	}
	if n, _ := w.in.Server.Starts(); n < 4 {
		t.Errorf("the process was started %d times; the kills did not happen", n)
	}
	w.stop()
	if con, err := db.Conservation(t.Context()); err != nil || !con.OK() {
		t.Errorf("not conserved: %+v %v", con, err)
	}
	t.Logf("%d messages on %d accounts", len(sure), len(w.apps))
}
