package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wechattest"
	"zongji/internal/zongji"
)

var discard = slog.New(slog.DiscardHandler)

func TestWecomPassesTheSuite(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, func(t *testing.T, accept channels.Accept) (channels.Channel, channeltest.Outside) {
		w := newWorld(t)
		count := 0
		var mu sync.Mutex
		set := settings(w.URL())
		deps := channels.Deps{Log: discard, Clock: zongji.Wall{}, Blobs: w.shelf, Keep: w.keep("kf"), Health: func(channels.Health) {}, Problem: func(string, string) {},
			Accept: func(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
				_, err := accept(ctx, in)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					count++
				}
				return zongji.Stored{}, err
			}}
		ch, err := w.kind.Open(t.Context(), set, deps)
		if err != nil {
			t.Fatal(err)
		}
		a := ch.(*Account)
		w.nodes["kf"] = &node{Account: a}
		known := map[string]bool{}
		return ch, channeltest.Outside{
			Write: func(ctx context.Context, id, text string) error {
				until(t, "the first pass", func() bool { s, _ := a.Keep.Get(ctx, keepSynced); return s != "" })
				mu.Lock()
				before := count
				mu.Unlock()
				cursor, _ := a.Keep.Get(ctx, keepCursor)
				if known[id] { // the same item again: the cursor was lost
					_ = a.Keep.Put(ctx, keepCursor, "", 0)
					a.told("", "")
				} else {
					known[id] = true
					w.ming.Say(w.app, text)
				}
				for range 200 {
					time.Sleep(5 * time.Millisecond)
					mu.Lock()
					stored := count > before
					mu.Unlock()
					if now, _ := a.Keep.Get(ctx, keepCursor); stored && now != "" && now != cursor || stored && known[id] && now != "" {
						return nil
					}
				}
				return errors.New("the cursor has not moved")
			},
			Out: func(text string) zongji.Outbound {
				w.ming.Say(w.app, "x")
				return w.out(w.ming, 1, zongji.Message{Text: text})
			},
			Got: func() []string {
				var texts []string
				for _, l := range w.ming.Inbox(w.app) {
					texts = append(texts, l.Text)
				}
				return texts
			},
		}
	})
}

func TestCallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	t.Run("WeCom's verification gets what it encrypted", func(t *testing.T) {
		if err := w.app.Verify(); err != nil {
			t.Error(err)
		}
	})
	t.Run("another Token is told to the operators", func(t *testing.T) {
		set := settings(w.URL())
		set.Secrets["token"], set.Key = "another", "other"
		w.openAs(set, Kind())
		w.app.SetCallback(w.edge.URL + "/c/other")
		if err := w.app.Verify(); err == nil {
			t.Error("verified")
		}
		if _, problems := w.health(); !slices.Contains(problems, "wecom:callback") {
			t.Errorf("problems %v", problems)
		}
		w.app.SetCallback(w.edge.URL + "/c/kf")
	})
	t.Run("what is forged or hostile is refused quickly", func(t *testing.T) {
		deep := "<xml>" + strings.Repeat("<a>", 100000) + "</xml>"
		for name, body := range map[string]string{
			"nothing": "", "plain text": "hello", "no signature": "<xml><Encrypt>x</Encrypt></xml>", "a plain event": "<xml><Event>kf_msg_or_event</Event></xml>",
			"a document type": `<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>`, "deep": deep,
			"larger than any": strings.Repeat("x", 2<<20), "zeros": strings.Repeat("\x00", 1000), "JSON": `{"Encrypt":"x"}`,
		} {
			rec := httptest.NewRecorder()
			began := time.Now()
			n.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/?msg_signature=x&timestamp=1&nonce=2", strings.NewReader(body)))
			if rec.Code < 400 || rec.Code > 499 {
				t.Errorf("%s: status %d", name, rec.Code)
			}
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("%s: took %s", name, took)
			}
		}
		rec := httptest.NewRecorder()
		n.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/", nil))
		if rec.Code != http.StatusMethodNotAllowed {
			t.Errorf("PUT: status %d", rec.Code)
		}
	})
	t.Run("it is answered while messages are still being fetched", func(t *testing.T) {
		w.Delay("kf/sync_msg", time.Second)
		defer w.Delay("kf/sync_msg", 0)
		if d := w.ming.Say(w.app, "在吗"); d.Err != nil || d.Attempts != 1 || d.Took > 500*time.Millisecond || d.Body != "success" {
			t.Errorf("callback: %+v", d)
		}
		w.desk.wait(t, 1)
	})
}

func TestMessagesArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	w.app.Pages(3)
	w.app.EmptyPages(2)
	var want []string
	for i := range 10 {
		text := fmt.Sprint("第", i, "条")
		want = append(want, text)
		if i == 5 {
			w.app.RepeatPages(2)
		}
		w.ming.Say(w.app, text)
	}
	w.desk.wait(t, 10)
	if got := w.desk.texts(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Run("a lost cursor brings all again, and nothing twice", func(t *testing.T) {
		before := w.tries()
		if err := n.Keep.Put(t.Context(), keepCursor, "", 0); err != nil {
			t.Fatal(err)
		}
		w.ming.Say(w.app, "还在吗")
		w.desk.wait(t, 11)
		if got := w.desk.texts(); len(got) != 11 || w.tries() < before+11 {
			t.Errorf("%d messages after %d deliveries", len(got), w.tries()-before)
		}
	})
	t.Run("a cursor that WeCom does not know is begun anew", func(t *testing.T) {
		if err := n.Keep.Put(t.Context(), keepCursor, "nonsense", 0); err != nil {
			t.Fatal(err)
		}
		w.ming.Say(w.app, "你好")
		w.desk.wait(t, 12)
		if _, problems := w.health(); !slices.Contains(problems, "wecom:cursor") {
			t.Errorf("problems %v", problems)
		}
	})
	t.Run("a callback's token that is over is left out", func(t *testing.T) {
		n.mu.Lock()
		n.ticket = ticket{"ENCold", zongji.NowMs(n.Clock).Add(time.Hour)}
		n.mu.Unlock()
		n.poked <- struct{}{}
		until(t, "95007", func() bool { return w.Called("kf/sync_msg", 95007) > 0 })
		w.ming.Say(w.app, "再见")
		w.desk.wait(t, 13)
	})
	t.Run("a rotated token is fetched once", func(t *testing.T) {
		before := w.Called("gettoken", 0)
		w.Rotate(corpID)
		w.ming.Say(w.app, "换了")
		w.desk.wait(t, 14)
		if got := w.Called("gettoken", 0) - before; got != 1 {
			t.Errorf("%d tokens were fetched", got)
		}
	})
}

func (w *world) tries() int {
	w.desk.mu.Lock()
	defer w.desk.mu.Unlock()
	return w.desk.tries
}

