package wechattest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"zongji/internal/testenv"
)

func load(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(testenv.Data(t, "wechat-email-vectors", name))
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCryptoVectors goes through Tencent's samples in both directions.
func TestCryptoVectors(t *testing.T) {
	var list []struct {
		Name, Kind, Token, Timestamp, Nonce, Encrypt, Echostr, Plain, Random, Signature string

		Key    string `json:"aes_key"`
		Owner  string `json:"receive_id"`
		Sig    string `json:"msg_signature"`
		Want   string `json:"expect_plain"`
		Sealed string `json:"expect_encrypt"`
		Signed string `json:"expect_signature"`
	}
	load(t, "wxcrypt.json", &list)
	if len(list) != 29 {
		t.Errorf("%d vectors, want 29", len(list))
	}
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			if v.Kind == "plain_signature" {
				if got := sign(v.Token, v.Timestamp, v.Nonce); got != v.Signature {
					t.Errorf("signature %s, want %s", got, v.Signature)
				}
				return
			}
			key, err := decodeKey(v.Key)
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind == "encrypt" {
				got, err := seal(key, []byte(v.Random), []byte(v.Plain), v.Owner)
				if err != nil || got != v.Sealed {
					t.Errorf("sealed %s (%v), want %s", got, err, v.Sealed)
				}
				if v.Signed != "" && sign(v.Token, v.Timestamp, v.Nonce, got) != v.Signed {
					t.Error("another signature")
				}
				return
			}
			sealed := v.Encrypt + v.Echostr
			msg, err := unseal(key, sealed, v.Owner)
			signed := sign(v.Token, v.Timestamp, v.Nonce, sealed) == v.Sig
			switch v.Kind {
			case "decrypt", "verify_url":
				if err != nil || !signed || string(msg) != v.Want {
					t.Errorf("%q, signed %v, %v; want %q", msg, signed, err, v.Want)
				}
			case "decrypt_must_fail", "decrypt_should_fail":
				if err == nil && signed {
					t.Errorf("taken: %q", msg)
				}
			}
		})
	}
}

// TestCallbackVectors: what users of this server do is written as the
// samples of WeChat's documents, byte by byte where they are XML.
func TestCallbackVectors(t *testing.T) {
	var list []struct{ Name, Body string }
	load(t, "wx_callbacks.json", &list)
	made := map[string]func(*User, *App){
		"text":                      func(u *User, a *App) { u.Say(a, "订单什么时候发货？") },
		"text-menu-click":           func(u *User, a *App) { offer(u, a); u.TapMenu(a, "101") },
		"text-emoji-cdata-end":      func(u *User, a *App) { u.Say(a, "a]]>b 😀 <b>&amp;") },
		"text-illegal-control-char": func(u *User, a *App) { u.Say(a, " \x1dc") },
		"image":                     func(u *User, a *App) { u.Image(a, nil) },
		"voice-recognition":         func(u *User, a *App) { u.Voice(a, nil, "腾讯微信团队") },
		"video":                     func(u *User, a *App) { u.Video(a, nil) },
		"shortvideo":                func(u *User, a *App) { u.ShortVideo(a, nil) },
		"location":                  func(u *User, a *App) { u.Location(a, 23.134521, 113.358803, "广州塔") },
		"link":                      func(u *User, a *App) { u.Link(a, "t", "d", "https://a.test") },
		"unknown-type":              func(u *User, a *App) { u.Other(a, "channels_future", "Foo", "x") },
		"subscribe":                 func(u *User, a *App) { u.Follow(a, "") },
		"subscribe-scene":           func(u *User, a *App) { u.Follow(a, "store42") },
		"scan":                      func(u *User, a *App) { u.Scan(a, "store42") },
		"unsubscribe":               func(u *User, a *App) { u.Unfollow(a) },
		"click":                     func(u *User, a *App) { u.Click(a, "MENU_HUMAN") },
		"view":                      func(u *User, a *App) { u.View(a, "https://a.test") },
		"location-event":            func(u *User, a *App) { u.Position(a, 23.1, 113.3, 119.3) },
		"kf_create_session":         func(u *User, a *App) { u.Event(a, "kf_create_session", "KfAccount", "test1@test") },
		"kf_close_session":          func(u *User, a *App) { u.Event(a, "kf_close_session", "KfAccount", "test1@test") },
		"kf_switch_session": func(u *User, a *App) {
			u.Event(a, "kf_switch_session", "FromKfAccount", "test1@test", "ToKfAccount", "test2@test")
		},
		"TEMPLATESENDJOBFINISH":     func(u *User, a *App) { u.s.deliver(u.chat(a).finished(200163836, "failed:user block")) },
		"subscribe_msg_popup_event": func(u *User, a *App) { u.Consent(a, "T1") },
		"mini-text-json":            func(u *User, a *App) { u.Say(a, "this is a test") },
		"mini-card-json":            func(u *User, a *App) { u.Card(a, "商品", "pages/i?id=1") },
		"mini-enter-json":           func(u *User, a *App) { u.Enter(a, "order:42", "") },
	}
	not := []string{"doctype-xxe", "empty", "bad-msgid", "voice-empty-recognition"} // WeChat never sends the first two; the others differ in a value
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			do := made[v.Name]
			if do == nil {
				if !slices.Contains(not, v.Name) {
					t.Error("no user can cause this")
				}
				return
			}
			got := caused(t, strings.HasPrefix(v.Name, "mini-"), v.Name != "subscribe" && v.Name != "subscribe-scene", do)
			if want := shape(t, []byte(v.Body)); !reflect.DeepEqual(shape(t, got), want) {
				t.Errorf("got  %q\nwant %q", shape(t, got), want)
			}
		})
	}
}

