package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/client"
	"zongji/internal/demo"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// kf is a served installation with one account of 微信客服, one agent at his
// desk, and the WeCom on the other side.
type kf struct {
	t     *testing.T
	we    *wechattest.Server
	app   *wechattest.App
	in    *demo.Installation
	db    *store.DB
	agent *client.Agent
	rest  *client.REST
}

const kfSecret = "the-secret-of-the-kf-app"

func openKF(t *testing.T) *kf {
	t.Helper()
	const aes = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	k := &kf{t: t, we: wechattest.New(wechattest.Options{RetryAfter: time.Second})}
	if err := k.we.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.we.Close)
	corp := k.we.Corp(wechattest.CorpConfig{CorpID: "ww1", Secret: kfSecret, Token: "a-token", AESKey: aes})
	k.app = corp.Account("wk1", "售后")
	k.app.Servicer("zs")
	d := demo.Plain(1, 30)
	d.Channel = zongji.ChannelAccount{Kind: "wecom", Name: "微信客服", Key: "kf", Bot: true,
		Settings: map[string]string{"corpid": "ww1", "open_kfid": "wk1", "api_base": k.we.URL(), "welcome": "欢迎光临"},
		Secrets:  map[string]string{"secret": kfSecret, "token": "a-token", "aes_key": aes}}
	var err error
	if k.in, err = demo.Prepare(t.Context(), t.TempDir(), nil, d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { logsNone(t, k.in, k.we.Private()) }) // after the process stopped
	if k.db, err = k.in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.db.Close() })
	if _, err := k.db.PutFAQs(t.Context(), []zongji.FAQ{
		{Category: "售后", Question: "怎么退货", Similar: []string{"我要退货", "退货流程"}, Answer: "签收七天内可以退货，请在订单页申请。"},
		{Category: "售后", Question: "退货运费谁出", Similar: []string{"退货邮费"}, Answer: "质量问题由我们承担运费。"},
	}); err != nil {
		t.Fatal(err)
	}
	k.app.SetCallback(k.in.Base + "/c/kf/")
	k.serve()
	return k
}

// serve runs the installation and the agent's desk until the test ends.
func (k *kf) serve() {
	b, err := bin()
	if err != nil {
		k.t.Fatal(err)
	}
	k.in.Server.Bin, k.in.Server.Log = b, slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	k.t.Cleanup(func() { stop(); all.Wait() })
	all.Go(func() { _ = k.in.Server.Run(ctx) })
	if err := k.in.Server.WaitReady(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	s := k.in.Seats[0]
	if k.rest, err = client.Login(k.t.Context(), k.in.Base, s.Login, s.Password); err != nil {
		k.t.Fatal(err)
	}
	k.agent = client.NewAgent(client.AgentConfig{REST: k.rest})
	all.Go(func() { _ = k.agent.Run(ctx) })
	if err := k.agent.State(k.t.Context(), zongji.AgentReady, ""); err != nil {
		k.t.Fatal(err)
	}
	k.until("the account is open", func() bool { return k.app.Verify() == nil })
}

func (k *kf) until(what string, ok func() bool) {
	k.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			log, _ := os.ReadFile(k.in.Dir + "/serve.log")
			k.t.Fatalf("not within 30 s: %s\n%s", what, tail(string(log), 3000))
		}
	}
}

func tail(s string, n int) string { return s[max(len(s)-n, 0):] }

// hears waits until what u got last has these words, and returns it.
func (k *kf) hears(u *wechattest.User, words string) wechattest.Line {
	k.t.Helper()
	var last wechattest.Line
	k.until(u.Name+" hears "+words, func() bool {
		for _, l := range u.Inbox(k.app) {
			if strings.Contains(l.Text+l.Title, words) {
				last = l
				return true
			}
		}
		return false
	})
	return last
}

// conv is the newest conversation of u.
func (k *kf) conv(u *wechattest.User) zongji.Conversation {
	k.t.Helper()
	list, err := k.db.Channels(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	c, err := k.db.ThreadNewest(k.t.Context(), list[0].ID, u.OpenID(k.app))
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		k.t.Fatal(err)
	}
	return c
}

func (k *kf) messages(conv int64) []zongji.Message {
	k.t.Helper()
	list, err := k.db.Messages(k.t.Context(), conv, 0, 0, 200)
	if err != nil {
		k.t.Fatal(err)
	}
	return list
}