func TestNothingIsLostWhereItStops(t *testing.T) {
	t.Parallel()
	t.Run("between storing and the cursor", func(t *testing.T) {
		w := newWorld(t)
		n := w.open()
		w.started(n)
		w.keep("kf").stuck.Store(true)
		w.ming.Say(w.app, "一")
		w.desk.wait(t, 1)
		n.stop()
		w.keep("kf").stuck.Store(false)
		w.ming.Say(w.app, "二") // while nobody runs
		w.open()
		w.ming.Say(w.app, "三")
		w.desk.wait(t, 3)
		if got := w.desk.texts(); !slices.Equal(got, []string{"一", "二", "三"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("while storing", func(t *testing.T) {
		w := newWorld(t)
		n := w.open()
		w.started(n)
		hong := w.User("小红", "")
		fails := 0
		w.desk.set(func(d *desk) {
			d.fail = func(in zongji.Inbound) error {
				if in.Text == "二" && fails < 2 {
					fails++
					return zongji.Errorf(zongji.Busy, "busy", "the database is down")
				}
				return nil
			}
		})
		w.ming.Say(w.app, "一")
		w.ming.Say(w.app, "二")
		hong.Say(w.app, "another's")
		w.ming.Say(w.app, "三")
		w.desk.wait(t, 4)
		got := w.desk.texts()
		mine := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "another's" })
		if len(got) != 4 || !slices.Equal(mine, []string{"一", "二", "三"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("what can never be stored is stepped over and told", func(t *testing.T) {
		w := newWorld(t)
		n := w.open()
		w.started(n)
		w.desk.set(func(d *desk) {
			d.fail = func(in zongji.Inbound) error {
				if in.Text == "bad" {
					return zongji.Errorf(zongji.Invalid, "bad_inbound", "no")
				}
				return nil
			}
		})
		w.ming.Say(w.app, "bad")
		w.ming.Say(w.app, "good")
		w.desk.wait(t, 1)
		if _, problems := w.health(); !slices.Equal(w.desk.texts(), []string{"good"}) || !slices.Contains(problems, "wecom:item") {
			t.Errorf("got %q, problems %v", w.desk.texts(), problems)
		}
	})
}

func TestTwoNodesFetchEachItemOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.open()
	w.started(first)
	w.openAs(settings(w.URL()), Kind()) // another process: callbacks reach it now
	for i := range 20 {
		w.ming.Say(w.app, fmt.Sprint(i))
		if i%3 == 0 {
			first.told(kfID, "")
		}
	}
	w.desk.wait(t, 20)
	if got := w.desk.texts(); len(got) != 20 || w.tries() > 25 {
		t.Errorf("%d messages after %d deliveries", len(got), w.tries())
	}
}

func TestACallbackReachesTheAccountItIsAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.started(w.open())
	other := w.corp.Account("wkBBBB", "售前客服")
	set := settings(w.URL())
	set.ID, set.Key, set.Settings["open_kfid"] = 8, "presale", "wkBBBB"
	w.started(w.openAs(set, w.kind))
	w.ming.Say(other, "多少钱") // posted to /c/kf, the company's one address
	if got := w.desk.wait(t, 1); got[0].Channel != 8 || got[0].ChanKind != "wecom" {
		t.Errorf("got %+v, want channel 8", got[0])
	}
}

func TestFirstStartAndLag(t *testing.T) {
	t.Parallel()
	t.Run("what was written before the first start is not ours", func(t *testing.T) {
		w := newWorld(t)
		w.app.SetCallback("")
		w.ming.Say(w.app, "old")
		w.clock.move(2 * time.Minute)
		w.Jump(2 * time.Minute)
		w.ming.Say(w.app, "as it was added")
		w.app.SetCallback(w.edge.URL + "/c/kf")
		w.open()
		w.ming.Say(w.app, "new")
		w.desk.wait(t, 2)
		if got := w.desk.texts(); !slices.Equal(got, []string{"as it was added", "new"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a day behind is an alarm, three are a loss that is told", func(t *testing.T) {
		w := newWorld(t)
		k := w.keep("kf")
		long := zongji.NowMs(w.clock).Add(-4 * 24 * time.Hour)
		for _, key := range []string{keepSince, keepSynced} {
			if err := k.Put(t.Context(), key, fmt.Sprint(int64(long)), 0); err != nil {
				t.Fatal(err)
			}
		}
		w.Fail("kf/sync_msg", -1, 1)
		w.open()
		until(t, "the alarm", func() bool { h, _ := w.health(); return h.Code == "wecom:lag" && h.State == "degraded" })
		until(t, "the end of the alarm", func() bool { h, _ := w.health(); return h.State == "ok" })
		if _, problems := w.health(); !slices.Contains(problems, "wecom:horizon") {
			t.Errorf("problems %v", problems)
		}
	})
	t.Run("a wrong secret is told, and fetching goes on when it is right", func(t *testing.T) {
		w := newWorld(t)
		w.Fail("gettoken", 40001, 2)
		w.open()
		until(t, "auth_failed", func() bool { h, _ := w.health(); return h.State == "auth_failed" })
		until(t, "ok", func() bool { h, _ := w.health(); return h.State == "ok" })
	})
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	const many = 100
	w := newWorld(t)
	n := w.open()
	w.started(n)
	var took [many]time.Duration
	var began [many]time.Time
	users, byID := make([]*wechattest.User, many), map[string]int{}
	for i := range users {
		users[i] = w.User(fmt.Sprint("客户", i), "")
		byID[users[i].OpenID(w.app)] = i
	}
	outbox := make(chan zongji.Inbound, many)
	w.desk.set(func(d *desk) {
		d.then = func(in zongji.Inbound) {
			if in.Event == "enter" {
				outbox <- in
			}
		}
	})
	sender := make(chan struct{})
	go func() { // one after the other, as the outbox does
		defer close(sender)
		for range many {
			in := <-outbox
			i := byID[in.Thread]
			out := w.out(users[i], int64(1000+i), zongji.Message{Text: "欢迎光临"})
			out.Conv.Pass = in.Pass
			if _, err := n.Send(context.Background(), out); err != nil {
				t.Errorf("welcome %d: %v", i, err)
			}
			took[i] = time.Since(began[i])
		}
	}()
	var wg sync.WaitGroup
	for i, u := range users {
		began[i] = time.Now()
		wg.Go(func() { u.Enter(w.app, "store1", "shelf=3") })
	}
	wg.Wait()
	select {
	case <-sender:
	case <-time.After(hang):
		t.Fatal("not all were welcomed")
	}
	for i, u := range users {
		if got := u.Inbox(w.app); len(got) != 1 || got[0].Text != "欢迎光临" {
			t.Errorf("customer %d got %+v", i, got)
		}
	}
	if n := w.Called("kf/send_msg_on_event", 0); n != many {
		t.Errorf("%d welcome codes were used, want %d", n, many)
	}
	slices.Sort(took[:])
	t.Logf("welcome of %d at once: median %s, p99 %s", many, took[many/2], took[many*99/100])
	if p99 := took[many*99/100]; p99 > 20*time.Second {
		t.Errorf("p99 %s, the welcome code lives 20 s", p99)
	}
	if in := w.desk.got()[0]; in.Scene != "store1:shelf=3" || !in.Shown || in.Pass == nil {
		t.Errorf("got %+v", in)
	}
	t.Run("whoever had no code is written to in the window", func(t *testing.T) {
		w.ming.Say(w.app, "hi")
		out := w.out(w.ming, 5, zongji.Message{Text: "您好"})
		out.Conv.Pass = &zongji.Pass{Code: "used", Until: zongji.NowMs(w.clock).Add(time.Second)}
		if _, err := n.Send(t.Context(), out); err != nil {
			t.Error(err)
		}
	})
	t.Run("names and unionids are fetched together", func(t *testing.T) {
		until(t, "the profiles", func() bool {
			w.desk.mu.Lock()
			defer w.desk.mu.Unlock()
			n := 0
			for _, in := range w.desk.ins {
				if in.Event == "profile" && in.From.Name != "" && !in.Shown {
					n++
				}
				if in.Event == "profile" && in.From.Name == "小明" && in.From.Union != "unionid-ming" {
					t.Errorf("got %+v", in.From)
				}
			}
			return n == many+1
		})
		if calls := w.Called("kf/customer/batchget", 0); calls > 10 {
			t.Errorf("%d calls for %d customers", calls, many+1)
		}
	})
}

func TestSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	png := thumbPNG()
	file := func(name, mediaType string, b []byte) zongji.File { return w.shelf.add(name, mediaType, b) }
	extra := func(v any) json.RawMessage { b, _ := json.Marshal(v); return b }
	mp4 := append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 64)...)
	tests := []struct {
		name string
		m    zongji.Message
		want []wechattest.Line
	}{
		{"a text", zongji.Message{Text: "您好 😀 <b>"}, []wechattest.Line{{Kind: "text", Text: "您好 😀 <b>"}}},
		{"a text of more than 2048 bytes is two", zongji.Message{Text: strings.Repeat("字", 681) + "。" + strings.Repeat("字", 10)},
			[]wechattest.Line{{Kind: "text", Text: strings.Repeat("字", 681) + "。"}, {Kind: "text", Text: strings.Repeat("字", 10)}}},
		{"candidates are a menu", zongji.Message{Kind: zongji.KindCandidates, Text: "您想问的是", Extra: extra(zongji.Candidates{Options: []zongji.Option{{Value: "faq:12", Text: "退货"}, {Value: "human", Text: "转人工"}}})},
			[]wechattest.Line{{Kind: "msgmenu", Text: "您想问的是", Menu: []wechattest.MenuItem{{ID: "faq:12", Type: "click", Content: "退货"}, {ID: "human", Type: "click", Content: "转人工"}}}}},
		{"an answer asks whether it helped", zongji.Message{Kind: zongji.KindAnswer, Text: "七天内可退", Extra: extra(zongji.Answer{Options: []zongji.Option{{Value: "solved:1", Text: "解决了"}}})},
			[]wechattest.Line{{Kind: "msgmenu", Text: "七天内可退", Menu: []wechattest.MenuItem{{ID: "solved:1", Type: "click", Content: "解决了"}}}}},
		{"a long answer is a text", zongji.Message{Kind: zongji.KindAnswer, Text: strings.Repeat("长", 400), Extra: extra(zongji.Answer{Options: []zongji.Option{{Value: "solved:1", Text: "解决了"}}})},
			[]wechattest.Line{{Kind: "text", Text: strings.Repeat("长", 400)}}},
		{"a rating is five buttons", zongji.Message{Kind: zongji.KindRate, Text: "请打分"}, []wechattest.Line{{Kind: "msgmenu", Text: "请打分", Menu: []wechattest.MenuItem{
			{ID: "stars:5", Type: "click", Content: "很满意"}, {ID: "stars:4", Type: "click", Content: "满意"}, {ID: "stars:3", Type: "click", Content: "一般"},
			{ID: "stars:2", Type: "click", Content: "不满意"}, {ID: "stars:1", Type: "click", Content: "很不满意"}}}}},
		{"a text with two files is three", zongji.Message{Text: "见图", Files: []zongji.File{file("a.png", "image/png", png), file("a.pdf", "application/pdf", []byte("%PDF-1.4 …"))}},
			[]wechattest.Line{{Kind: "text", Text: "见图"}, {Kind: "image"}, {Kind: "file", Title: "a.pdf"}}},
		{"a recording and a film", zongji.Message{Kind: zongji.KindFile, Files: []zongji.File{file("a.amr", "audio/amr", []byte("#!AMR\n1234567")), file("a.mp4", "video/mp4", mp4)}},
			[]wechattest.Line{{Kind: "voice"}, {Kind: "video"}}},
		{"a picture that WeCom does not take is a file", zongji.Message{Kind: zongji.KindImage, Files: []zongji.File{file("a.gif", "image/gif", []byte("GIF89a1234"))}},
			[]wechattest.Line{{Kind: "file", Title: "a.gif"}}},
		{"a place", zongji.Message{Kind: zongji.KindLocation, Extra: extra(zongji.Location{Lat: 23.1, Lon: 113.3, Name: "门店", Label: "海珠区"})},
			[]wechattest.Line{{Kind: "location", Title: "门店", Text: "海珠区"}}},
		{"a link has a picture", zongji.Message{Kind: zongji.KindLink, Extra: extra(zongji.Link{Title: "保修", Text: "条款", URL: "https://x.example/"})},
			[]wechattest.Line{{Kind: "link", Title: "保修", Text: "条款", URL: "https://x.example/"}}},
		{"a mini-program's page", zongji.Message{Kind: zongji.KindMiniPage, Extra: extra(zongji.MiniPage{App: "wx1", Path: "pages/a", Title: "下单"})},
			[]wechattest.Line{{Kind: "miniprogram", Title: "下单", URL: "wx1:pages/a"}}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := w.User("x", "")
			u.Say(w.app, "x")
			sent, err := n.Send(t.Context(), w.out(u, int64(100+i), tt.m))
			if err != nil {
				t.Fatal(err)
			}
			got := u.Inbox(w.app)
			if cost := n.Cost(&tt.m); len(got) != len(tt.want) || cost != len(got) || 5-u.Window(w.app).Left != cost {
				t.Fatalf("%d lines, cost %d, want %d lines: %+v", len(got), cost, len(tt.want), got)
			}
			for j, want := range tt.want {
				g := got[j]
				if g.MsgID != partID(int64(100+i), j) || sent.ExtID != got[0].MsgID {
					t.Errorf("msgid %q, sent %q", g.MsgID, sent.ExtID)
				}
				if want.Title == "" {
					want.Title = g.Title
				}
				if g.Kind != want.Kind || g.Text != want.Text || g.Title != want.Title || want.URL != "" && g.URL != want.URL || !slices.Equal(g.Menu, want.Menu) {
					t.Errorf("line %d\n got %+v\nwant %+v", j, g, want)
				}
			}
		})
	}
	t.Run("a link's picture is uploaded once", func(t *testing.T) {
		before := w.Called("media/upload", 0)
		u := w.User("x", "")
		u.Say(w.app, "x")
		if _, err := n.Send(t.Context(), w.out(u, 200, tests[len(tests)-2].m)); err != nil || w.Called("media/upload", 0) != before {
			t.Errorf("%v, %d uploads", err, w.Called("media/upload", 0)-before)
		}
	})
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	u := w.User("x", "")
	id := int64(0)
	try := func(m zongji.Message) *channels.SendError {
		t.Helper()
		id++
		return sendError(t, n, w.out(u, id, m))
	}
	check := func(se *channels.SendError, class channels.Class, code string) {
		t.Helper()
		if se.Class != class || se.Code != code {
			t.Errorf("got %s %s (%s), want %s %s", se.Class, se.Code, se.Reason, class, code)
		}
	}
	check(try(zongji.Message{Text: "x"}), channels.WindowClosed, "wecom:95018") // he never wrote: state 4
	u.Say(w.app, "x")
	for i := range 5 {
		if _, err := n.Send(t.Context(), w.out(u, int64(50+i), zongji.Message{Text: "x"})); err != nil {
			t.Fatal(err)
		}
	}
	check(try(zongji.Message{Text: "x"}), channels.QuotaUsed, "wecom:95001")
	u.Say(w.app, "x")
	check(try(zongji.Message{Kind: zongji.KindTemplate}), channels.Content, "wecom:unsupported")
	check(try(zongji.Message{Kind: zongji.KindFile, Files: []zongji.File{w.shelf.add("a.txt", "text/plain", []byte("12345"))}}), channels.Content, "wecom:file_size")
	check(try(zongji.Message{Kind: zongji.KindFile, Files: []zongji.File{{Name: "a.txt", Type: "text/plain", Size: 10, URL: "/f/none/a.txt"}}}), channels.Content, "wecom:file_gone")
	for code, class := range map[int]channels.Class{-1: channels.Retry, 45033: channels.Retry, 45009: channels.AccountPaused, 60020: channels.BadConfig, 95004: channels.BadConfig,
		40096: channels.Recipient, 45002: channels.Content, 95008: channels.Content, 95013: channels.WindowClosed} {
		w.Fail("kf/send_msg", code, 1)
		check(try(zongji.Message{Text: "x"}), class, fmt.Sprint("wecom:", code))
	}
	t.Run("a broken connection is tried again and arrives once", func(t *testing.T) {
		u := w.User("x", "")
		u.Say(w.app, "x")
		w.Drop("kf/send_msg", 1)
		out := w.out(u, 77, zongji.Message{Text: "一次"})
		if se := sendError(t, n, out); se.Class != channels.Retry && se.Class != channels.UnknownResult {
			t.Errorf("class %s", se.Class)
		}
		out.Try = 2
		if _, err := n.Send(t.Context(), out); err != nil || len(u.Inbox(w.app)) != 1 || !n.Idempotent() {
			t.Errorf("%v, %d lines", err, len(u.Inbox(w.app)))
		}
	})
	t.Run("a failure that comes later names the message", func(t *testing.T) {
		u := w.User("x", "")
		u.Say(w.app, "x")
		w.app.FailLater(10, 1)
		if _, err := n.Send(t.Context(), w.out(u, 88, zongji.Message{Text: "x"})); err != nil {
			t.Fatal(err)
		}
		var got zongji.Inbound
		until(t, "the failure", func() bool {
			for _, in := range w.desk.got() {
				if in.Kind == zongji.InStatus {
					got = in
				}
			}
			return got.Kind != ""
		})
		if got.State != zongji.StateFailed || got.RefMsg != 88 || got.Reason != "wecom:fail:10 用户拒收" || got.Thread != u.OpenID(w.app) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSessionsThatWeComHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	w.app.Servicer("zs")
	w.ming.Say(w.app, "转人工")
	w.app.TakeOver(w.ming, "zs")
	conv := w.out(w.ming, 1, zongji.Message{}).Conv
	serve := func(deed, in string) (string, error) {
		v, err := n.Serve(t.Context(), conv, zongji.Identity{}, deed, json.RawMessage(in))
		b, _ := json.Marshal(v)
		return string(b), err
	}
	se := sendError(t, n, w.out(w.ming, 1, zongji.Message{Text: "您好"}))
	if se.Class != channels.Held || se.Code != "wecom:95018" || !strings.Contains(se.Reason, "zs") {
		t.Errorf("got %s %s %q", se.Class, se.Code, se.Reason)
	}
	if got, err := serve("state", ""); err != nil || got != `{"state":3,"seat":"zs"}` {
		t.Errorf("state: %s, %v", got, err)
	}
	t.Run("reopen ends it and gives the customer a button", func(t *testing.T) {
		if got, err := serve("reopen", `{"text":"由我们继续"}`); err != nil || got != `{"state":4,"asked":true}` {
			t.Fatalf("reopen: %s, %v", got, err)
		}
		got := w.ming.Inbox(w.app)
		if l := got[len(got)-1]; l.Kind != "msgmenu" || l.Text != "由我们继续" || len(l.Menu) != 1 || l.Menu[0].Content != "继续咨询" {
			t.Fatalf("he got %+v", l)
		}
		if _, err := serve("reopen", ""); zongji.CodeOf(err) != "kf_ended" {
			t.Errorf("again: %v", err)
		}
		w.ming.TapMenu(w.app, "")
		if _, err := n.Send(t.Context(), w.out(w.ming, 2, zongji.Message{Text: "您好"})); err != nil {
			t.Errorf("after his answer: %v", err)
		}
		if got, err := serve("reopen", ""); err != nil || got != `{"state":1,"asked":false}` {
			t.Errorf("with a session of ours: %s, %v", got, err)
		}
	})
	t.Run("to_seat hands it over", func(t *testing.T) {
		var se *channels.SendError
		if _, err := serve("to_seat", `{"userid":"nobody"}`); !errors.As(err, &se) || se.Code != "wecom:95014" {
			t.Errorf("to nobody: %v", err)
		}
		if got, err := serve("to_seat", `{"userid":"zs"}`); err != nil || got != `{"state":3,"seat":"zs"}` {
			t.Errorf("to_seat: %s, %v", got, err)
		}
		got := w.ming.Inbox(w.app)
		if l := got[len(got)-1]; l.Text != "正在为您转接专员，请稍候。" {
			t.Errorf("he got %+v", l)
		}
	})
	t.Run("what happens there is shown here", func(t *testing.T) {
		w.app.ServicerSay(w.ming, "zs", "我来处理")
		w.app.EndSession(w.ming)
		w.app.RejectSwitch(w.ming, "zs", true)
		has := func(event, value string) bool {
			return slices.ContainsFunc(w.desk.got(), func(in zongji.Inbound) bool { return in.Event == event && in.Value == value && in.Shown })
		}
		until(t, "the events", func() bool {
			return has("kf_joined", "zs") && has("kf_seat", "zs: 我来处理") && has("kf_ended", "zs") && has("reject", "zs")
		})
	})
	if _, err := serve("dance", ""); zongji.KindOf(err) != zongji.NotFound {
		t.Errorf("an unknown deed: %v", err)
	}
}

func TestMediaAndRecall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	pdf := []byte("%PDF-1.4 hello")
	w.ming.Image(w.app, nil)
	w.ming.Voice(w.app, nil, "")
	w.ming.Video(w.app, nil)
	w.ming.File(w.app, "合同.pdf", pdf)
	d := w.ming.Say(w.app, "写错了")
	w.ming.Recall(w.app, d.MsgID)
	got := w.desk.wait(t, 6)
	for i, want := range []zongji.MessageKind{zongji.KindImage, zongji.KindVoice, zongji.KindVideo, zongji.KindFile} {
		if got[i].Msg != want || got[i].Fetch == "" {
			t.Fatalf("got %+v, want %s", got[i], want)
		}
		files, err := n.Fetch(t.Context(), got[i].Fetch)
		if err != nil || len(files) != 1 || files[0].Size == 0 {
			t.Errorf("%s: %v, %v", want, files, err)
		}
		if want == zongji.KindVoice && len(files) == 1 && files[0].Ms != 1000 {
			t.Errorf("the voice lasts %d ms, want 1000", files[0].Ms)
		}
		if want == zongji.KindFile && len(files) == 1 {
			r, _ := w.shelf.Open(t.Context(), files[0])
			if b, _ := io.ReadAll(r); string(b) != string(pdf) {
				t.Errorf("the file is %q", b)
			}
		}
	}
	if last := got[5]; last.Kind != zongji.InStatus || last.State != zongji.StateRecalled || last.Ref != got[4].ExtID {
		t.Errorf("recall: %+v of %+v", last, got[4])
	}
	w.Jump(4 * 24 * time.Hour)
	w.Rotate(corpID)
	var se *channels.SendError
	if _, err := n.Fetch(t.Context(), got[0].Fetch); !errors.As(err, &se) || se.Class != channels.Content || se.Code != "wecom:media_gone" {
		t.Errorf("after three days: %v", err)
	}
	if _, err := n.Fetch(t.Context(), "nonsense"); !errors.As(err, &se) || se.Class != channels.Content {
		t.Errorf("nonsense: %v", err)
	}
}

func TestOperate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	w.app.Servicer("zs")
	for _, tt := range []struct{ deed, in, want string }{
		{"accounts", "", `{"accounts":[{"open_kfid":"wkAAAA","name":"售后客服","manage_privilege":true}]}`},
		{"seats", "", `{"seats":[{"userid":"zs","status":0}]}`},
	} {
		got, err := n.Operate(t.Context(), tt.deed, json.RawMessage(tt.in))
		if b, _ := json.Marshal(got); err != nil || string(b) != tt.want {
			t.Errorf("%s: %s, %v", tt.deed, b, err)
		}
	}
	got, err := n.Operate(t.Context(), "link", json.RawMessage(`{"scene":"store1","scene_param":"shelf=3&x"}`))
	if b, _ := json.Marshal(got); err != nil || !strings.HasSuffix(string(b), `scene_param=shelf%3D3%26x"}`) && !strings.Contains(string(b), `scene_param=shelf%3D3%26x`) {
		t.Errorf("link: %s, %v", b, err)
	}
	if _, err := n.Operate(t.Context(), "link", json.RawMessage(`{"scene":"门店"}`)); zongji.CodeOf(err) != "bad_scene" {
		t.Errorf("link with a scene in Chinese: %v", err)
	}
	if _, err := n.Operate(t.Context(), "link", json.RawMessage(`[]`)); zongji.KindOf(err) != zongji.Invalid {
		t.Errorf("link without an object: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := func(steps []channels.Step) string {
		var out []string
		for _, s := range steps {
			name := s.Name
			if !s.OK {
				name += "!"
			}
			out = append(out, name)
		}
		return strings.Join(out, " ")
	}
	check := func(set zongji.ChannelAccount) string { return names(w.kind.Check(t.Context(), set)) }
	if got := check(settings(w.URL())); got != "settings token whitelist account manage sync seats" {
		t.Errorf("all is well, and nothing runs: %s", got)
	}
	w.started(w.open())
	if got := check(settings(w.URL())); got != "settings token whitelist account manage sync seats callback!" {
		t.Errorf("WeCom has not called: %s", got)
	}
	if err := w.app.Verify(); err != nil {
		t.Fatal(err)
	}
	if got := check(settings(w.URL())); got != "settings token whitelist account manage sync seats callback" {
		t.Errorf("WeCom has called: %s", got)
	}
	bad := settings(w.URL())
	bad.Secrets["aes_key"] = "short"
	if got := check(bad); got != "settings!" {
		t.Errorf("a wrong key: %s", got)
	}
	bad = settings(w.URL())
	bad.Secrets["secret"] = "wrong"
	if got := check(bad); got != "settings token!" {
		t.Errorf("a wrong secret: %s", got)
	}
	bad = settings(w.URL())
	bad.Settings["open_kfid"] = "wkZZ"
	if got := check(bad); got != "settings token whitelist account!" {
		t.Errorf("another kf account: %s", got)
	}
	w.Fail("kf/account/list", 60020, 1)
	if got := check(settings(w.URL())); got != "settings token whitelist!" {
		t.Errorf("an unknown address: %s", got)
	}
}

func TestLogsHoldNoSecretsAndNoTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.open()
	w.started(n)
	w.ming.Say(w.app, "我的手机号是13800001111")
	w.desk.wait(t, 1)
	for _, code := range []int{-1, 40001, 95018, 60020} {
		w.Fail("kf/send_msg", code, 1)
		_, _ = n.Send(t.Context(), w.out(w.ming, int64(code), zongji.Message{Text: "机密内容"}))
	}
	w.Fail("kf/sync_msg", -1, 2)
	n.told("", "")
	until(t, "a warning", func() bool { return strings.Contains(w.logs.String(), "tried again") })
	tok, _ := n.Keep.Get(t.Context(), "token")
	var kept struct{ Value string }
	_ = json.Unmarshal([]byte(tok), &kept)
	for _, s := range []string{"13800001111", "机密内容", secret, "tok3n", aesKey, kept.Value, w.ming.OpenID(w.app)} {
		if s == "" || strings.Contains(w.logs.String(), s) {
			t.Errorf("the log holds %q:\n%s", s, w.logs.String())
		}
	}
}
