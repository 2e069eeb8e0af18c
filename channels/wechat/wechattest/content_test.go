package wechattest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

var (
	png = append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	jpg = append([]byte("\xff\xd8\xff\xe0"), make([]byte, 100)...)
	amr = append([]byte("#!AMR\n"), make([]byte, 100)...)
	mp4 = []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08free")
)

func TestMediaUpload(t *testing.T) {
	w := open(t, wechattest.Options{})
	large := func(head []byte, n int) []byte { return append(bytes.Clone(head), make([]byte, n)...) }
	tests := []struct {
		name, kind string
		data       []byte
		oa, kf     int
	}{
		{"a PNG", "image", png, 0, 0},
		{"a GIF is for official accounts", "image", large([]byte("GIF89a"), 100), 0, 40005},
		{"a text is no picture", "image", []byte("not a picture"), 40005, 40005},
		{"a picture over 10 MB", "image", large(png, 10<<20), 40009, 45001},
		{"AMR", "voice", amr, 0, 0},
		{"MP3 is for official accounts", "voice", large([]byte("ID3"), 100), 0, 40005},
		{"a voice over 2 MB", "voice", large(amr, 2<<20), 40010, 45001},
		{"MP4", "video", mp4, 0, 0},
		{"a film over 10 MB", "video", large(mp4, 10<<20), 40011, 45001},
		{"a thumb", "thumb", jpg, 0, 40004},
		{"a thumb over 64 KB", "thumb", large(jpg, 64<<10), 40012, 40004},
		{"a file is for WeCom", "file", []byte("a,b,c\n1"), 40004, 0},
		{"an unknown kind", "hologram", png, 40004, 40004},
		{"nothing", "image", nil, 44001, 44001},
	}
	for _, tt := range tests {
		if a := w.upload(w.token(), tt.kind, "x", tt.data); a.code() != tt.oa || tt.oa == 0 && a.text("media_id")+a.text("thumb_media_id") == "" {
			t.Errorf("%s, official account: %v, want %d", tt.name, a, tt.oa)
		}
		if a := w.upload(w.corpToken(), tt.kind, "x", tt.data); a.code() != tt.kf {
			t.Errorf("%s, WeCom: %v, want %d", tt.name, a, tt.kf)
		}
	}
}

func (w *world) media(token, id string) (kind string, body []byte) {
	w.t.Helper()
	resp, err := http.Get(w.URL() + "/cgi-bin/media/get?" + url.Values{"access_token": {token}, "media_id": {id}}.Encode())
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ = io.ReadAll(resp.Body)
	return resp.Header.Get("Content-Type"), body
}

func TestMediaLife(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Image(w.oa, png))
	w.must(w.ming.Video(w.oa, mp4))
	w.must(w.ming.Image(w.kf, png))
	lines := w.ming.History(w.oa)
	kind, body := w.media(w.token(), lines[1].MediaID)
	if kind != "image/png" || !bytes.Equal(body, png) {
		t.Errorf("a picture: %s, %d bytes", kind, len(body))
	}
	kind, body = w.media(w.token(), lines[2].MediaID)
	if !strings.HasPrefix(kind, "application/json") || !strings.Contains(string(body), `{"video_url":"`+w.URL()+`/cdn/`) {
		t.Errorf("a film: %s %s", kind, body)
	}
	film := w.ming.History(w.oa)[2]
	resp, err := http.Get(w.URL() + "/_sim/" + film.Media)
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("the film on the phone: %v %v", resp, err)
	}
	resp.Body.Close()
	if _, body := w.media(w.token(), w.ming.History(w.kf)[0].MediaID); !strings.Contains(string(body), "40007") {
		t.Errorf("media of a company: %s", body)
	}
	up := w.upload(w.token(), "image", "x.png", png).text("media_id")
	w.clock.Move(3*24*time.Hour - time.Second)
	if kind, _ := w.media(w.token(), up); kind != "image/png" {
		t.Errorf("before three days: %s", kind)
	}
	w.clock.Move(time.Second)
	if _, body := w.media(w.token(), up); !strings.Contains(string(body), "40007") {
		t.Errorf("after three days: %s", body)
	}
	w.must(w.ming.Say(w.oa, "在吗"))
	if got := w.post("/cgi-bin/message/custom/send", w.token(), map[string]any{"touser": w.ming.OpenID(w.oa), "msgtype": "image", "image": map[string]string{"media_id": up}}).code(); got != 40007 {
		t.Errorf("sent after three days: %d, want 40007", got)
	}
}

