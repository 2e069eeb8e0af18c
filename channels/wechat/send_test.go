package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wechattest"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// amr is a voice of n frames of 20 ms.
func amr(n int) []byte {
	b := []byte("#!AMR\n")
	for range n {
		b = append(append(b, 0x3c), make([]byte, 31)...)
	}
	return b
}

var mp4 = append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 64)...)

func (w *world) put(name string, b []byte) zongji.File {
	w.t.Helper()
	f, err := w.shelf.Put(w.t.Context(), name, bytes.NewReader(b), zongji.MaxFile)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// ready is a world whose customer has written.
func ready(t testing.TB, change func(*wechattest.Account, *zongji.ChannelAccount)) *world {
	w := newWorld(t, modeSafe, change)
	if w.set.Settings["type"] != mini {
		w.must(w.ming.Follow(w.app, ""))
	}
	w.must(w.ming.Say(w.app, "在吗"))
	return w
}

// got returns what he got after the first n lines.
func (w *world) got(n int) []wechattest.Line {
	return w.ming.Inbox(w.app)[n:]
}

func TestSendEveryKind(t *testing.T) {
	w := ready(t, nil)
	pic, voice, film, pdf := w.put("图.png", picture(t)), w.put("v.amr", amr(50)), w.put("f.mp4", mp4), w.put("说明书.pdf", []byte("%PDF-1.4 x"))
	for i, tt := range []struct {
		name string
		msg  zongji.Message
		want []string // kind:text of what he gets
		cost int
	}{
		{"a text", zongji.Message{Text: "您好"}, []string{"text:您好"}, 1},
		{"a picture with words", zongji.Message{Kind: zongji.KindImage, Text: "请看", Files: []zongji.File{pic}}, []string{"text:请看", "image:"}, 2},
		{"a voice", zongji.Message{Kind: zongji.KindVoice, Files: []zongji.File{voice}}, []string{"voice:"}, 1},
		{"a video", zongji.Message{Kind: zongji.KindVideo, Files: []zongji.File{film}}, []string{"video:"}, 1},
		{"a file that WeChat does not take", zongji.Message{Kind: zongji.KindFile, Text: "说明", Files: []zongji.File{pdf}}, []string{"text:说明\n说明书.pdf\nhttps://cs.example.com" + pdf.URL}, 1},
		{"an answer", zongji.Message{Kind: zongji.KindAnswer, Text: "七天", Extra: object(zongji.Answer{Options: []zongji.Option{{Value: "solved:1", Text: "解决了"}}})}, []string{"msgmenu:七天"}, 1},
		{"an answer without options", zongji.Message{Kind: zongji.KindAnswer, Text: "七天", Extra: object(zongji.Answer{})}, []string{"text:七天"}, 1},
		{"a link", zongji.Message{Kind: zongji.KindLink, Extra: object(zongji.Link{Title: "活动", URL: "https://a.test/x"})}, []string{"news:"}, 1},
		{"a page of a mini-program", zongji.Message{Kind: zongji.KindMiniPage, Extra: object(zongji.MiniPage{App: "wxm", Path: "p/i", Title: "订单"})}, []string{"miniprogrampage:"}, 1},
		{"a place", zongji.Message{Kind: zongji.KindLocation, Extra: object(zongji.Location{Name: "门店", Label: "人民路 1 号"})}, []string{"text:门店\n人民路 1 号"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.must(w.ming.Say(w.app, fmt.Sprint("第", i)))
			before := len(w.got(0))
			if cost := w.acct.Cost(&tt.msg); cost != tt.cost || cost != len(tt.want) {
				t.Errorf("Cost = %d, want %d", cost, tt.cost)
			}
			if _, err := w.send(int64(100+i), tt.msg); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range w.got(before) {
				got = append(got, l.Kind+":"+l.Text)
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("he got %q, want %q", got, tt.want)
			}
		})
	}
	if n := w.Called("/cgi-bin/media/upload", 0); n != 4 {
		t.Errorf("%d uploads, want 4: picture, voice, video, still; the page uses the same still", n)
	}
}

func TestALongTextIsPartedAtSentences(t *testing.T) {
	w := ready(t, nil)
	text := strings.Repeat("这是一个用来测试分段的句子，它有二十多个字。", 60)
	m := zongji.Message{Text: text}
	cost := w.acct.Cost(&m)
	before := len(w.got(0))
	if _, err := w.send(1, m); err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, l := range w.got(before) {
		if len(l.Text) > maxText || !strings.HasSuffix(l.Text, "。") {
			t.Errorf("a part of %d bytes ends with %q", len(l.Text), l.Text[len(l.Text)-9:])
		}
		all += l.Text
		cost--
	}
	if all != text || cost != 0 {
		t.Errorf("the parts are not the whole, or cost %d more than was said", cost)
	}
	for _, s := range []string{strings.Repeat("长", 2000), strings.Repeat("😀", 1111), strings.Repeat("a", 5000)} {
		for _, p := range w.acct.texts(s) {
			if c := p.body.(textBody).Content; len(c) > maxText || !utf8.ValidString(c) {
				t.Errorf("a part of %d bytes, valid %v", len(c), utf8.ValidString(c))
			}
		}
	}
}

func TestWhatWasSentOfAMessageIsNotSentAgain(t *testing.T) {
	w := ready(t, nil)
	m := zongji.Message{Kind: zongji.KindImage, Text: "请看", Files: []zongji.File{w.put("图.png", picture(t))}}
	before := len(w.got(0))
	w.Fail("media/upload", -1, 1)
	if _, err := w.send(5, m); class(err) != channels.Retry {
		t.Fatalf("%v, want retry", err)
	}
	if _, err := w.send(5, m); err != nil {
		t.Fatal(err)
	}
	got := w.got(before)
	if len(got) != 2 || got[0].Text != "请看" || got[1].Kind != "image" {
		t.Errorf("he got %+v, want the text once and the picture", got)
	}
}

func TestASendWithoutAnswerIsUnknownAndAnUploadWithoutOneIsNot(t *testing.T) {
	w := ready(t, nil)
	w.Drop("custom/send", 1)
	if _, err := w.send(1, zongji.Message{Text: "到了吗"}); class(err) != channels.UnknownResult {
		t.Errorf("%v, want unknown", err)
	}
	w.Drop("media/upload", 1)
	if _, err := w.send(2, zongji.Message{Kind: zongji.KindImage, Files: []zongji.File{w.put("图.png", picture(t))}}); class(err) != channels.Retry {
		t.Errorf("%v, want retry", err)
	}
}

func TestAnExpiredUploadIsMadeAnew(t *testing.T) {
	w := ready(t, nil)
	m := zongji.Message{Kind: zongji.KindImage, Files: []zongji.File{w.put("图.png", picture(t))}}
	if _, err := w.send(1, m); err != nil {
		t.Fatal(err)
	}
	w.Fail("custom/send", 40007, 1)
	if _, err := w.send(2, m); err != nil {
		t.Fatal(err)
	}
	if n := w.Called("/cgi-bin/media/upload", 0); n != 2 {
		t.Errorf("%d uploads, want 2", n)
	}
}

func TestWhatWeChatRefusesHasItsClass(t *testing.T) {
	w := ready(t, nil)
	for _, tt := range []struct {
		code  int
		class channels.Class
		state string // of the account's health
	}{
		{45015, channels.WindowClosed, ""}, {45047, channels.QuotaUsed, ""}, {48002, channels.Recipient, ""}, {87014, channels.Content, ""},
		{-1, channels.Retry, "degraded"}, {45009, channels.AccountPaused, "backoff"}, {45011, channels.AccountPaused, "backoff"},
		{48001, channels.BadConfig, "config"}, {40164, channels.BadConfig, "config"},
	} {
		w.Fail("custom/send", tt.code, 1)
		_, err := w.send(9, zongji.Message{Text: "您好"})
		if class(err) != tt.class {
			t.Errorf("%d is %s, want %s", tt.code, class(err), tt.class)
		}
		if _, h := w.told(); tt.state != "" && (h.State != tt.state || h.Code != fmt.Sprint("wechat:", tt.code)) {
			t.Errorf("%d: health %+v, want %s", tt.code, h, tt.state)
		}
	}
	w.must(w.ming.Say(w.app, "再来"))
	for i := range 6 {
		_, err := w.send(int64(20+i), zongji.Message{Text: "您好"})
		if want := map[bool]channels.Class{true: channels.QuotaUsed}[i == 5]; class(err) != want {
			t.Errorf("message %d: %v", i+1, err)
		}
	}
	w.Jump(49 * time.Hour)
	if _, err := w.send(30, zongji.Message{Text: "您好"}); class(err) != channels.WindowClosed {
		t.Errorf("after 49 hours: %v", err)
	}
}

func TestATestAccountGetsTheWordsOfButtons(t *testing.T) {
	w := ready(t, func(wa *wechattest.Account, _ *zongji.ChannelAccount) { wa.Test = true })
	m := zongji.Message{Kind: zongji.KindCandidates, Text: "您想问的是", Extra: object(zongji.Candidates{Options: []zongji.Option{{Value: "human", Text: "转人工"}}})}
	for i := range 2 {
		before := len(w.got(0))
		if _, err := w.send(int64(i+1), m); err != nil {
			t.Fatal(err)
		}
		if got := w.got(before); len(got) != 1 || got[0].Text != "您想问的是\n· 转人工" {
			t.Errorf("he got %+v", got)
		}
	}
	if n := w.Called("/cgi-bin/message/custom/send", 40200); n != 1 {
		t.Errorf("a menu was tried %d times, want once", n)
	}
}

func TestTemplatesAndWhatBecomesOfThem(t *testing.T) {
	w := ready(t, nil)
	w.app.Template("TPL1", "发货通知", "订单：{{thing1.DATA}}")
	m := zongji.Message{Kind: zongji.KindTemplate, Extra: object(zongji.Template{Form: "template", ID: "TPL1", Fields: map[string]string{"thing1": "A1"}, URL: "https://a.test"})}
	if c := w.acct.Cost(&m); c != 0 {
		t.Errorf("Cost = %d, want 0", c)
	}
	w.Jump(49 * time.Hour) // outside the window
	sent, err := w.send(1, m)
	if err != nil || !strings.HasPrefix(sent.ExtID, noticeRef) {
		t.Fatalf("%+v, %v", sent, err)
	}
	if in := w.store.last(t, "status"); in.Ref != sent.ExtID || in.State != zongji.StateDelivered {
		t.Errorf("status %+v, want delivered %s", in, sent.ExtID)
	}
	w.ming.Block(w.app, true)
	if sent, err = w.send(2, m); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); w.store.last(t, "status").Ref != sent.ExtID && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	if in := w.store.last(t, "status"); in.Ref != sent.ExtID || in.State != zongji.StateFailed || in.Reason != "user block" {
		t.Errorf("status %+v, want failed", in)
	}
	sub := zongji.Message{Kind: zongji.KindTemplate, Extra: object(zongji.Template{Form: "subscribe", ID: "TPL1", Fields: map[string]string{"thing1": "A1"}})}
	if _, err := w.send(3, sub); class(err) != channels.Recipient {
		t.Errorf("without consent: %v", err)
	}
	if list, err := w.acct.Serve(t.Context(), zongji.Conversation{}, zongji.Identity{}, "templates", nil); err != nil || fmt.Sprint(list) != "{[{TPL1 发货通知 订单：{{thing1.DATA}} template}]}" {
		t.Errorf("templates %+v, %v", list, err)
	}
}