func offer(u *User, a *App) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.chat(a).add(Line{From: "account", Kind: "msgmenu", Menu: []MenuItem{{"101", "click", "满意", ""}}})
}

// caused returns the last callback's body.
func caused(t *testing.T, mini, follows bool, do func(*User, *App)) []byte {
	t.Helper()
	back := &kept{}
	srv := newHook(t, back)
	s := New(Options{})
	t.Cleanup(s.Close)
	a := s.OfficialAccount(Account{AppID: "wx1", Secret: "s", Token: "t", Callback: srv})
	if mini {
		a = s.MiniProgram(Account{AppID: "wx1", Secret: "s", Token: "t", Callback: srv, JSON: true})
	}
	u := s.User("小明", "")
	if follows && !mini {
		u.Follow(a, "")
	}
	do(u, a)
	return back.last()
}

// changing are the fields whose values belong to one server or moment.
var changing = []string{"ToUserName", "FromUserName", "CreateTime", "MsgId", "MediaId", "ThumbMediaId", "PicUrl", "ThumbUrl", "Ticket", "AppId"}

// shape lists a body's fields and values in order; what changes is only named.
// JSON's fields come sorted.
func shape(t *testing.T, body []byte) (list []string) {
	t.Helper()
	if bytes.HasPrefix(body, []byte("{")) {
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		for k, v := range m {
			if slices.Contains(changing, k) {
				v = "…"
			}
			list = append(list, k+"="+string(encode(v)))
		}
		slices.Sort(list)
		return list
	}
	clean := bytes.Map(func(r rune) rune { // Go's parser refuses what WeChat sends
		if unicode.IsControl(r) {
			return '¤'
		}
		return r
	}, body)
	var path []string
	text := ""
	for dec := xml.NewDecoder(bytes.NewReader(clean)); ; {
		tok, err := dec.Token()
		if tok == nil || err != nil {
			return list
		}
		switch v := tok.(type) {
		case xml.StartElement:
			path, text = append(path, v.Name.Local), ""
		case xml.CharData:
			text += string(v)
		case xml.EndElement:
			if slices.Contains(changing, v.Name.Local) {
				text = "…"
			}
			list = append(list, strings.Join(path, "/")+"="+text)
			path, text = path[:len(path)-1], ""
		}
	}
}

// TestKFVectors: each kind of item of the sample has the fields that this
// server writes.
func TestKFVectors(t *testing.T) {
	var v struct {
		Sync struct {
			List []map[string]any `json:"msg_list"`
		} `json:"sync_msg_response"`
		Trans map[string][]int
	}
	load(t, "wecom_kf.json", &v)
	for state, to := range v.Trans {
		if got := moves[int(state[0]-'0')]; !slices.Equal(got, to) && len(got)+len(to) > 0 {
			t.Errorf("from state %s: %v, want %v", state, got, to)
		}
	}
	back := &kept{}
	s := New(Options{})
	t.Cleanup(s.Close)
	corp := s.Corp(CorpConfig{CorpID: "ww1", Secret: "s", Token: "t", AESKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", Callback: newHook(t, back)})
	a, u := corp.Account("wk1", "售后"), s.User("小明", "")
	a.Servicer("zs")
	u.Enter(a, "123", "abc")
	offer(u, a)
	u.TapMenu(a, "101")
	u.Image(a, nil)
	u.Voice(a, nil, "")
	u.Video(a, nil)
	u.File(a, "a.csv", nil)
	u.Location(a, 23.1, 113.3, "塔")
	u.Link(a, "t", "d", "u")
	u.Card(a, "t", "p")
	a.TakeOver(u, "zs")
	a.ServicerSay(u, "zs", "您好")
	a.ServicerRecall(u, "zs", "m15")
	a.Receive("zs", false)
	a.RejectSwitch(u, "zs", true)
	u.Recall(a, "m1")
	written := map[string][]string{}
	for _, it := range a.desk.items {
		var m map[string]any
		if err := json.Unmarshal(it.data, &m); err != nil {
			t.Fatal(err)
		}
		written[kindOf(m)] = names(m)
	}
	for _, m := range v.Sync.List {
		got, want := written[kindOf(m)], names(m)
		if got == nil {
			continue // kinds that no user here can send; Other does
		}
		for _, name := range want {
			if !slices.Contains(got, name) && !strings.Contains(name, "wechat_channels") && !strings.Contains(name, "pic_url") {
				t.Errorf("%s: no %s in %v", kindOf(m), name, got)
			}
		}
	}
	if len(written) != 15 {
		t.Errorf("%d kinds written: %v", len(written), written)
	}
}

func kindOf(m map[string]any) string {
	kind, _ := m["msgtype"].(string)
	if e, isEvent := m["event"].(map[string]any); isEvent {
		kind += "/" + e["event_type"].(string)
	}
	if m["origin"] == float64(fromServicer) {
		kind += "/servicer"
	}
	return kind
}

func names(m map[string]any) (list []string) {
	for k, v := range m {
		list = append(list, k)
		if inner, isMap := v.(map[string]any); isMap {
			for _, n := range names(inner) {
				list = append(list, k+"."+n)
			}
		}
	}
	return list
}
