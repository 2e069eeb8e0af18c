package agentdesk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"zongji/channels/channeltest"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
)

const mailText = "From: Amy <amy@x.test>\r\nTo: cs@shop.test\r\nSubject: =?utf-8?b?6K6i5Y2V?=\r\nMessage-ID: <a@x.test>\r\nX-Odd: \xff\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>在吗</p><script>alert(1)</script><img src=\"cid:pic\"><img src=\"https://spy.test/x.png\">\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\nContent-Disposition: inline; filename=p.png\r\n\r\nx\r\n--b--\r\n"

// letters is a house with a mailbox, and a mail that ben serves.
func letters(t *testing.T) (w *world, box *channeltest.Mailbox, c zongji.Conversation, msg int64) {
	t.Helper()
	box = channeltest.NewMailbox(nil)
	w = newWorld(t, func(cfg *Config) { cfg.Kinds = append(cfg.Kinds, box.Kind()) })
	_, err := w.db.PutChannel(t.Context(), zongji.ChannelAccount{Kind: "email", Name: "mail", Key: "mail", Queue: w.queues[1].ID, Settings: map[string]string{"undo_s": "60", "from": "cs@shop.test"}})
	w.ok(err)
	w.ok(w.router.Announce(t.Context(), "channels"))
	w.until("the mailbox is open", func() bool { return box.Name() != "" })
	raw, err := w.desk.cfg.Blobs.PutRaw(t.Context(), "a.eml", "message/rfc822", strings.NewReader(mailText), 1<<20)
	w.ok(err)
	pic, err := w.desk.cfg.Blobs.PutRaw(t.Context(), "p.png", "application/octet-stream", strings.NewReader("x"), 1<<20)
	w.ok(err)
	extra, err := json.Marshal(zongji.Mail{Subject: "订单", From: zongji.MailAddr{Addr: "amy@x.test"}, Class: "human", Raw: &raw, Inline: map[string]int64{"pic": pic.ID}})
	w.ok(err)
	acc, err := w.db.ChannelByKey(t.Context(), "mail")
	w.ok(err)
	st, err := w.router.Accept(t.Context(), zongji.Inbound{Channel: acc.ID, ChanKind: "email", ExtID: "a", Thread: "T-1", Kind: zongji.InMessage, Msg: zongji.KindMail,
		From: zongji.Identity{Ext: "amy@x.test", Email: "amy@x.test"}, Text: "在吗", Extra: extra, Files: []zongji.File{pic}})
	w.ok(err)
	w.until("the mail waits", func() bool { return w.conv(st.Conv.ID).Status == zongji.StatusQueued })
	if code := w.call("ben", "POST", fmt.Sprintf("/api/v1/conversations/%d/take", st.Conv.ID), nil, nil); code != 200 {
		t.Fatalf("take: %d", code)
	}
	return w, box, w.conv(st.Conv.ID), st.Msg.ID
}

func TestAMailAsItCame(t *testing.T) {
	w, _, _, msg := letters(t)
	at := fmt.Sprintf("/api/v1/messages/%d/mail", msg)
	var a mailAnswer
	if code := w.call("ben", "GET", at, nil, &a); code != 200 {
		t.Fatalf("read: %d", code)
	}
	if strings.Contains(a.HTML, "script") || !strings.Contains(a.HTML, `src="/f/`) || strings.Contains(a.HTML, `src="https://spy.test`) || a.Remote != 1 || a.Text != "在吗" || a.Raw == nil || len(a.Attachments) != 1 {
		t.Errorf("read %+v", a)
	}
	if len(a.Headers) < 5 || a.Headers[0].Name != "From" {
		t.Errorf("headers %+v", a.Headers)
	}
	if w.call("ben", "GET", at+"?images=true", nil, &a); !strings.Contains(a.HTML, "spy.test") {
		t.Errorf("with pictures: %s", a.HTML)
	}
	for who, want := range map[string]int{"ann": 404, "sue": 200, "ada": 200} {
		if code := w.call(who, "GET", at, nil, nil); code != want {
			t.Errorf("%s reads it: %d, want %d", who, code, want)
		}
	}
	if code := w.call("ben", "GET", "/api/v1/messages/99/mail", nil, nil); code != 404 {
		t.Errorf("none: %d", code)
	}
}