func TestMenus(t *testing.T) {
	w := open(t, wechattest.Options{})
	click := func(name, key string) string { return fmt.Sprintf(`{"type":"click","name":%q,"key":%q}`, name, key) }
	tests := []struct {
		name, menu string
		want       int
	}{
		{"no button", ``, 40016},
		{"four buttons", strings.Repeat(click("a", "k")+",", 3) + click("a", "k"), 40016},
		{"a name of 18 bytes", click("联系人工客服", "k"), 40018},
		{"no key", click("人工", ""), 40019},
		{"a key of 129 bytes", click("人工", strings.Repeat("k", 129)), 40019},
		{"a page without URL", `{"type":"view","name":"官网"}`, 40020},
		{"an unknown type", `{"type":"hologram","name":"a"}`, 40017},
		{"six buttons inside", `{"name":"a","sub_button":[` + strings.Repeat(click("a", "k")+",", 5) + click("a", "k") + `]}`, 40023},
		{"buttons inside buttons inside", `{"name":"a","sub_button":[{"name":"b","sub_button":[` + click("c", "k") + `]}]}`, 40024},
		{"a good one", click("人工", "HUMAN") + `,{"name":"服务","sub_button":[` + click("查物流", "TRACK") + `,{"type":"view","name":"官网","url":"https://a.test"}]}`, 0},
	}
	if got := w.get("/cgi-bin/menu/get", url.Values{"access_token": {w.token()}}).code(); got != 46003 {
		t.Errorf("no menu: %d, want 46003", got)
	}
	rule := `{"button":[` + click("a", "k") + `],"matchrule":{"tag_id":"2"}}`
	if got := w.post("/cgi-bin/menu/addconditional", w.token(), rule).code(); got != 65303 {
		t.Errorf("a menu for some without one for all: %d, want 65303", got)
	}
	for _, tt := range tests {
		if got := w.post("/cgi-bin/menu/create", w.token(), `{"button":[`+tt.menu+`]}`).code(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if m := w.oa.Menu(); len(m) != 2 || m[1].Sub[0].Key != "TRACK" {
		t.Errorf("published: %+v", m)
	}
	if got := w.post("/cgi-bin/menu/addconditional", w.token(), rule); got.code() != 0 || fmt.Sprint(got["menuid"]) == "" {
		t.Errorf("a menu for some: %v", got)
	}
	if got := fmt.Sprint(w.get("/cgi-bin/get_current_selfmenu_info", url.Values{"access_token": {w.token()}})); !strings.Contains(got, "is_menu_open:1") || !strings.Contains(got, "list:[map[key:TRACK") {
		t.Errorf("as followers see it: %s", got)
	}
	w.get("/cgi-bin/menu/delete", url.Values{"access_token": {w.token()}})
	if len(w.oa.Menu()) != 0 {
		t.Error("deleted, and still there")
	}
}

func TestScenes(t *testing.T) {
	w := open(t, wechattest.Options{})
	make := func(body string) answer { return w.post("/cgi-bin/qrcode/create", w.token(), body) }
	a := make(`{"expire_seconds":600,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"store42"}}}`)
	show := func() int {
		resp, err := http.Get(w.URL() + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(a.text("ticket")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if show() != 200 || fmt.Sprint(a["expire_seconds"]) != "600" {
		t.Errorf("%v", a)
	}
	w.must(w.ming.Scan(w.oa, "store42"))
	w.must(w.ming.Scan(w.oa, "store42"))
	got := w.hook.got()
	if !strings.Contains(got[0], "<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[qrscene_store42]]></EventKey><Ticket><![CDATA["+a.text("ticket")) ||
		!strings.Contains(got[1], "<Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[store42]]>") {
		t.Errorf("%v", got)
	}
	w.clock.Move(10 * time.Minute)
	if show() != 404 {
		t.Error("a code after its end")
	}
	info := w.get("/cgi-bin/user/info", url.Values{"access_token": {w.token()}, "openid": {w.ming.OpenID(w.oa)}})
	if info.text("unionid") != "union-1" || info.text("qr_scene_str") != "store42" || info.text("subscribe_scene") != "ADD_SCENE_QR_CODE" || info["nickname"] != nil {
		t.Errorf("%v", info)
	}
	for _, bad := range []string{`{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":0}}}`, `{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":100001}}}`,
		`{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"` + strings.Repeat("a", 65) + `"}}}`} {
		if make(bad).code() == 0 {
			t.Errorf("taken: %s", bad)
		}
	}
	if a := make(`{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":4294967295}}}`); fmt.Sprint(a["expire_seconds"]) != "60" {
		t.Errorf("%v", a)
	}
}

func TestTemplates(t *testing.T) {
	w := open(t, wechattest.Options{})
	w.oa.Template("T1", "订单更新", "商品：{{thing1.DATA}}\n金额：{{amount2.DATA}}")
	send := func(path, id, thing string) int {
		return w.post(path, w.token(), map[string]any{"touser": w.ming.OpenID(w.oa), "template_id": id,
			"data": map[string]any{"thing1": map[string]string{"value": thing}, "amount2": map[string]string{"value": "25"}}}).code()
	}
	const template, subscribe = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"
	if got := send(template, "T1", "杯子"); got != 43004 {
		t.Errorf("to one who does not follow: %d, want 43004", got)
	}
	w.must(w.ming.Follow(w.oa, ""))
	w.clock.Move(time.Hour) // no window is needed
	if got := []int{send(template, "T2", "杯子"), send(template, "T1", strings.Repeat("杯", 21)), send(template, "T1", "杯子"), send(subscribe, "T1", "杯子")}; fmt.Sprint(got) != "[40037 47003 0 43101]" {
		t.Errorf("%v", got)
	}
	w.must(w.ming.Consent(w.oa, "T1"))
	if got := []int{send(subscribe, "T1", "杯子"), send(subscribe, "T1", "杯子")}; fmt.Sprint(got) != "[0 43101]" {
		t.Errorf("one consent: %v", got)
	}
	if got := w.ming.Inbox(w.oa); len(got) != 2 || got[0].Text != "商品：杯子\n金额：25" || got[0].Title != "订单更新" {
		t.Errorf("%+v", got)
	}
	w.ming.Block(w.oa, true)
	send(template, "T1", "杯子")
	for end := time.Now().Add(5 * time.Second); strings.Count(strings.Join(w.hook.got(), ""), "TEMPLATESENDJOBFINISH") != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("events: %v", w.hook.got())
		}
	}
}