func TestMediaOfCustomers(t *testing.T) {
	w := ready(t, nil)
	for _, tt := range []struct {
		name string
		act  func() wechattest.Delivery
		kind zongji.MessageKind
		file string
		ms   int64
	}{
		{"a picture", func() wechattest.Delivery { return w.ming.Image(w.app, picture(t)) }, zongji.KindImage, "image", 0},
		{"a voice of 3 s", func() wechattest.Delivery { return w.ming.Voice(w.app, amr(150), "你好") }, zongji.KindVoice, "voice", 3000},
		{"a video", func() wechattest.Delivery { return w.ming.Video(w.app, mp4) }, zongji.KindVideo, "video", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.must(tt.act())
			in := w.in()
			if in.Msg != tt.kind || in.Fetch == "" {
				t.Fatalf("accepted %+v", in)
			}
			files, err := w.acct.Fetch(t.Context(), in.Fetch)
			if err != nil {
				t.Fatal(err)
			}
			if f := files[0]; !strings.HasPrefix(f.Name, tt.file) || f.Ms != tt.ms || f.Size == 0 {
				t.Errorf("%+v", files)
			}
		})
	}
	w.must(w.ming.Image(w.app, picture(t)))
	w.Fail("media/get", -1, 1)
	if _, err := w.acct.Fetch(t.Context(), w.in().Fetch); class(err) != channels.Retry {
		t.Errorf("WeChat is busy: %v, want retry", err)
	}
	w.Jump(4 * 24 * time.Hour)
	if _, err := w.acct.Fetch(t.Context(), w.in().Fetch); class(err) != channels.Content {
		t.Errorf("after four days: %v, want the end", err)
	}
	if _, err := w.acct.Fetch(t.Context(), "{}"); class(err) != channels.Content {
		t.Errorf("nothing: %v", err)
	}
}

