package wecom

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// vectors reads wecom_kf.json of the test data.
func vectors(t testing.TB) (items map[string]json.RawMessage) {
	t.Helper()
	dir := os.Getenv("ZONGJI_TESTDATA")
	if dir == "" {
		t.Skip("ZONGJI_TESTDATA is not set")
	}
	b, err := os.ReadFile(filepath.Join(dir, "wechat-email-vectors", "wecom_kf.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Sync struct {
			List []json.RawMessage `json:"msg_list"`
		} `json:"sync_msg_response"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	items = map[string]json.RawMessage{}
	for _, raw := range all.Sync.List {
		var it item
		if err := json.Unmarshal(raw, &it); err != nil {
			t.Fatal(err)
		}
		items[string(it.ID)] = raw
	}
	return items
}

// sent is when the vectors were sent.
const sent = zongji.Ms(1615478585000)

func TestEveryTypeAndEventOfTheVectors(t *testing.T) {
	msg := func(kind zongji.MessageKind, fill func(*zongji.Inbound)) zongji.Inbound {
		in := zongji.Inbound{Kind: zongji.InMessage, Msg: kind, Grant: &zongji.Grant{Count: 5, For: 48 * time.Hour}}
		fill(&in)
		return in
	}
	shown := func(event, value string) zongji.Inbound {
		return zongji.Inbound{Kind: zongji.InEvent, Shown: true, Event: event, Value: value}
	}
	status := func(state zongji.SendState, ref string) zongji.Inbound {
		return zongji.Inbound{Kind: zongji.InStatus, State: state, Ref: ref}
	}
	held := func(in zongji.Inbound) zongji.Inbound { yes := true; in.Held = &yes; return in }
	want := map[string]zongji.Inbound{
		"m1": msg(zongji.KindText, func(in *zongji.Inbound) { in.Text, in.Choice = "hello world", "101" }),
		"m2": msg(zongji.KindImage, func(in *zongji.Inbound) { in.Fetch = `{"media":"I","kind":"image"}` }),
		"m3": msg(zongji.KindVoice, func(in *zongji.Inbound) { in.Fetch, in.Extra = `{"media":"V","kind":"voice"}`, []byte(`{}`) }),
		"m4": msg(zongji.KindVideo, func(in *zongji.Inbound) { in.Fetch = `{"media":"V","kind":"video"}` }),
		"m5": msg(zongji.KindFile, func(in *zongji.Inbound) { in.Fetch = `{"media":"F","kind":"file"}` }),
		"m6": msg(zongji.KindLocation, func(in *zongji.Inbound) {
			in.Extra = []byte(`{"lat":23.1060218811035,"lon":113.320503234863,"name":"广州国际媒体港","label":"海珠区"}`)
		}),
		"m7":  msg(zongji.KindLink, func(in *zongji.Inbound) { in.Extra = []byte(`{"title":"t","text":"d","url":"u","pic":"p"}`) }),
		"m8":  msg(zongji.KindOther, func(in *zongji.Inbound) {}),
		"m9":  msg(zongji.KindMiniPage, func(in *zongji.Inbound) { in.Extra = []byte(`{"app":"a","path":"p","title":"t","media":"T"}`) }),
		"m10": msg(zongji.KindOther, func(in *zongji.Inbound) {}),
		"m11": msg(zongji.KindOther, func(in *zongji.Inbound) { in.Text = "t · ¥1.00 · s" }),
		"m12": msg(zongji.KindOther, func(in *zongji.Inbound) { in.Text = "1 · t · ￥1 · 已付款 · s" }),
		"m13": msg(zongji.KindOther, func(in *zongji.Inbound) { in.Text = "t\nn: x" }),
		"m14": msg(zongji.KindOther, func(in *zongji.Inbound) { in.Text = "n · t" }),
		"m15": shown("kf_seat", "zhangsan: sent by a human in the WeCom client"),
		"m16": msg(zongji.KindOther, func(in *zongji.Inbound) {}),
		"m17": msg(zongji.KindOther, func(in *zongji.Inbound) {}),
		"m18": msg(zongji.KindOther, func(in *zongji.Inbound) {}),
		"e1": {Kind: zongji.InEvent, Shown: true, Event: "enter", Value: "123:abc", Scene: "123:abc",
			Pass: &zongji.Pass{Code: "WC", Until: sent.Add(22 * time.Second)}},
		"e2": {Kind: zongji.InStatus, State: zongji.StateFailed, Ref: "OUT1", Reason: "wecom:fail:4 会话已过期，超过 48 小时"},
		"e4": held(shown("kf_joined", "zs")),
		"e5": status(zongji.StateRecalled, "m1"),
		"e6": status(zongji.StateRecalled, "m15"),
		"e7": {Kind: zongji.InEvent, Shown: true, Event: "reject", Value: "zs", Ends: true},
	}
	for id, raw := range vectors(t) {
		t.Run(id, func(t *testing.T) {
			got := decode(raw, sent.Add(2*time.Second))
			w, ok := want[id]
			if !ok {
				if len(got) != 0 {
					t.Fatalf("decode = %+v, want nothing: it is about no customer", got)
				}
				return
			}
			w.ExtID, w.Thread, w.From.Ext, w.At = id, "wm1", "wm1", sent
			if len(got) != 1 {
				t.Fatalf("decode gives %d, want 1", len(got))
			}
			if w.Msg == zongji.KindOther {
				var o zongji.Other
				if err := json.Unmarshal(got[0].Extra, &o); err != nil || o.Type == "" || o.Raw != string(raw) {
					t.Errorf("Extra = %s, want type and the item as it came", got[0].Extra)
				}
				w.Extra = got[0].Extra
			}
			if !reflect.DeepEqual(got[0], w) {
				t.Errorf("decode(%s)\n got %+v\nwant %+v", raw, got[0], w)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	now := sent.Add(time.Second)
	one := func(t *testing.T, raw string) zongji.Inbound {
		t.Helper()
		got := decode([]byte(raw), now)
		if len(got) != 1 {
			t.Fatalf("decode(%s) gives %d, want 1", raw, len(got))
		}
		return got[0]
	}
	t.Run("numbers and texts are the same", func(t *testing.T) {
		a := one(t, `{"msgid":9007199254740993,"external_userid":"c","send_time":"1615478585","origin":"3","msgtype":"text","text":{"content":7,"menu_id":101}}`)
		if a.ExtID != "9007199254740993" || a.Text != "7" || a.Choice != "101" || a.At != sent {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("a body of the wrong shape is kept as it came", func(t *testing.T) {
		for _, raw := range []string{
			`{"msgid":"1","external_userid":"c","origin":3,"msgtype":"text","text":"x"}`,
			`{"msgid":"1","external_userid":"c","origin":3,"msgtype":"text","text":{"content":" "}}`,
			`{"msgid":"1","external_userid":"c","origin":3,"msgtype":"image","image":[]}`,
			`{"msgid":"1","external_userid":"c","origin":3,"msgtype":"location"}`,
			`{"msgid":"1","external_userid":"c","origin":3,"msgtype":"红包"}`,
			`{"msgid":"1","external_userid":"c","origin":3}`,
		} {
			in := one(t, raw)
			var o zongji.Other
			if err := json.Unmarshal(in.Extra, &o); in.Msg != zongji.KindOther || err != nil || o.Raw != raw {
				t.Errorf("decode(%s) = %+v", raw, in)
			}
		}
	})
	t.Run("an item without an id is known by its content", func(t *testing.T) {
		raw := `{"external_userid":"c","origin":3,"msgtype":"text","text":{"content":"x"}}`
		if a, b := one(t, raw), one(t, raw); a.ExtID == "" || a.ExtID != b.ExtID {
			t.Errorf("ids %q and %q", a.ExtID, b.ExtID)
		}
	})
	t.Run("an event that nobody knows is shown as it came", func(t *testing.T) {
		in := one(t, `{"msgid":"1","origin":4,"msgtype":"event","event":{"event_type":"new_one","external_userid":"c"}}`)
		if in.Kind != zongji.InEvent || !in.Shown || in.Event != "other" || !strings.HasPrefix(in.Value, "new_one {") {
			t.Errorf("got %+v", in)
		}
	})
	t.Run("an old welcome code is none", func(t *testing.T) {
		raw := []byte(`{"msgid":"1","send_time":1615478585,"origin":4,"msgtype":"event","event":{"event_type":"enter_session","external_userid":"c","welcome_code":"W"}}`)
		if in := decode(raw, sent.Add(time.Hour))[0]; in.Pass != nil {
			t.Errorf("got %+v", in.Pass)
		}
	})
	t.Run("a pressed rating is stars", func(t *testing.T) {
		in := one(t, `{"msgid":"1","external_userid":"c","origin":3,"msgtype":"text","text":{"content":"满意","menu_id":"stars:4"}}`)
		if in.Kind != zongji.InRating || in.Stars != 4 || in.Grant == nil {
			t.Errorf("got %+v", in)
		}
	})
	t.Run("a failure names our message", func(t *testing.T) {
		in := one(t, `{"msgid":"1","origin":4,"msgtype":"event","event":{"event_type":"msg_send_fail","external_userid":"c","fail_msgid":"`+partID(77, 2)+`","fail_type":10}}`)
		if in.RefMsg != 77 || in.Ref != "" || in.Reason != "wecom:fail:10 用户拒收" {
			t.Errorf("got %+v", in)
		}
	})
	t.Run("a very long text is several messages", func(t *testing.T) {
		long := strings.Repeat("长", zongji.MaxText+10)
		raw, _ := json.Marshal(map[string]any{"msgid": "1", "external_userid": "c", "origin": 3, "msgtype": "text", "text": map[string]string{"content": long}})
		got := decode(raw, now)
		if len(got) != 2 || got[0].ExtID != "1" || got[1].ExtID != "1#2" || got[0].Text+got[1].Text != long {
			t.Errorf("%d messages", len(got))
		}
	})
}

// FuzzItem: whatever comes, what decode gives can be stored by the router, and
// the same item always gives the same ids.
func FuzzItem(f *testing.F) {
	if os.Getenv("ZONGJI_TESTDATA") != "" {
		for _, raw := range vectors(f) {
			f.Add([]byte(raw))
		}
	}
	f.Add([]byte(`{"msgid":1e3,"external_userid":"c","send_time":-1,"origin":3,"msgtype":"text","text":{"content":"\u0000\ud800"}}`))
	f.Add([]byte(`{"external_userid":{},"msgtype":["text"],"event":"x"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = wxcrypt.CleanJSON(raw)
		now := sent.Add(time.Second)
		got := decode(raw, now)
		ids := map[string]bool{}
		for i, in := range got {
			switch {
			case in.Thread == "" || len(in.Thread) > 256 || in.ExtID == "" || len(in.ExtID) > 256 || in.From.Ext != in.Thread:
				t.Errorf("thread %q, id %q", in.Thread, in.ExtID)
			case ids[in.ExtID]:
				t.Errorf("the id %q twice", in.ExtID)
			case utf8.RuneCountInString(in.Text) > zongji.MaxText || utf8.RuneCountInString(in.Value) > zongji.MaxText:
				t.Error("a text that is too long")
			case in.Kind == zongji.InMessage && blank(in.Text) && in.Fetch == "" && len(in.Extra) == 0:
				t.Errorf("an empty message of kind %s", in.Msg)
			case in.Kind == zongji.InRating && (in.Stars < 1 || in.Stars > 5):
				t.Errorf("%d stars", in.Stars)
			case in.Extra != nil && !json.Valid(in.Extra):
				t.Errorf("Extra is no JSON: %s", in.Extra)
			case in.Kind == zongji.InStatus && in.State == "":
				t.Error("a status without a state")
			}
			ids[in.ExtID] = true
			if again := decode(raw, now); len(again) != len(got) || again[i].ExtID != in.ExtID {
				t.Error("another id the second time")
			}
		}
	})
}