func TestAMailIsWrittenAndTakenBack(t *testing.T) {
	w, _, c, msg := letters(t)
	at := fmt.Sprintf("/api/v1/conversations/%d", c.ID)
	if status, code := w.code("ben", "GET", at+"/draft", nil); status != 404 || code != "no_draft" {
		t.Errorf("no draft: %d %s", status, code)
	}
	body := map[string]any{"body": map[string]any{"text": "在", "to": []string{"amy@x.test"}}}
	for who, want := range map[string]int{"ben": 204, "ann": 404, "ada": 403, "sue": 204} {
		if code := w.call(who, "PUT", at+"/draft", body, nil); code != want {
			t.Errorf("%s keeps a draft: %d, want %d", who, code, want)
		}
	}
	var d store.Begun
	if code := w.call("ben", "GET", at+"/draft", nil, &d); code != 200 || d.User != w.users["ben"].ID || !strings.Contains(string(d.Body), "amy@x.test") {
		t.Errorf("draft %d %+v", code, d)
	}
	if status, code := w.code("ben", "PUT", at+"/draft", map[string]any{"body": strings.Repeat("长", maxDraft/3)}); status != 413 || code != "too_large" {
		t.Errorf("a large one: %d %s", status, code)
	}
	var m zongji.Message
	sent := map[string]any{"cid": "c1", "text": "在的", "mail": map[string]any{"subject": "订单的事", "cc": []map[string]string{{"addr": "boss@shop.test"}}}}
	if code := w.call("ben", "POST", at+"/messages", sent, &m); code != 200 || m.Kind != zongji.KindMail {
		t.Fatalf("send: %d %+v", code, m)
	}
	one := fmt.Sprintf("/api/v1/messages/%d", m.ID)
	for _, who := range []string{"ann", "ada", "sue"} {
		if code := w.call(who, "DELETE", one, nil, nil); code == 200 {
			t.Errorf("%s took it back", who)
		}
	}
	if code := w.call("ben", "DELETE", one, nil, &m); code != 200 || m.Text != "在的" || m.State != zongji.StateWithdrawn {
		t.Errorf("taken back: %d %+v", code, m)
	}
	var moved router.Moved
	if code := w.call("ann", "POST", fmt.Sprintf("/api/v1/messages/%d/split", msg), nil, nil); code != 404 {
		t.Errorf("a stranger splits: %d", code)
	}
	if code := w.call("ben", "POST", fmt.Sprintf("/api/v1/messages/%d/split", msg), nil, &moved); code != 200 || len(moved.Rows) != 2 {
		t.Fatalf("split: %d %+v", code, moved)
	}
	w.until("it waits", func() bool { return w.conv(moved.Move.To).Status == zongji.StatusQueued })
	undo := fmt.Sprintf("/api/v1/moves/%d/undo", moved.Move.ID)
	if code := w.call("ann", "POST", undo, nil, nil); code != 404 {
		t.Errorf("a stranger undoes: %d", code)
	}
	if code := w.call("ben", "POST", undo, nil, nil); code != 200 {
		t.Errorf("undo: %d", code)
	}
	if status, code := w.code("ben", "POST", fmt.Sprintf("/api/v1/messages/%d/join", msg), map[string]any{"conv": c.ID}); status != 422 || code != "bad_target" {
		t.Errorf("join to itself: %d %s", status, code)
	}
}

func TestSignatures(t *testing.T) {
	w, _, _, _ := letters(t)
	if code := w.call("ben", "PUT", "/api/v1/mail/signatures", signature{Of: "company", Text: "x"}, nil); code != 403 {
		t.Errorf("an agent signs for the company: %d", code)
	}
	for _, s := range []signature{{Of: "company", Text: "{company}"}, {Of: "team", ID: w.teams[1].ID, Text: "{team}"}} {
		if code := w.call("bos", "PUT", "/api/v1/mail/signatures", s, nil); code != 204 {
			t.Errorf("put %+v: %d", s, code)
		}
	}
	if code := w.call("ben", "PUT", "/api/v1/me/signature", map[string]string{"text": "{agent}"}, nil); code != 204 {
		t.Errorf("mine: %d", code)
	}
	for who, want := range map[string]int{"ben": 3, "ann": 2, "bos": 3} {
		var list page[signature]
		if code := w.call(who, "GET", "/api/v1/mail/signatures", nil, &list); code != 200 || len(list.Items) != want {
			t.Errorf("%s sees %d: %d %+v", who, want, code, list.Items)
		}
	}
}