func TestTyping(t *testing.T) {
	w := ready(t, nil)
	to := zongji.Identity{Ext: w.ming.OpenID(w.app)}
	for range 3 { // shown once
		if err := w.acct.Type(t.Context(), to, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.acct.Type(t.Context(), to, false); err != nil {
		t.Fatal(err)
	}
	if n := w.Called("/cgi-bin/message/custom/typing", 0); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	w.Jump(time.Minute)
	if err := w.acct.Type(t.Context(), to, true); err != nil {
		t.Errorf("nobody has written for a minute: %v", err)
	}
}

func TestDeeds(t *testing.T) {
	w := ready(t, nil)
	do := func(deed, in string, out any) error {
		t.Helper()
		got, err := w.acct.Operate(t.Context(), deed, json.RawMessage(in))
		if err == nil && out != nil {
			b, _ := json.Marshal(got)
			err = json.Unmarshal(b, out)
		}
		return err
	}
	var menu struct{ Button, Draft []struct{ Name string } }
	if err := do("menu.get", "", &menu); err != nil || len(menu.Button) != 0 {
		t.Errorf("no menu yet: %+v, %v", menu, err)
	}
	if err := do("menu.put", `{"button":[{"type":"view","name":"商城","url":"https://a.test"}],"draft":true}`, nil); err != nil {
		t.Fatal(err)
	}
	if err := do("menu.get", "{}", &menu); err != nil || len(menu.Button) != 0 || len(menu.Draft) != 1 {
		t.Errorf("a draft: %+v, %v", menu, err)
	}
	if err := do("menu.put", `{"button":[{"type":"view","name":"商城","url":"https://a.test"}]}`, nil); err != nil {
		t.Fatal(err)
	}
	menu.Draft = nil
	if err := do("menu.get", "", &menu); err != nil || len(menu.Button) != 1 || menu.Button[0].Name != "商城" || menu.Draft != nil {
		t.Errorf("published: %+v, %v", menu, err)
	}
	if err := do("menu.delete", "", nil); err != nil || len(w.app.Menu()) != 0 {
		t.Errorf("deleted: %v", err)
	}
	if err := do("menu.put", `{"button":[]}`, nil); zongji.CodeOf(err) != "bad_menu" {
		t.Errorf("an empty menu: %v", err)
	}
	var qr struct {
		URL, Ticket, Image string
		Until              zongji.Ms
	}
	if err := do("qr", `{"scene":"store42","days":0}`, &qr); err != nil || qr.URL == "" || qr.Until != 0 || !strings.HasPrefix(qr.Image, showQR) {
		t.Errorf("a permanent code: %+v, %v", qr, err)
	}
	if err := do("qr", `{"scene":"store42","days":7}`, &qr); err != nil || qr.Until == 0 {
		t.Errorf("a code of a week: %+v, %v", qr, err)
	}
	for _, in := range []string{`{}`, `{"scene":"` + strings.Repeat("x", 65) + `"}`, `{"scene":"a","days":31}`} {
		if err := do("qr", in, nil); zongji.KindOf(err) != zongji.Invalid {
			t.Errorf("qr %s: %v", in, err)
		}
	}
	var q struct {
		Items []struct {
			Path  string
			Quota struct {
				Limit int64 `json:"daily_limit"`
			}
		}
	}
	if err := do("quota", "", &q); err != nil || len(q.Items) != len(quotaPaths) || q.Items[0].Quota.Limit == 0 {
		t.Errorf("quota: %+v, %v", q, err)
	}
	var ips struct{ Items, API []string }
	if err := do("callback_ips", "", &ips); err != nil || len(ips.Items) == 0 {
		t.Errorf("ips: %+v, %v", ips, err)
	}
	if err := do("dance", "", nil); zongji.CodeOf(err) != "no_deed" {
		t.Errorf("an unknown deed: %v", err)
	}
	w.Fail("menu/get", 48001, 1)
	if err := do("menu.get", "", nil); class(err) != channels.BadConfig || err.(*channels.SendError).Code != "wechat:48001" {
		t.Errorf("refused: %v", err)
	}
	w.Drop("menu/get", 3) // net/http tries a GET again by itself
	if err := do("menu.get", "", nil); class(err) != channels.UnknownResult {
		t.Errorf("no answer: %v", err)
	}
}

func TestCheckStopsWhereItFailsAndNamesTheAddressToAdd(t *testing.T) {
	w := ready(t, func(wa *wechattest.Account, _ *zongji.ChannelAccount) {})
	w.run()
	steps := func() string {
		s := ""
		for _, st := range w.kind.Check(t.Context(), w.set) {
			s += fmt.Sprintf("%s:%v ", st.Name, st.OK)
		}
		return strings.TrimSpace(s)
	}
	want := "settings:true crypto:true whitelist:true token:true ips:true menu:true send:true callback:true"
	for end := time.Now().Add(5 * time.Second); steps() != want && time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // Run begins
	}
	if got := steps(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w.set.Secrets["secret"] = "a-wrong-secret-of-32-characters-"
	if got := steps(); got != "settings:true crypto:true token:false" {
		t.Errorf("with a wrong secret: %s", got)
	}
	w.set.Secrets = map[string]string{"secret": appSecret, "token": appToken}
	if got := steps(); got != "settings:true crypto:false" {
		t.Errorf("without a key: %s", got)
	}
	fenced := ready2(t)
	last := fenced.kind.Check(t.Context(), fenced.set)
	if s := last[len(last)-1]; s.Name != "whitelist" || s.OK || s.Text != "127.0.0.1" {
		t.Errorf("an address that is not listed: %+v", last)
	}
}

// ready2 is a world whose WeChat does not know our address.
func ready2(t *testing.T) *world {
	return newWorld(t, modeSafe, func(wa *wechattest.Account, _ *zongji.ChannelAccount) { wa.Whitelist = []string{"10.1.2.3"} })
}

func TestWhoACustomerIs(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.run()
	w.must(w.ming.Follow(w.app, ""))
	in := w.store.last(t, "profile")
	if in.From.Union != "union-of-ming-0123456789" || in.From.Ext != w.ming.OpenID(w.app) || in.Shown || in.Thread != in.From.Ext {
		t.Errorf("profile %+v", in)
	}
	w.must(w.ming.Say(w.app, "在吗"))
	w.must(w.ming.Say(w.app, "你好"))
	if n := w.Called("/cgi-bin/user/info", 0); n != 1 {
		t.Errorf("asked %d times, want once a day", n)
	}
}

func TestNothingSecretIsLoggedOrTold(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	w.run()
	w.must(w.ming.Follow(w.app, ""))
	for _, code := range []int{40003, 45015, -1, 40164, 45047} {
		w.Fail("custom/send", code, 1)
		_, err := w.send(1, zongji.Message{Text: "绝密内容"})
		if err == nil {
			t.Fatal("no error")
		}
		fmt.Fprintln(w.logs, err, err.(*channels.SendError).Reason)
	}
	w.Fail("user/info", -1, 5)
	w.User("小红", "")
	hong := w.User("小红", "")
	w.must(hong.Follow(w.app, ""))
	w.post(query("x"), "<xml>绝密内容</xml>")
	w.Drop("custom/send", 1)
	_, err := w.send(2, zongji.Message{Text: "绝密内容"})
	fmt.Fprintln(w.logs, err)
	problems, h := w.told()
	all := w.logs.String() + problems + fmt.Sprint(h)
	for _, s := range []string{appSecret, appToken, aesKey, w.ming.OpenID(w.app), hong.OpenID(w.app), "绝密", "access_token="} {
		if strings.Contains(all, s) {
			t.Errorf("%s is told: %s", s, all)
		}
	}
}

func TestLength(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want time.Duration
	}{
		{"nothing", nil, 0}, {"no AMR", []byte("RIFFxxxx"), 0}, {"a head alone", []byte("#!AMR\n"), 0}, {"two seconds", amr(100), 2 * time.Second},
		{"a cut frame", append(amr(10), 0x3c, 1, 2), 200 * time.Millisecond}, {"wide band", append([]byte("#!AMR-WB\n"), make([]byte, 18*5)...), 100 * time.Millisecond},
	} {
		if got := wxapi.VoiceLength(tt.b); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAnAccountWithoutItsSecretsDoesNotOpen(t *testing.T) {
	for _, set := range []zongji.ChannelAccount{
		{}, {Settings: map[string]string{"appid": "wx1"}, Secrets: map[string]string{"secret": "s"}},
		{Settings: map[string]string{"appid": "wx1"}, Secrets: map[string]string{"secret": "s", "token": "t"}},
		{Settings: map[string]string{"appid": "wx1"}, Secrets: map[string]string{"secret": "s", "token": "t", "aes_key": "short"}},
	} {
		if _, err := Kind().Open(t.Context(), set, channels.Deps{Clock: zongji.Wall{}}); zongji.KindOf(err) != zongji.Invalid {
			t.Errorf("%+v: %v", set, err)
		}
	}
}

func TestSuite(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, accept channels.Accept) (channels.Channel, channeltest.Outside) {
		w := newWorld(t, modePlain, nil)
		w.must(w.ming.Follow(w.app, ""))
		w.must(w.ming.Say(w.app, "在吗"))
		ch, err := w.kind.Open(t.Context(), w.set, channels.Deps{Log: slog.New(slog.DiscardHandler), Clock: zongji.Wall{}, Blobs: w.shelf, Keep: w.keep, Accept: accept})
		if err != nil {
			t.Fatal(err)
		}
		w.acct = ch.(*Account)
		return ch, channeltest.Outside{
			Write: func(_ context.Context, id, text string) error {
				body := fmt.Sprintf("<xml><ToUserName>gh</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>%s</Content><MsgId>%s</MsgId></xml>",
					w.ming.OpenID(w.app), time.Now().Unix(), text, id)
				if rec := w.post(query(id), body); rec.Body.String() != "success" {
					return fmt.Errorf("status %d", rec.Code)
				}
				return nil
			},
			Out: func(text string) zongji.Outbound {
				return zongji.Outbound{ID: 1, Thread: w.ming.OpenID(w.app), Msg: zongji.Message{Text: text}}
			},
			Got: func() []string {
				var texts []string
				for _, l := range w.ming.Inbox(w.app) {
					if l.Kind == "text" && l.From == "account" {
						texts = append(texts, l.Text)
					}
				}
				return texts
			},
		}
	})
}

func TestTokensRotateUnderLoadWithOneRefresh(t *testing.T) {
	w := ready(t, nil)
	if _, err := w.send(1, zongji.Message{Text: "您好"}); err != nil {
		t.Fatal(err)
	}
	before := w.Called("/cgi-bin/stable_token", 0)
	w.Rotate("wx1")
	w.must(w.ming.Say(w.app, "再来"))
	errs := make(chan error, 20)
	for range 20 {
		go func() { _, err := w.acct.Operate(t.Context(), "callback_ips", nil); errs <- err }()
	}
	for range 20 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := w.Called("/cgi-bin/stable_token", 0) - before; n < 1 || n > 2 { // the second is forced, where WeChat gives the same one again
		t.Errorf("%d tokens were asked for, want one, or one and its forced renewal", n)
	}
	if _, err := w.send(2, zongji.Message{Text: "您好"}); err != nil || wxapi.CodeOf(err) != 0 {
		t.Error(err)
	}
}
