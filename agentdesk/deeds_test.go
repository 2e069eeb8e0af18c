package agentdesk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// connect makes an account of the phone.
func (w *world) connect() zongji.ChannelAccount {
	w.t.Helper()
	var a zongji.ChannelAccount
	body := map[string]any{"kind": "phone", "name": "phone", "key": "phone", "queue": w.queues[0].ID, "settings": map[string]string{"appid": "wx1"},
		"secrets": map[string]string{"secret": "s-very-secret", "token": "t-very-secret"}}
	if code := w.call("bos", "POST", "/api/v1/channels", body, &a); code != 200 {
		w.t.Fatalf("add: %d %+v", code, a)
	}
	w.until("the account is open", func() bool { return w.phone.Name() != "" })
	return a
}

func TestSecretsOfAChannelNeverComeBack(t *testing.T) {
	w := newWorld(t)
	if status, code := w.code("bos", "POST", "/api/v1/channels", map[string]any{"kind": "phone", "name": "x", "key": "x", "queue": w.queues[0].ID}); status != 422 {
		t.Errorf("without what is required: %d %s", status, code)
	}
	a := w.connect()
	at := fmt.Sprintf("/api/v1/channels/%d", a.ID)
	secrets := func() map[string]string {
		stored, err := w.db.Channel(t.Context(), a.ID)
		w.ok(err)
		return stored.Secrets
	}
	put := func(more map[string]any) (text string) {
		body := map[string]any{"kind": "phone", "name": "phone", "key": "phone", "queue": w.queues[0].ID, "settings": map[string]string{"appid": "wx1"}}
		for k, v := range more {
			body[k] = v
		}
		if code := w.call("bos", "PUT", at, body, &text); code != 200 {
			t.Errorf("put %v: %d %s", more, code, text)
		}
		return text
	}
	texts := []string{put(nil), put(map[string]any{"secrets": map[string]string{"secret": ""}})}
	if got := secrets(); got["secret"] != "s-very-secret" || got["token"] != "t-very-secret" {
		t.Errorf("what was not sent is %v", got)
	}
	texts = append(texts, put(map[string]any{"settings": map[string]string{"appid": "wx1", "secret": "n-very-secret"}, "forget": []string{"token"}}))
	if got := secrets(); got["secret"] != "n-very-secret" || len(got) != 1 {
		t.Errorf("a new one, and one forgotten: %v", got)
	}
	var list string
	w.call("bos", "GET", "/api/v1/channels", nil, &list)
	for _, text := range append(texts, list) {
		if strings.Contains(text, "very-secret") || !strings.Contains(text, `"have":["secret"`) {
			t.Errorf("answered %s", text)
		}
	}
	var kinds page[kindCard]
	w.call("bos", "GET", "/api/v1/channel-kinds", nil, &kinds)
	if len(kinds.Items) != 1 || !kinds.Items[0].Grants {
		t.Errorf("kinds %+v", kinds)
	}
}

func TestHowAChannelIs(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	var list healthList
	w.call("bos", "GET", "/api/v1/channels/health", nil, &list)
	if len(list.Items) != 3 || list.Bad != 0 {
		t.Errorf("before anything is said: %+v", list)
	}
	deps := w.phone.Deps()
	deps.Health(channels.Health{State: "config", Code: "phone:40164", Text: "add 1.2.3.4 to the list"})
	for i := range 230 {
		deps.Problem("phone:1", fmt.Sprint("line ", i))
		if i%50 == 49 {
			w.until("they are written", func() bool {
				lines, err := w.db.ChannelLog(t.Context(), a.ID, 1)
				return err == nil && len(lines) == 1 && lines[0].Text == fmt.Sprint("line ", i)
			})
		}
	}
	var h healthAnswer
	w.until("the log is whole", func() bool {
		w.call("bos", "GET", fmt.Sprintf("/api/v1/channels/%d/health", a.ID), nil, &h)
		return len(h.Log) > 0 && h.Log[0].Text == "line 229"
	})
	if h.Health.State != "config" || h.Health.Code != "phone:40164" || h.Since == 0 || len(h.Log) != 200 || !h.Open {
		t.Errorf("%+v since %d, %d lines, open %v", h.Health, h.Since, len(h.Log), h.Open)
	}
	w.call("bos", "GET", "/api/v1/channels/health", nil, &list)
	if list.Bad != 1 {
		t.Errorf("%d are bad, want 1", list.Bad)
	}
}

