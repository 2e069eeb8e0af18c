package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"zongji/internal/client"
	"zongji/internal/zongji"
)

// assigned waits until a conversation has an owner.
func (s *site) assigned(r *client.REST, conv int64) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var out struct {
			Row zongji.Conversation `json:"row"`
		}
		if r.Do(s.t.Context(), "GET", fmt.Sprintf("/api/v1/conversations/%d", conv), nil, &out) == nil && out.Row.Owner != 0 {
			return
		}
	}
	s.t.Fatalf("conversation %d has no owner", conv)
}

// TestForeignRows: an agent of one team reads and changes nothing of the
// other, over no route and no frame, and its sockets say nothing of it. A
// visitor has only his own.
func TestForeignRows(t *testing.T) {
	s := serveSite(t, t.TempDir())
	a1, a2, b1, sup := s.as("agent1"), s.as("agent2"), s.as("b1"), s.as("sup")
	deskA, deskB := s.desk(a1), s.desk(b1)
	for _, w := range []*wire{deskA, deskB} {
		w.say(frame{"t": "state", "id": 2, "state": "ready"})
		w.want("ok")
	}
	const shop = "Origin: https://shop.example"
	vb := s.dial(otherPath, shop)
	vb.say(frame{"t": "hello", "id": 1, "identity": sign(shopSecret, fmt.Sprintf(`{"sub":"c-9","name":"李四","phone":"13987654321","email":"hush@shop.example","exp":%d}`, time.Now().Add(time.Hour).Unix()))})
	tokenB := vb.want("welcome")["token"].(string)
	convB := vb.send("m1", "hush-text of the second team")
	s.assigned(b1, convB)
	up := s.upload("/c/other/files", "hush-text.png", pngBytes, "X-Visitor: "+tokenB, shop)
	var file zongji.File
	must(t, json.Unmarshal(up.body, &file))
	vb.say(frame{"t": "send", "id": 8, "cid": "m2", "files": []string{file.URL}})
	vb.want("ok")
	va, tokenA := s.visitor()
	convA := va.send("m1", "of the first team")
	s.assigned(a1, convA)
	var opened struct {
		Contact zongji.Contact `json:"contact"`
	}
	must(t, b1.Do(t.Context(), "GET", fmt.Sprintf("/api/v1/conversations/%d", convB), nil, &opened))
	if c := opened.Contact; strings.Contains(c.Phone, "8765") || strings.Contains(c.Email, "hush@") {
		t.Errorf("the owner sees %q and %q unmasked", c.Phone, c.Email)
	}
	var note struct {
		ID int64 `json:"id"`
	}
	must(t, b1.Do(t.Context(), "POST", fmt.Sprintf("/api/v1/conversations/%d/messages", convB), frame{"cid": "n1", "text": "hush-text note", "note": true}, &note))

	t.Run("by REST", func(t *testing.T) {
		conv, contact := fmt.Sprintf("/api/v1/conversations/%d", convB), fmt.Sprintf("/api/v1/contacts/%d", opened.Contact.ID)
		for _, tt := range []struct {
			method, path string
			body         any
		}{
			{"GET", conv, nil}, {"GET", conv + "?after=0", nil}, {"GET", conv + "/messages", nil}, {"GET", conv + "/decisions", nil},
			{"GET", conv + "/export?format=json", nil}, {"GET", conv + "/export?format=html", nil},
			{"POST", conv + "/messages", frame{"cid": "x", "text": "x"}}, {"POST", conv + "/messages", frame{"cid": "y", "text": "x", "note": true}},
			{"POST", conv + "/read", frame{"seq": 1}}, {"POST", conv + "/take", nil}, {"POST", conv + "/transfer", frame{"agent": s.ids["agent1"]}},
			{"POST", conv + "/park", frame{"until": time.Now().Add(time.Hour).UnixMilli()}}, {"POST", conv + "/wrapup", nil}, {"POST", conv + "/close", frame{"summary": "x"}},
			{"POST", conv + "/tags", frame{"tags": []string{"x"}}}, {"POST", conv + "/deeds/reopen", nil}, {"POST", contact + "/merge", frame{"other": 1}},
			{"GET", contact, nil}, {"PATCH", contact, frame{"name": "x"}}, {"GET", contact + "/conversations", nil},
		} {
			a := s.ask(tt.method, tt.path, tt.body, bearer(a1))
			if a.status != 404 {
				t.Errorf("%s %s: %d %.200s", tt.method, tt.path, a.status, a.body)
			}
			if missing := s.ask(tt.method, strings.NewReplacer(fmt.Sprint(convB), "77", fmt.Sprint(opened.Contact.ID), "77").Replace(tt.path), tt.body, bearer(a1)); missing.status != a.status || missing.code != a.code {
				t.Errorf("%s %s: a foreign one (%d %s) is told from a missing one (%d %s)", tt.method, tt.path, a.status, a.code, missing.status, missing.code)
			}
		}
		if a := s.ask("POST", contact+"/reveal", frame{"reason": "x"}, bearer(b1)); a.status != 403 {
			t.Errorf("an agent reveals: %d", a.status)
		}
	})
	t.Run("by lists and search", func(t *testing.T) {
		for _, path := range []string{"/api/v1/conversations?view=all", "/api/v1/conversations?view=team", "/api/v1/conversations?view=waiting", "/api/v1/conversations?view=closed",
			fmt.Sprintf("/api/v1/conversations?view=all&owner=%d", s.ids["b1"]), fmt.Sprintf("/api/v1/conversations?view=mine&owner=%d", s.ids["b1"]),
			"/api/v1/search?q=hush&kind=messages", "/api/v1/search?q=hush&kind=conversations", "/api/v1/search?q=李四&kind=contacts", "/api/v1/search?q=13987654321&kind=contacts",
			"/api/v1/search?q=hush@shop.example&kind=contacts"} {
			if a := s.ask("GET", path, nil, bearer(a1)); a.status != 200 || strings.Contains(string(a.body), fmt.Sprint(convB)) || strings.Contains(string(a.body), "李四") {
				t.Errorf("%s: %d %.300s", path, a.status, a.body)
			}
		}
		a := s.ask("GET", "/api/v1/search?q=13987654321&kind=contacts", nil, bearer(sup))
		if !strings.Contains(string(a.body), "李四") || strings.Contains(string(a.body), "13987654321") || strings.Contains(string(a.body), "hush@") {
			t.Errorf("a search by number shows %s", a.body)
		}
	})
	t.Run("by frames", func(t *testing.T) {
		for i, f := range []frame{
			{"t": "reply", "conv": convB, "cid": "z", "text": "x"}, {"t": "reply", "conv": convB, "cid": "zz", "text": "x", "note": true},
			{"t": "read", "conv": convB, "seq": 1}, {"t": "typing", "conv": convB, "on": true},
		} {
			f["id"] = 100 + i
			deskA.say(f)
			if got := deskA.want("ok", "error"); got["code"] != "no_conversation" {
				t.Errorf("%v: %v", f, got)
			}
		}
	})
	t.Run("by files", func(t *testing.T) {
		a := s.ask("POST", fmt.Sprintf("/api/v1/conversations/%d/messages", convA), frame{"cid": "steal", "files": []int64{file.ID}}, bearer(a1))
		if a.status == 200 {
			t.Errorf("another team's file was sent on: %s", a.body)
		}
		mine := s.upload("/api/v1/files", "mine.png", pngBytes, bearer(a1))
		var f zongji.File
		must(t, json.Unmarshal(mine.body, &f))
		if b := s.ask("POST", fmt.Sprintf("/api/v1/conversations/%d/messages", convA), frame{"cid": "colleague", "files": []int64{f.ID}, "note": true}, bearer(a2)); b.status != 422 {
			t.Errorf("a colleague's file by its number: %d %s", b.status, b.body)
		}
		if a := s.ask("POST", fmt.Sprintf("/api/v1/conversations/%d/messages", convA), frame{"cid": "mine", "files": []int64{f.ID}}, bearer(a1)); a.status != 200 {
			t.Errorf("one's own file: %d %s", a.status, a.body)
		}
	})
	t.Run("a colleague of the team sees but does not answer", func(t *testing.T) {
		if a := s.ask("GET", fmt.Sprintf("/api/v1/conversations/%d", convA), nil, bearer(a2)); a.status != 200 {
			t.Errorf("%d", a.status)
		}
		if a := s.ask("POST", fmt.Sprintf("/api/v1/conversations/%d/messages", convA), frame{"cid": "q", "text": "x"}, bearer(a2)); a.status != 409 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("a visitor has only his own", func(t *testing.T) {
		seen := func(what string, b []byte) {
			if bytes.Contains(b, []byte("hush-text")) || bytes.Contains(b, []byte(fmt.Sprint(convB))) {
				t.Errorf("%s shows %s", what, b)
			}
		}
		for _, f := range []frame{{"t": "history", "id": 21, "conv": convB, "before": 99}, {"t": "history", "id": 22, "conv": convB}} {
			va.say(f)
			b, _ := json.Marshal(va.want("history", "error"))
			seen("history", b)
		}
		seen("messages", s.ask("GET", fmt.Sprintf("/c/bench/messages?conv=%d&after=0", convB), nil, "X-Visitor: "+tokenA).body)
		seen("hello", s.ask("POST", "/c/bench/hello", frame{"t": "hello", "token": tokenA, "conv": convB, "after": 1}).body)
		va.say(frame{"t": "rate", "id": 23, "stars": 1})
		va.want("ok")
		va.say(frame{"t": "end", "id": 24})
		va.want("ok")
		va.say(frame{"t": "read", "seq": 1 << 50})
		var row struct {
			Row zongji.Conversation `json:"row"`
		}
		must(t, b1.Do(t.Context(), "GET", fmt.Sprintf("/api/v1/conversations/%d", convB), nil, &row))
		if row.Row.Stars != 0 || row.Row.Status == zongji.StatusClosed {
			t.Errorf("another's conversation was rated or ended: %+v", row.Row)
		}
		vb.say(frame{"t": "history", "id": 25})
		b, _ := json.Marshal(vb.want("history"))
		if bytes.Contains(b, []byte("hush-text note")) {
			t.Errorf("the customer reads the note: %s", b)
		}
	})
	t.Run("sockets say nothing of it", func(t *testing.T) {
		vb.send("m3", "hush-text again")
		must(t, b1.Do(t.Context(), "POST", fmt.Sprintf("/api/v1/conversations/%d/close", convB), frame{"summary": "x"}, nil))
		deskA.say(frame{"t": "ping"})
		time.Sleep(300 * time.Millisecond)
		_ = deskA.ws.SetReadDeadline(time.Now().Add(time.Second))
		for {
			_, b, err := deskA.ws.ReadMessage()
			if err != nil {
				break
			}
			if bytes.Contains(b, []byte("hush-text")) || bytes.Contains(b, []byte(fmt.Sprint(convB))) {
				t.Errorf("the first team hears %s", b)
			}
		}
	})
}

// TestRoles: each role's way to more is closed.
func TestRoles(t *testing.T) {
	s := serveSite(t, t.TempDir())
	agent, sup, aud, root := s.as("agent1"), s.as("sup"), s.as("aud"), s.as("root")
	admin := func(r *client.REST) answer {
		u := zongji.User{Login: "evil", Name: "evil", Role: zongji.RoleAdmin}
		return s.ask("POST", "/api/v1/users", u, bearer(r))
	}
	for name, r := range map[string]*client.REST{"agent": agent, "supervisor": sup, "auditor": aud} {
		if a := admin(r); a.status != 403 {
			t.Errorf("%s makes an admin: %d", name, a.status)
		}
		for _, path := range []string{"/api/v1/users", "/api/v1/channels", "/api/v1/system"} {
			if a := s.ask("GET", path, nil, bearer(r)); a.status != 403 {
				t.Errorf("%s reads %s: %d", name, path, a.status)
			}
		}
		if a := s.ask("POST", fmt.Sprintf("/api/v1/users/%d/password", s.ids["root"]), frame{}, bearer(r)); a.status != 403 {
			t.Errorf("%s sets the admin's password: %d", name, a.status)
		}
		if a := s.ask("PUT", fmt.Sprintf("/api/v1/users/%d", s.ids[name]), frame{"role": "admin"}, bearer(r)); a.status != 403 {
			t.Errorf("%s promotes himself: %d", name, a.status)
		}
	}
	if a := s.ask("GET", "/api/v1/users", nil, bearer(root)); a.status != 200 || bytes.Contains(a.body, []byte("argon2")) || bytes.Contains(a.body, []byte("hash")) {
		t.Errorf("users: %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/api/v1/channels", nil, bearer(root)); a.status != 200 || bytes.Contains(a.body, []byte(shopSecret)) {
		t.Errorf("channels: %d %s", a.status, a.body)
	}
	desk := s.desk(aud)
	desk.say(frame{"t": "state", "id": 1, "state": "ready"})
	if f := desk.want("ok", "error"); f["code"] != "denied" {
		t.Errorf("an auditor becomes ready: %v", f)
	}
	// Somebody is demoted or disabled while he works.
	lost := s.desk(agent)
	must(t, root.Do(t.Context(), "PUT", fmt.Sprintf("/api/v1/users/%d", s.ids["agent1"]), zongji.User{Login: "agent1", Name: "x", Role: zongji.RoleAgent, Team: s.teams[0], Disabled: true}, nil))
	if code := lost.end(); code != 4401 {
		t.Errorf("a disabled agent's desk closed with %d", code)
	}
	if a := s.ask("GET", "/api/v1/conversations", nil, bearer(agent)); a.status != 401 {
		t.Errorf("a disabled agent reads on: %d", a.status)
	}
}

// TestHostileRequests: REST with wrong bodies, queries, hosts and headers.
func TestHostileRequests(t *testing.T) {
	s := serveSite(t, t.TempDir())
	root := s.as("root")
	w, _ := s.visitor()
	conv := w.send("m1", "=HYPERLINK(\"http://evil.example\") </div><script>alert(1)</script>\r\n[2026-01-01 00:00:00] 坐席 Agent")
	for _, tt := range []struct {
		name, method, path string
		body               any
		low, high          int
	}{
		{"over 1 MiB", "POST", "/api/v1/login", `{"login":"` + strings.Repeat("a", 2<<20) + `"}`, 413, 413},
		{"deep nesting", "POST", "/api/v1/login", strings.Repeat(`{"a":`, 100_000), 400, 422},
		{"deep rules", "PUT", "/api/v1/rules", `{"version":1,"rules":[{"id":"a","name":"a","when":` + strings.Repeat(`{"not":`, 9000) + `{}` + strings.Repeat(`}`, 9000) + `}]}`, 400, 422},
		{"unknown field", "POST", "/api/v1/login", `{"login":"a","password":"b","role":"admin"}`, 400, 422},
		{"U+0000", "POST", "/api/v1/login", `{"login":"a\u0000","password":"b"}`, 400, 422},
		{"bad UTF-8", "POST", "/api/v1/login", "{\"login\":\"\xff\",\"password\":\"b\"}", 400, 422},
		{"no JSON", "POST", "/api/v1/login", `login=a`, 400, 422},
		{"visitor body over the frame", "POST", "/c/bench/hello", `{"t":"hello","lang":"` + strings.Repeat("a", 33<<10) + `"}`, 413, 413},
		{"visitor unknown field", "POST", "/c/bench/hello", `{"t":"hello","admin":1}`, 400, 400},
		{"SQL in the query", "GET", "/api/v1/search?q=%27%20OR%201%3D1%3B%20DROP%20TABLE%20message%3B--", nil, 200, 200},
		{"FTS operators", "GET", "/api/v1/search?q=%22%20NEAR%20*%20OR%20col%3A%5Ea%20AND%20NOT%20(", nil, 200, 200},
		{"percent and underscore", "GET", "/api/v1/search?q=%25_%25&kind=contacts", nil, 200, 200},
		{"NUL in the query", "GET", "/api/v1/search?q=a%00b", nil, 400, 400},
		{"bad UTF-8 in the query", "GET", "/api/v1/search?q=%ff", nil, 400, 400},
		{"NUL in the path", "PUT", "/api/v1/calendars/a%00b", frame{}, 400, 422},
		{"bad UTF-8 in the path", "DELETE", "/api/v1/calendars/%ff", nil, 400, 422},
		{"list key with SQL", "GET", "/api/v1/conversations?view=all&before=1%27%20OR%201%3D1", nil, 400, 422},
		{"list key of another kind", "GET", "/api/v1/conversations?view=all&before=-1.-1.9e99", nil, 400, 422},
		{"search key with SQL", "GET", "/api/v1/search?q=ab&before=1%3BDROP", nil, 400, 422},
		{"limit over 200", "GET", "/api/v1/conversations?limit=100000", nil, 400, 422},
		{"negative limit", "GET", "/api/v1/conversations?limit=-1", nil, 400, 422},
		{"view with SQL", "GET", "/api/v1/conversations?view=all%27--", nil, 400, 422},
		{"id with SQL", "GET", "/api/v1/conversations/1%20OR%201", nil, 400, 422},
		{"id over int64", "GET", "/api/v1/conversations/99999999999999999999", nil, 400, 422},
		{"TRACE", "TRACE", "/api/v1/me", nil, 405, 405},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if a := s.ask(tt.method, tt.path, tt.body, bearer(root)); a.status < tt.low || a.status > tt.high {
				t.Errorf("%d %.300s, want %d–%d", a.status, a.body, tt.low, tt.high)
			}
		})
	}
	t.Run("exports carry no markup and no forged lines", func(t *testing.T) {
		page := s.ask("GET", fmt.Sprintf("/api/v1/conversations/%d/export?format=html", conv), nil, bearer(root))
		if bytes.Contains(page.body, []byte("<script")) || page.status != 200 {
			t.Errorf("%d %s", page.status, page.body)
		}
		if !strings.HasPrefix(page.head.Get("Content-Disposition"), "attachment") || !strings.Contains(page.head.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("headers %v", page.head)
		}
		text := s.ask("GET", fmt.Sprintf("/api/v1/conversations/%d/export?format=txt", conv), nil, bearer(root))
		if bytes.Contains(text.body, []byte("\n[2026-01-01")) {
			t.Errorf("a forged line: %s", text.body)
		}
	})
	t.Run("headers of pages and answers", func(t *testing.T) {
		page := s.ask("GET", "/", nil).head
		for k, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'self'", "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if !strings.Contains(page.Get(k), want) {
				t.Errorf("page: %s is %q", k, page.Get(k))
			}
		}
		if strings.Contains(page.Get("Content-Security-Policy"), "script-src 'self' '") {
			t.Errorf("scripts of others run: %s", page.Get("Content-Security-Policy"))
		}
		for _, path := range []string{"/api/v1/me", "/api/v1/conversations?view=all", "/c/bench/config"} {
			h := s.ask("GET", path, nil, bearer(root)).head
			if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", path, h)
			}
		}
		if h := s.ask("GET", "/api/v1/me", nil, bearer(root), "Origin: https://evil.example").head; h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("the desk's API is open to other sites: %v", h)
		}
	})
	t.Run("no redirect leads away", func(t *testing.T) {
		for _, path := range []string{"//evil.example", "//evil.example/..", "/%5Cevil.example", "/c/bench//evil.example/..", "/c/bench/./%5Cevil.example", "/api/v1//evil.example/", "/api/v1/me/", "/f/a/b/", "/login?next=https://evil.example"} {
			a := s.ask("GET", path, nil, "X-Forwarded-Host: evil.example", "X-Forwarded-Prefix: //evil.example", "Host: evil.example")
			if to := a.head.Get("Location"); strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") || strings.Contains(strings.TrimPrefix(to, "/"), "//") {
				t.Errorf("%s leads to %q", path, to)
			}
		}
	})
	t.Run("no demo outside the demo", func(t *testing.T) {
		for _, path := range []string{"/api/v1/demo", "/api/v1/demo/kill", "/api/v1/demo/flush"} {
			if a := s.ask("POST", path, nil, "X-Zongji-Demo: 1"); a.status != 404 && a.status != 405 {
				t.Errorf("%s: %d", path, a.status)
			}
			if a := s.ask("GET", path, nil); a.status != 404 && a.status != 405 {
				t.Errorf("GET %s: %d %s", path, a.status, a.body)
			}
		}
	})
	t.Run("metrics tell no names", func(t *testing.T) {
		a := s.ask("GET", "/metrics", nil)
		for _, word := range append([]string{"agent1", "127.0.0.1", fmt.Sprint(conv)}, secrets...) {
			if bytes.Contains(a.body, []byte(word)) {
				t.Errorf("metrics hold %q", word)
			}
		}
		if a := s.ask("GET", "/metrics", nil, "X-Forwarded-For: 8.8.8.8"); a.status == 200 {
			t.Errorf("metrics are shown through a proxy")
		}
	})
	t.Run("a host of another name", func(t *testing.T) {
		if a := s.ask("GET", "/api/v1/setup", nil, "Host: evil.example"); a.status != http.StatusOK || bytes.Contains(a.body, []byte("evil")) {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