// assigned waits until the agent serves u.
func (k *kf) assigned(u *wechattest.User) int64 {
	k.t.Helper()
	var c zongji.Conversation
	k.until("the agent has "+u.Name, func() bool { c = k.conv(u); return c.Status == zongji.StatusAssigned && k.agent.Row(c.ID).ID != 0 })
	return c.ID
}

// TestWeComFromEnteringToStars: a customer of 微信客服 is welcomed, answered
// by the bot, served by an agent with text and picture, and gives stars; no
// send is refused by WeCom's rules.
func TestWeComFromEnteringToStars(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves")
	}
	t.Parallel()
	k := openKF(t)
	ming := k.we.User("小明", "unionid-ming")
	ming.Enter(k.app, "store1", "")
	k.hears(ming, "欢迎光临")
	if n := k.we.Called("kf/send_msg_on_event", 0); n != 1 {
		t.Errorf("the welcome code was used %d times", n)
	}
	ming.Say(k.app, "怎么退货")
	if l := k.hears(ming, "签收七天内"); l.Kind != "msgmenu" || len(l.Menu) != 2 {
		t.Errorf("answered by %+v, want a menu that asks whether it helped", l)
	}
	ming.Say(k.app, "转人工")
	conv := k.assigned(ming)
	ctx := t.Context()
	if _, err := k.agent.Reply(ctx, conv, "r1", "您好，我来处理"); err != nil {
		t.Fatal(err)
	}
	k.hears(ming, "您好，我来处理")
	var out zongji.Message
	if err := k.rest.Do(ctx, http.MethodPost, fmt.Sprintf("/api/v1/conversations/%d/messages", conv), map[string]any{"cid": "r2", "files": []int64{k.picture()}}, &out); err != nil {
		t.Fatal(err)
	}
	k.until("the picture", func() bool {
		return slices.ContainsFunc(ming.Inbox(k.app), func(l wechattest.Line) bool { return l.Kind == "image" })
	})
	ming.Image(k.app, nil)
	k.until("his picture is fetched", func() bool {
		return slices.ContainsFunc(k.messages(conv), func(m zongji.Message) bool {
			return m.From == zongji.FromContact && m.Kind == zongji.KindImage && len(m.Files) == 1 && m.State == zongji.StateStored
		})
	})
	if err := k.agent.Finish(ctx, conv, "", "", true); err != nil {
		t.Fatal(err)
	}
	k.hears(ming, "打分")
	ming.TapMenu(k.app, "stars:5")
	k.until("five stars", func() bool { return k.conv(ming).Stars == 5 })
	if c := k.conv(ming); c.Scene != "store1" || c.ContactName != "小明" {
		t.Errorf("scene %q, name %q", c.Scene, c.ContactName)
	}
	for _, r := range k.we.Refused() {
		if strings.Contains(r.Endpoint, "/kf/") {
			t.Errorf("WeCom refused %+v", r)
		}
	}
}

// picture uploads one as the agent does.
func (k *kf) picture() int64 {
	k.t.Helper()
	var b, img bytes.Buffer
	_ = png.Encode(&img, image.NewGray(image.Rect(0, 0, 8, 8)))
	m := multipart.NewWriter(&b)
	w, _ := m.CreateFormFile("file", "a.png")
	_, _ = w.Write(img.Bytes())
	_ = m.Close()
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, k.in.Base+"/api/v1/files", &b)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+k.rest.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	var f zongji.File
	if err := json.NewDecoder(res.Body).Decode(&f); err != nil || f.ID == 0 {
		k.t.Fatalf("upload: %s, %v", res.Status, err)
	}
	return f.ID
}