func TestDeedsAreTheOwnersAndTheAdmins(t *testing.T) {
	w := newWorld(t)
	a := w.connect()
	st, err := w.phone.Message(t.Context(), "openid-1", "有问题")
	w.ok(err)
	w.until("it waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
	if code := w.call("ann", "POST", fmt.Sprintf("/api/v1/conversations/%d/take", st.Conv.ID), nil, nil); code != 200 {
		t.Fatalf("take: %d", code)
	}
	conv, channel := fmt.Sprintf("/api/v1/conversations/%d/deeds/", st.Conv.ID), fmt.Sprintf("/api/v1/channels/%d/deeds/", a.ID)
	for _, tt := range []struct {
		who, path string
		body      any
		status    int
		has       string
	}{
		{"ann", conv + "reopen", nil, 200, `"to":"openid-1"`},
		{"ann", conv + "to_seat", map[string]any{"userid": "u9"}, 200, `"userid":"u9"`},
		{"sue", conv + "reopen", nil, 409, "not_owner"},
		{"ben", conv + "reopen", nil, 404, "no_conversation"},
		{"ada", conv + "reopen", nil, 403, "denied"},
		{"ann", fmt.Sprintf("/api/v1/conversations/%d/deeds/reopen", w.served(0, "web", "ann").ID), nil, 404, "no_deed"},
		{"bos", channel + "menu.put", map[string]any{"n": 9007199254740993}, 200, `9007199254740993`},
		{"bos", channel + "bad", nil, 409, `"code":"fake:1"`},
		{"sue", channel + "menu.put", nil, 403, "denied"},
		{"ann", channel + "menu.put", nil, 403, "denied"},
		{"bos", "/api/v1/channels/77/deeds/menu.put", nil, 404, "not_found"},
		{"bos", fmt.Sprintf("/api/v1/channels/%d/deeds/x", w.channels[0].ID), nil, 404, "no_deed"},
	} {
		var text string
		if status := w.call(tt.who, "POST", tt.path, tt.body, &text); status != tt.status || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.who, tt.path, status, text, tt.status, tt.has)
		}
	}
	log, err := w.db.AuditLog(t.Context(), 50)
	if err != nil || !slices.ContainsFunc(log, func(e store.AuditEntry) bool { return e.What == "deed.to_seat" }) {
		t.Errorf("the deed is not in the log: %v", err)
	}
}

func TestARefusedReplySaysWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	w.connect()
	st, err := w.phone.Tell(t.Context(), "openid-1", zongji.Inbound{Kind: zongji.InMessage, Text: "有问题"})
	w.ok(err)
	w.until("it waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
	w.call("ann", "POST", fmt.Sprintf("/api/v1/conversations/%d/take", st.Conv.ID), nil, nil)
	var p Problem
	at := fmt.Sprintf("/api/v1/conversations/%d/messages", st.Conv.ID)
	if status := w.call("ann", "POST", at, map[string]any{"cid": "a", "text": "x"}, &p); status != 409 || p.Code != "window_closed" || p.Params["cost"] != 1.0 {
		t.Errorf("by REST: %d %+v", status, p)
	}
	tb, _ := w.open("ann", "")
	f := tb.ask(got{"t": "reply", "conv": st.Conv.ID, "cid": "b", "text": "x"})
	if params, _ := f["params"].(map[string]any); f["code"] != "window_closed" || params["left"] != 0.0 {
		t.Errorf("by the socket: %v", f)
	}
	if status := w.call("ann", "POST", at, map[string]any{"cid": "c", "template": map[string]any{"form": "template", "id": "T", "title": "进度", "fields": map[string]string{"a": "b"}}}, nil); status != 200 {
		t.Errorf("a template: %d", status)
	}
}

func TestOneCustomerOfTwo(t *testing.T) {
	w := newWorld(t)
	mine, other, foreign := w.says(0, "a", "x"), w.says(0, "b", "x"), w.says(1, "c", "x")
	w.until("they wait", func() bool {
		return w.conv(mine.Conv.ID).Status == zongji.StatusQueued && w.conv(other.Conv.ID).Status == zongji.StatusQueued && w.conv(foreign.Conv.ID).Status == zongji.StatusQueued
	})
	at := func(id int64) string { return fmt.Sprintf("/api/v1/contacts/%d", id) }
	var card contactCard
	if w.call("ann", "GET", at(mine.Conv.Contact), nil, &card); len(card.SameAs) != 1 || card.SameAs[0].ID != other.Conv.Contact || card.SameAs[0].Why != "phone" {
		t.Errorf("same_as %+v: want the one of the same team", card.SameAs)
	}
	body := func(id int64) any { return map[string]int64{"other": id} }
	if status, code := w.code("ann", "POST", at(mine.Conv.Contact)+"/merge", body(foreign.Conv.Contact)); status != 404 || code != "no_contact" {
		t.Errorf("a foreign customer: %d %s", status, code)
	}
	if status, _ := w.code("ada", "POST", at(mine.Conv.Contact)+"/merge", body(other.Conv.Contact)); status != 403 {
		t.Errorf("an auditor merges: %d", status)
	}
	var a mergeAnswer
	if status := w.call("ann", "POST", at(other.Conv.Contact)+"/merge", body(mine.Conv.Contact), &a); status != 200 || a.Contact.ID != mine.Conv.Contact || a.Merge.Why != "hand" {
		t.Fatalf("%d %+v", status, a)
	}
	if w.call("ann", "GET", at(other.Conv.Contact), nil, &card); card.ID != mine.Conv.Contact || len(card.Merges) != 1 {
		t.Errorf("the old id answers %+v", card)
	}
	undo := fmt.Sprintf("/api/v1/contacts/merges/%d/undo", a.Merge.ID)
	missing := "/api/v1/contacts/merges/77/undo"
	for _, path := range []string{undo, missing} {
		if status, code := w.code("ben", "POST", path, nil); status != 404 || code != "no_merge" {
			t.Errorf("%s by a stranger: %d %s", path, status, code)
		}
	}
	for _, want := range []int{200, 409} {
		if status, _ := w.code("ann", "POST", undo, nil); status != want {
			t.Errorf("undo: %d, want %d", status, want)
		}
	}
	log, err := w.db.AuditLog(t.Context(), 50)
	if err != nil || !slices.ContainsFunc(log, func(e store.AuditEntry) bool { return e.What == "contact.unmerge" }) {
		t.Errorf("the undo is not in the log: %v", err)
	}
}