// TestWeComTakesASession: 95018 shows at the agent's message, and his way back
// works.
func TestWeComTakesASession(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves")
	}
	t.Parallel()
	k := openKF(t)
	hong := k.we.User("小红", "")
	hong.Say(k.app, "转人工")
	conv := k.assigned(hong)
	k.app.TakeOver(hong, "zs")
	ctx := t.Context()
	if _, err := k.agent.Reply(ctx, conv, "r1", "您好"); err != nil {
		t.Fatal(err)
	}
	k.until("the message failed with 95018", func() bool {
		return slices.ContainsFunc(k.messages(conv), func(m zongji.Message) bool {
			return m.Text == "您好" && m.State == zongji.StateFailed && strings.HasPrefix(m.Reason, "wecom:95018 ")
		})
	})
	deed := fmt.Sprintf("/api/v1/conversations/%d/deeds/", conv)
	var got struct {
		State int  `json:"state"`
		Asked bool `json:"asked"`
	}
	if err := k.rest.Do(ctx, http.MethodPost, deed+"reopen", map[string]any{}, &got); err != nil || got.State != 4 || !got.Asked {
		t.Fatalf("reopen: %+v, %v", got, err)
	}
	k.hears(hong, "由我们的客服继续")
	hong.TapMenu(k.app, "")
	if _, err := k.agent.Reply(ctx, conv, "r2", "我们继续"); err != nil {
		t.Fatal(err)
	}
	k.hears(hong, "我们继续")
	if err := k.rest.Do(ctx, http.MethodPost, deed+"to_seat", map[string]any{"userid": "zs"}, nil); err != nil {
		t.Errorf("to_seat: %v", err)
	}
	if w := hong.Window(k.app); w.State != 3 || w.Servicer != "zs" {
		t.Errorf("after to_seat: %+v", w)
	}

	// Where a seat has the session, the bot says nothing and the desk says why.
	lan := k.we.User("小兰", "")
	lan.Say(k.app, "怎么退货")
	k.hears(lan, "七天内可以退货")
	k.app.TakeOver(lan, "zs")
	k.until("the desk knows that a seat took it", func() bool { return k.conv(lan).Window.Held != 0 })
	lan.Say(k.app, "退货运费谁出")
	k.until("the bot kept silent", func() bool {
		c := k.conv(lan)
		evs, err := k.db.Events(ctx, c.ID, []zongji.EventKind{zongji.EvBot}, 20)
		return err == nil && c.LastSeq == 4 && c.HandledSeq == 4 && slices.ContainsFunc(evs, func(e zongji.Event) bool { return strings.Contains(string(e.Data), `"held"`) })
	})
	for _, m := range k.messages(k.conv(lan).ID) {
		if m.State == zongji.StateFailed {
			t.Errorf("the bot tried: %+v", m)
		}
	}
	k.app.EndSession(lan)
	k.until("the desk knows that it ended", func() bool { return k.conv(lan).Window.Held == 0 })
	lan.Say(k.app, "退货运费谁出")
	k.hears(lan, "质量问题由我们承担")
}

// TestWeComLosesNothingWhenKilled: customers write while the process is killed
// three times; each message is stored once.
func TestWeComLosesNothingWhenKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves, and kills")
	}
	t.Parallel()
	k := openKF(t)
	const customers, each = 5, 12
	users := make([]*wechattest.User, customers)
	var all sync.WaitGroup
	for i := range users {
		users[i] = k.we.User(fmt.Sprint("客户", i), "")
		all.Go(func() {
			for n := range each {
				users[i].Say(k.app, fmt.Sprintf("第%d句", n))
				rest(t.Context(), 300*time.Millisecond)
			}
		})
	}
	for range 3 {
		time.Sleep(1200 * time.Millisecond)
		k.in.Server.Kill()
	}
	all.Wait()
	for _, u := range users {
		var texts []string
		k.until("all of "+u.Name, func() bool {
			texts = nil
			for _, m := range k.messages(k.conv(u).ID) {
				if m.From == zongji.FromContact && m.Kind == zongji.KindText {
					texts = append(texts, m.Text)
				}
			}
			return len(texts) >= each
		})
		for n, text := range texts {
			if text != fmt.Sprintf("第%d句", n) {
				t.Errorf("%s wrote %q", u.Name, texts)
				break
			}
		}
	}
}

// TestWeComWelcomesManyWhileItIsSlow: a hundred customers enter together while
// WeCom's API is slow; their welcome codes live 20 s.
func TestWeComWelcomesManyWhileItIsSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves")
	}
	t.Parallel()
	k := openKF(t)
	k.we.Delay("kf/send_msg_on_event", 250*time.Millisecond) // one after the other would be too late
	const many = 100
	took := make([]time.Duration, many)
	var all sync.WaitGroup
	for i := range many {
		u := k.we.User(fmt.Sprint("客户", i), "")
		all.Go(func() {
			began := time.Now()
			u.Enter(k.app, "store1", "")
			if got := u.Wait(k.app, 1, 30*time.Second); len(got) != 1 {
				t.Errorf("customer %d got %+v", i, got)
			}
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	if n := k.we.Called("kf/send_msg_on_event", 0); n != many {
		t.Errorf("%d welcome codes were used, want %d", n, many)
	}
	slices.Sort(took)
	t.Logf("welcome of %d at once: median %s, p99 %s", many, took[many/2], took[many*99/100])
	if p99 := took[many*99/100]; p99 > 20*time.Second {
		t.Errorf("p99 %s", p99)
	}
}
