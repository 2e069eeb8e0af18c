package agentdesk

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"zongji/internal/zongji"
)

var roleLogin = map[zongji.Role]string{zongji.RoleAgent: "ann", zongji.RoleSupervisor: "sue", zongji.RoleAuditor: "ada", zongji.RoleAdmin: "bos"}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// TestRoleByRoute tries every entry of the list with every role and without a
// session. Ids that do not exist keep the allowed ones from changing anything.
func TestRoleByRoute(t *testing.T) {
	w := newWorld(t)
	for _, r := range w.desk.routes() {
		if !strings.HasPrefix(r.Path, base) || r.Path == base+"/logout" {
			continue // sockets, files, health and pages have tests of their own
		}
		path := parameter.ReplaceAllString(r.Path, "999")
		status, code := w.code("", r.Method, path, strings.Repeat("[", 3))
		if public := r.Perm == zongji.PermPublic; public == (status == 401) {
			t.Errorf("%s %s without a session = %d %s, public: %v", r.Method, r.Path, status, code, public)
		}
		if r.Perm == zongji.PermPublic {
			continue
		}
		for role, login := range roleLogin {
			status, code := w.code(login, r.Method, path, "[[[")
			if may := role.May(r.Perm); may == (status == 403) {
				t.Errorf("%s %s as %s = %d %s, allowed: %v", r.Method, r.Path, role, status, code, may)
			}
			if status == 500 || status == 401 {
				t.Errorf("%s %s as %s = %d %s", r.Method, r.Path, role, status, code)
			}
		}
	}
}

func TestRoleByFrame(t *testing.T) {
	w := newWorld(t)
	for role, login := range roleLogin {
		tb, _ := w.open(login, "")
		for _, f := range w.desk.frames() {
			if f.T == "ping" {
				continue
			}
			a := tb.ask(got{"t": f.T, "conv": 999, "offer": 999, "cid": "x", "text": "x", "state": "ready"})
			if may := role.May(f.Perm); may == (a["code"] == "denied") {
				t.Errorf("frame %s as %s = %v, allowed: %v", f.T, role, a, may)
			}
		}
	}
}

func TestPushesGoOnlyToWhoMayHaveThem(t *testing.T) {
	w := newWorld(t)
	named := map[string]bool{}
	for _, p := range pushes {
		named[p.T] = true
	}
	tabs := map[string]*tab{}
	for login := range w.users {
		tabs[login], _ = w.open(login, "")
	}
	c := w.queued(0, "carl")
	for login, tb := range tabs {
		kinds := tb.about(c.ID)
		if sees := login != "ben"; sees != slices.Contains(kinds, "event") {
			t.Errorf("%s got %v of a conversation of sales", login, kinds)
		}
		for _, k := range kinds {
			if !named[k] {
				t.Errorf("frame %s stands in no list", k)
			}
		}
	}
}

func TestOtherTeamsConversationIsNotThere(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	for _, path := range []string{"", "/messages", "/decisions", "/export?format=txt"} {
		if status, code := w.code("ben", "GET", fmt.Sprintf("/api/v1/conversations/%d%s", c.ID, path), nil); status != 404 || code != "no_conversation" {
			t.Errorf("GET %s of another team = %d %s", path, status, code)
		}
		if status, _ := w.code("ann", "GET", fmt.Sprintf("/api/v1/conversations/%d%s", c.ID, path), nil); status != 200 {
			t.Errorf("GET %s of one's own = %d", path, status)
		}
	}
	for verb, body := range map[string]any{"messages": map[string]any{"cid": "a", "text": "x"}, "take": nil, "wrapup": nil, "close": map[string]any{},
		"transfer": map[string]any{"queue": w.queues[1].ID}, "tags": map[string]any{"tags": []string{"x"}}, "read": map[string]any{"seq": 1}} {
		if status, _ := w.code("ben", "POST", fmt.Sprintf("/api/v1/conversations/%d/%s", c.ID, verb), body); status != 404 {
			t.Errorf("POST %s to another team's = %d", verb, status)
		}
	}
	for _, path := range []string{"", "/conversations"} {
		if status, _ := w.code("ben", "GET", fmt.Sprintf("/api/v1/contacts/%d%s", c.Contact, path), nil); status != 404 {
			t.Errorf("GET contact%s of another team = %d", path, status)
		}
	}
	for _, view := range []string{"mine", "waiting", "team", "all"} {
		var list page[zongji.Conversation]
		w.call("ben", "GET", "/api/v1/conversations?view="+view, nil, &list)
		if len(list.Items) != 0 {
			t.Errorf("view %s of another team shows %d", view, len(list.Items))
		}
	}
}

func TestTransferLeavesOneScreenAndEntersAnother(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	ann, _ := w.open("ann", "")
	ben, _ := w.open("ben", "")
	if status, code := w.code("ann", "POST", fmt.Sprintf("/api/v1/conversations/%d/transfer", c.ID), map[string]any{"queue": w.queues[1].ID, "note": "请帮忙"}); status != 200 {
		t.Fatalf("transfer = %d %s", status, code)
	}
	if f := ann.next("gone"); f["conv"] != float64(c.ID) {
		t.Errorf("gone = %v", f)
	}
	ev := ben.next("event")["event"].(map[string]any)
	if ev["conv"] != float64(c.ID) || ev["row"] == nil {
		t.Errorf("what enters comes without its row: %v", ev)
	}
}

func TestReplyTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	var a, b zongji.Message
	path := fmt.Sprintf("/api/v1/conversations/%d/messages", c.ID)
	w.call("ann", "POST", path, map[string]any{"cid": "same", "text": "您好"}, &a)
	w.call("ann", "POST", path, map[string]any{"cid": "same", "text": "您好"}, &b)
	if a.ID == 0 || a.ID != b.ID || a.Seq != b.Seq {
		t.Errorf("first %+v, second %+v", a, b)
	}
	tb, _ := w.open("ann", "")
	m, _ := tb.ask(got{"t": "reply", "conv": c.ID, "cid": "same", "text": "您好"})["msg"].(map[string]any)
	if m["id"] != float64(a.ID) {
		t.Errorf("the frame's answer is %v, want message %d", m, a.ID)
	}
}

func TestBadRequestsAreNamed(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	path := fmt.Sprintf("/api/v1/conversations/%d/messages", c.ID)
	tests := []struct {
		what, login, method, path string
		body                      any
		status                    int
		code                      string
	}{
		{"unknown field", "ann", "POST", path, map[string]any{"cid": "a", "text": "x", "txet": "y"}, 422, "unknown_field"},
		{"no JSON", "ann", "POST", path, "{", 400, "bad_request"},
		{"U+0000", "ann", "POST", path, `{"cid":"a","text":"a\u0000b"}`, 400, "bad_request"},
		{"bad UTF-8", "ann", "POST", path, "{\"cid\":\"a\",\"text\":\"\xff\"}", 400, "bad_request"},
		{"bad client id", "ann", "POST", path, map[string]any{"cid": "a b", "text": "x"}, 422, "bad_cid"},
		{"nothing to say", "ann", "POST", path, map[string]any{"cid": "a", "text": " \n"}, 422, "empty"},
		{"too long", "ann", "POST", path, map[string]any{"cid": "a", "text": strings.Repeat("字", 4001)}, 422, "too_long"},
		{"too large", "ann", "POST", path, `{"cid":"a","text":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too_large"},
		{"a forged id", "ann", "GET", "/api/v1/conversations/1e9", nil, 422, "invalid"},
		{"a bad query", "ann", "GET", "/api/v1/search?q=%ff", nil, 400, "bad_request"},
		{"a limit over the limit", "ann", "GET", "/api/v1/conversations?limit=201", nil, 422, "invalid"},
		{"no such address", "ann", "GET", "/api/v1/nothing", nil, 404, "no_route"},
		{"another verb", "ann", "DELETE", "/api/v1/me", nil, 405, "method_not_allowed"},
	}
	for _, tt := range tests {
		if status, code := w.code(tt.login, tt.method, tt.path, tt.body); status != tt.status || code != tt.code {
			t.Errorf("%s = %d %s, want %d %s", tt.what, status, code, tt.status, tt.code)
		}
	}
}

func TestForgedTokensAndCookiesOpenNothing(t *testing.T) {
	w := newWorld(t)
	for _, header := range []http.Header{
		{"Authorization": {"Bearer " + strings.Repeat("0", 32)}}, {"Authorization": {"Basic " + w.tokens["bos"]}},
		{"Cookie": {"token=" + w.tokens["bos"] + "; session=" + w.tokens["bos"]}}, {"X-User": {"1"}},
	} {
		req, _ := http.NewRequest("GET", w.url+"/api/v1/me", nil)
		req.Header = header
		if status := w.do("", req, nil); status != 401 {
			t.Errorf("%v = %d", header, status)
		}
	}
	tb := w.raw(nil)
	tb.send(got{"t": "hello", "id": 1, "token": strings.Repeat("0", 32)})
	if code := tb.closed(); code != closeNoLogin {
		t.Errorf("forged token on the socket = %d", code)
	}
}

func TestSocketsEndWithTheirCode(t *testing.T) {
	w := newWorld(t)
	hello := got{"t": "hello", "id": 1, "token": w.tokens["ann"], "tab": "t1"}
	tests := []struct {
		what   string
		header http.Header
		first  bool // a good hello comes first
		kind   int
		frame  string
		code   int
	}{
		{"a foreign page", http.Header{"Origin": {"https://evil.example"}}, false, 0, "", closeDenied},
		{"no JSON", nil, false, websocket.TextMessage, "hello", closeBadFrame},
		{"another first frame", nil, false, websocket.TextMessage, `{"t":"reply"}`, closeBadFrame},
		{"binary", nil, true, websocket.BinaryMessage, `{"t":"ping"}`, closeBadFrame},
		{"bad UTF-8", nil, true, websocket.TextMessage, "{\"t\":\"ping\",\"text\":\"\xff\"}", closeBadFrame},
		{"U+0000", nil, true, websocket.TextMessage, `{"t":"ping","text":"\u0000"}`, closeBadFrame},
		{"an array", nil, true, websocket.TextMessage, `[1]`, closeBadFrame},
		{"too big", nil, true, websocket.TextMessage, `{"t":"reply","text":"` + strings.Repeat("x", maxFrame) + `"}`, websocket.CloseMessageTooBig},
	}
	for _, tt := range tests {
		tb := w.raw(tt.header)
		if tt.first {
			tb.send(hello)
			tb.next("welcome")
		}
		if tt.kind != 0 {
			_ = tb.ws.WriteMessage(tt.kind, []byte(tt.frame)) // it may be cut already
		}
		if code := tb.closed(); code != tt.code {
			t.Errorf("%s = %d, want %d", tt.what, code, tt.code)
		}
	}
	one := w.raw(http.Header{"Origin": {w.url}})
	one.send(hello)
	one.next("welcome")
	if a := one.ask(got{"t": "reply", "conv": 1, "cdi": "x"}); a["code"] != "unknown_field" || !strings.Contains(fmt.Sprint(a["text"]), "cdi") {
		t.Errorf("unknown field = %v", a)
	}
	if a := one.ask(got{"t": "dance"}); a["code"] != "unknown_frame" {
		t.Errorf("unknown frame = %v", a)
	}
	two := w.raw(nil)
	two.send(hello)
	two.next("welcome")
	if code := one.closed(); code != closeReplaced {
		t.Errorf("the same tab elsewhere = %d, want %d", code, closeReplaced)
	}
}

func TestTooManyFramesEndTheSocketAlone(t *testing.T) {
	w := newWorld(t)
	mad, _ := w.open("ann", "")
	good, _ := w.open("ben", "")
	for range 200 {
		if mad.ws.WriteJSON(got{"t": "ping"}) != nil {
			break
		}
	}
	if f := mad.next("moving"); f["retry_ms"].(float64) < 5000 {
		t.Errorf("moving = %v", f)
	}
	if code := mad.closed(); code != closeRate {
		t.Errorf("200 frames at once = %d, want %d", code, closeRate)
	}
	good.about(0)
}

func TestEndedSessionEndsItsScreens(t *testing.T) {
	w := newWorld(t)
	tb, _ := w.open("ann", "")
	if status := w.call("ann", "POST", "/api/v1/logout", nil, nil); status != 204 {
		t.Fatalf("logout = %d", status)
	}
	if code := tb.closed(); code != closeNoLogin {
		t.Errorf("after the logout = %d, want %d", code, closeNoLogin)
	}
}

func TestResumeBringsExactlyWhatWasMissed(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	tb, welcome := w.open("ann", "")
	if welcome["resumed"] != false {
		t.Errorf("without a position resumed = %v", welcome["resumed"])
	}
	w.says(0, "carl", "一")
	last := tb.next("event")
	pos := fmt.Sprint(last["pos"])
	rev := last["event"].(map[string]any)["rev"].(float64)
	tb.ws.Close()
	for range 5 {
		w.says(0, "carl", "又一条")
	}
	w.until("the messages are stored", func() bool { return w.conv(c.ID).Rev >= int64(rev)+5 })
	back, welcome := w.open("ann", pos)
	if welcome["resumed"] != true {
		t.Fatalf("welcome = %v", welcome)
	}
	for want := rev + 1; want <= rev+5; {
		ev := back.next("event")["event"].(map[string]any)
		if ev["conv"] != float64(c.ID) {
			continue
		}
		if ev["rev"] != want {
			t.Fatalf("rev %v came, want %v", ev["rev"], want)
		}
		want++
	}
	if _, welcome := w.open("ann", "nowhere.17"); welcome["resumed"] != false {
		t.Errorf("an unknown position resumed")
	}
}

func TestSlowScreenIsCutAndOthersAreNot(t *testing.T) {
	s := &screen{d: New(Config{}), out: make(chan []byte, maxUnsent), done: make(chan struct{})}
	for range maxUnsent {
		s.push([]byte("{}"))
	}
	select {
	case <-s.done:
		t.Fatal("cut while there was room")
	default:
	}
	s.push([]byte("{}"))
	<-s.done
	if s.code != closeSlow {
		t.Errorf("code = %d, want %d", s.code, closeSlow)
	}
}

func TestOfferRingsAtItsAgentWithACard(t *testing.T) {
	w := newWorld(t)
	ann, _ := w.open("ann", "")
	ben, _ := w.open("ben", "")
	if a := ann.ask(got{"t": "state", "state": "ready"}); a["me"] == nil {
		t.Fatalf("state = %v", a)
	}
	c := w.queued(0, "carl")
	f := ann.next("offer")
	card, _ := f["card"].(map[string]any)
	row, _ := card["row"].(map[string]any)
	if row["id"] != float64(c.ID) || len(card["messages"].([]any)) == 0 || card["why"] == "" {
		t.Errorf("card = %v", card)
	}
	if kinds := ben.about(c.ID); len(kinds) != 0 {
		t.Errorf("another team's agent heard %v", kinds)
	}
	offer := f["offer"].(map[string]any)["id"]
	a := ann.ask(got{"t": "accept", "offer": offer})
	if conv, _ := a["conv"].(map[string]any); conv["owner"] != float64(w.users["ann"].ID) {
		t.Errorf("accept = %v", a)
	}
	if status, code := w.code("ben", "POST", fmt.Sprintf("/api/v1/offers/%.0f/accept", offer), nil); status != 409 && status != 404 {
		t.Errorf("a second taker = %d %s", status, code)
	}
	if f := ann.next("offer_end"); f["how"] != "taken" {
		t.Errorf("offer_end = %v", f)
	}
}

func TestPhoneAndMailAreMaskedUntilRevealed(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "carl", "ann")
	var text string
	w.call("ann", "GET", fmt.Sprintf("/api/v1/conversations/%d", c.ID), nil, &text)
	if strings.Contains(text, "13800001111") || strings.Contains(text, "anna@") || !strings.Contains(text, "138****1111") || !strings.Contains(text, "a***@example.com") {
		t.Errorf("contact is not masked: %.2000s", text)
	}
	var a revealAnswer
	if status := w.call("sue", "POST", fmt.Sprintf("/api/v1/contacts/%d/reveal", c.Contact), map[string]string{"reason": "回电"}, &a); status != 200 || a.Phone != "13800001111" {
		t.Errorf("reveal = %d %+v", status, a)
	}
	log, err := w.db.AuditLog(t.Context(), 10)
	w.ok(err)
	if log[0].What != "contact.reveal" || log[0].Who != w.users["sue"].ID {
		t.Errorf("log = %+v", log[0])
	}
}

func TestExportIsHarmless(t *testing.T) {
	w := newWorld(t)
	c := w.served(0, "<img src=x onerror=alert(1)>", "ann")
	w.says(0, "<img src=x onerror=alert(1)>", `<script>alert("x")</script>`+"\n2026-01-01 admin: fake line")
	req, _ := http.NewRequest("GET", fmt.Sprintf("%s/api/v1/conversations/%d/export", w.url, c.ID), nil)
	var text string
	if status := w.do("ann", req, &text); status != 200 || strings.Contains(text, "<script>") || strings.Contains(text, "<img") {
		t.Errorf("export = %d %s", status, text)
	}
	for _, format := range []string{"txt", "json"} {
		if status := w.call("ann", "GET", fmt.Sprintf("/api/v1/conversations/%d/export?format=%s", c.ID, format), nil, &text); status != 200 || !strings.Contains(text, "fake line") {
			t.Errorf("export as %s = %d", format, status)
		}
		if format == "txt" && strings.Contains(text, "\n2026-01-01 admin") {
			t.Error("a message passes for a heading")
		}
	}
	if status, _ := w.code("ada", "GET", fmt.Sprintf("/api/v1/conversations/%d/export", c.ID), nil); status != 403 {
		t.Errorf("export by the auditor = %d", status)
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for _, s := range []string{"=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "＝1"} {
		if got := safeCell(s); got[0] != '\'' {
			t.Errorf("safeCell(%q) = %q", s, got)
		}
	}
	if got := safeCell("退货"); got != "退货" {
		t.Errorf("safeCell = %q", got)
	}
}

func TestFilesOfAgents(t *testing.T) {
	w := newWorld(t)
	var f zongji.File
	if status := w.upload("ann", "/api/v1/files", "../../a\u202egnp.txt", "hello", &f); status != 200 || f.Name != "agnp.txt" || f.Type != "text/plain" {
		t.Fatalf("upload = %d %+v", status, f)
	}
	resp, err := http.Get(w.url + f.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if h := resp.Header; resp.StatusCode != 200 || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("download = %d %v", resp.StatusCode, resp.Header)
	}
	var p Problem
	if status := w.upload("ann", "/api/v1/files", "a.png", "<html><script>", &p); status != 415 || p.Code != "type_not_allowed" {
		t.Errorf("a page as picture = %d %+v", status, p)
	}
	if status := w.upload("ann", "/api/v1/files", "a.txt", strings.Repeat("x", zongji.MaxFile+1), &p); status != 413 || p.Code != "too_large" {
		t.Errorf("one byte too many = %d %+v", status, p)
	}
	if status, _ := w.code("", "GET", "/f/"+strings.Repeat("0", 32)+"/a.txt", nil); status != 404 {
		t.Errorf("an unknown link = %d", status)
	}
}

func TestImportNamesEachMistake(t *testing.T) {
	w := newWorld(t)
	var p preview
	table := "\ufeff分类,标准问题,相似问题,答案,启用\n退换货,怎么退货,我要退货|退货流程,请在订单页申请退货,是\n物流,,x,没有问题的答案,是\n物流,怎么退货,,重复的问题,是\n物流,查快递,,您的单号是{单号},也许\n"
	if status := w.upload("sue", "/api/v1/import/faqs/preview", "faq.csv", table, &p); status != 200 || p.Good != 1 || p.Bad != 3 {
		t.Fatalf("preview = %d %+v", status, p)
	}
	for i, want := range []string{"", "question: is empty", "same as in line 2", "{单号}"} {
		if !strings.Contains(p.Rows[i].Error, want) || p.Rows[i].Line != i+2 {
			t.Errorf("line %d: %q, want %q", p.Rows[i].Line, p.Rows[i].Error, want)
		}
	}
	if list, _ := w.db.FAQs(t.Context()); len(list) != 0 {
		t.Error("the preview has written")
	}
	if status, code := w.code("bos", "POST", "/api/v1/import/faqs/apply", map[string]string{"token": p.Token}); status != 404 || code != "preview_gone" {
		t.Errorf("somebody else's token = %d %s", status, code)
	}
	var a applyAnswer
	if status := w.call("sue", "POST", "/api/v1/import/faqs/apply", map[string]string{"token": p.Token}, &a); status != 200 || a.Added != 1 {
		t.Errorf("apply = %d %+v", status, a)
	}
	if list, _ := w.db.FAQs(t.Context()); len(list) != 1 || len(list[0].Similar) != 2 {
		t.Errorf("FAQs = %+v", list)
	}
	if status, code := w.code("sue", "POST", "/api/v1/import/faqs/apply", map[string]string{"token": p.Token}); status != 404 {
		t.Errorf("a second apply = %d %s", status, code)
	}
}

func TestImportOfUsersFromGBKAndItsTemplate(t *testing.T) {
	w := newWorld(t)
	// "登录名,姓名,团队" and two lines, in GBK.
	gbk := "\xb5\xc7\xc2\xbc\xc3\xfb,\xd0\xd5\xc3\xfb,\xcd\xc5\xb6\xd3\nwang,\xcd\xf5\xb7\xbc,sales\nann,\xb0\xb2,nowhere\n"
	var p preview
	if status := w.upload("bos", "/api/v1/import/users/preview", "u.csv", gbk, &p); status != 200 || p.Good != 1 || p.Bad != 1 {
		t.Fatalf("preview = %d %+v", status, p)
	}
	if e := p.Rows[1].Error; !strings.Contains(e, "team: there is no team") || !strings.Contains(e, "has this login already") {
		t.Errorf("errors = %q", e)
	}
	var a applyAnswer
	w.call("bos", "POST", "/api/v1/import/users/apply", map[string]string{"token": p.Token}, &a)
	if len(a.Passwords) != 1 || a.Passwords[0].Name != "王芳" {
		t.Fatalf("apply = %+v", a)
	}
	if status := w.call("", "POST", "/api/v1/login", map[string]string{"login": "wang", "password": a.Passwords[0].Password}, nil); status != 200 {
		t.Errorf("login with the made password = %d", status)
	}
	for _, path := range []string{"/api/v1/import/users/template", "/api/v1/import/users/template?format=csv"} {
		var text string
		w.call("bos", "GET", path, nil, &text)
		if status := w.upload("bos", "/api/v1/import/users/preview", "t", text, &p); status != 200 || len(p.Rows) != 1 {
			t.Errorf("the template %s cannot be read: %d %+v", path, status, p)
		}
		if strings.HasSuffix(path, "csv") {
			if _, err := csv.NewReader(bytes.NewReader([]byte(text[3:]))).ReadAll(); err != nil {
				t.Error(err)
			}
		}
	}
	var bad Problem
	if status := w.upload("bos", "/api/v1/import/users/preview", "u.csv", "姓名\nx\n", &bad); status != 422 || !strings.Contains(bad.Detail, "登录名") {
		t.Errorf("a missing column = %d %+v", status, bad)
	}
}

func TestTheHouseCannotLockItselfOut(t *testing.T) {
	w := newWorld(t)
	bos := w.users["bos"]
	bos.Role = zongji.RoleAgent
	path := fmt.Sprintf("/api/v1/users/%d", bos.ID)
	for what, try := range map[string]func() (int, string){
		"demote the last admin": func() (int, string) { return w.code("bos", "PUT", path, bos) },
		"delete the last admin": func() (int, string) { return w.code("bos", "DELETE", path, nil) },
		"delete a used team": func() (int, string) {
			return w.code("bos", "DELETE", fmt.Sprintf("/api/v1/teams/%d", w.teams[0].ID), nil)
		},
		"delete a used queue": func() (int, string) {
			return w.code("bos", "DELETE", fmt.Sprintf("/api/v1/queues/%d", w.queues[0].ID), nil)
		},
	} {
		if status, code := try(); status != 409 || code != "last_admin" && code != "in_use" {
			t.Errorf("%s = %d %s", what, status, code)
		}
	}
	a, b := w.queues[0], w.queues[1]
	a.Fallback, b.Fallback = b.ID, a.ID
	if status, _ := w.code("bos", "PUT", fmt.Sprintf("/api/v1/queues/%d", a.ID), a); status != 200 {
		t.Errorf("a fallback = %d", status)
	}
	var p Problem
	if status := w.call("bos", "PUT", fmt.Sprintf("/api/v1/queues/%d", b.ID), b, &p); status != 422 || len(p.Errors) != 1 || p.Errors[0].Location != "body.fallback" {
		t.Errorf("a circle of fallbacks = %d %+v", status, p)
	}
}

func TestRulesAreVersionedAndLive(t *testing.T) {
	w := newWorld(t)
	tb, _ := w.open("ben", "")
	rule := map[string]any{"id": "r1", "name": "退款", "enabled": true, "when": map[string]any{"field": "text", "op": "contains_any", "value": []string{"退款"}}, "then": map[string]any{"queue": "care"}}
	var set struct {
		Version int64 `json:"version"`
	}
	if status := w.call("sue", "PUT", "/api/v1/rules", map[string]any{"version": 0, "rules": []any{rule}}, &set); status != 200 || set.Version == 0 {
		t.Fatalf("first rules = %d %+v", status, set)
	}
	if f := tb.next("config"); f["what"] != "rules" {
		t.Errorf("config = %v", f)
	}
	if status, code := w.code("bos", "PUT", "/api/v1/rules", map[string]any{"version": 0, "rules": []any{}}); status != 409 {
		t.Errorf("rules based on an old version = %d %s", status, code)
	}
	rule["then"] = map[string]any{"queue": "nowhere"}
	var p Problem
	if status := w.call("sue", "PUT", "/api/v1/rules", map[string]any{"version": set.Version, "rules": []any{rule}}, &p); status != 422 || !strings.Contains(p.Detail, "nowhere") {
		t.Errorf("an unknown queue = %d %+v", status, p)
	}
	var a testAnswer
	w.call("sue", "POST", "/api/v1/rules/test", map[string]any{"facts": map[string]any{"text": "我要退款"}}, &a)
	if a.Action.Queue != "care" {
		t.Errorf("test = %+v", a)
	}
}

func TestWallCountsWhoWaits(t *testing.T) {
	w := newWorld(t)
	w.queued(0, "carl")
	var a wallAnswer
	if status := w.call("sue", "GET", "/api/v1/wall", nil, &a); status != 200 || len(a.Queues) != 2 || len(a.Agents) != 3 || len(a.Today.Curve) == 0 {
		t.Fatalf("wall = %d %+v", status, a)
	}
	for _, q := range a.Queues {
		if want := map[string]int{"sales": 1}[q.Key]; q.Waiting != want {
			t.Errorf("%s: %d wait, want %d", q.Key, q.Waiting, want)
		}
	}
	if a.Today.Today.HandedOver != 1 {
		t.Errorf("today = %+v", a.Today.Today)
	}
}

func TestGuessingPasswordsIsLimited(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		want := "bad_login"
		if i == 5 {
			want = "try_later"
		}
		if _, code := w.code("", "POST", "/api/v1/login", map[string]string{"login": "ben", "password": "guess"}); code != want {
			t.Errorf("guess %d = %s, want %s", i+1, code, want)
		}
	}
}

func TestHealthReadinessAndPages(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Widget = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "js") })
	})
	w.until("ready with a leader", func() bool {
		var r readiness
		status := w.call("", "GET", "/readyz", nil, &r)
		return status == 200 && r.OK && r.Parts["leader"] == "ok"
	})
	for path, want := range map[string]string{"/healthz": "ok", "/": "make web", "/desk/anything": "make web", "/metrics": "go_", "/widget.js": "js"} {
		var text string
		if status := w.call("", "GET", path, nil, &text); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s = %d %.80s", path, status, text)
		}
	}
	w.desk.Drain()
	if status := w.call("", "GET", "/readyz", nil, nil); status != 503 {
		t.Errorf("readyz of a node that stops = %d", status)
	}
}

func TestDemoAnswersItsOwnMachineOnly(t *testing.T) {
	w := newWorld(t)
	post := func(change func(*http.Request)) int {
		req, _ := http.NewRequest("POST", w.url+"/api/v1/demo/flush", nil)
		req.Header.Set("X-Zongji-Demo", "1")
		change(req)
		return w.do("", req, nil)
	}
	for what, tt := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"here":               {func(*http.Request) {}, 204},
		"without the header": {func(r *http.Request) { r.Header.Del("X-Zongji-Demo") }, 403},
		"from a page":        {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"by another name":    {func(r *http.Request) { r.Host = "evil.example" }, 403},
	} {
		if status := post(tt.change); status != tt.status {
			t.Errorf("%s = %d, want %d", what, status, tt.status)
		}
	}
}

func TestDemosWeChatIsReached(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name, method, header, origin string
		status                       int
		body                         string
	}{
		{"a phone asks", "GET", "", "", 200, "GET /users/u1/inbox"},
		{"a phone writes", "POST", "1", "", 200, "POST /users/u1/inbox"},
		{"a page elsewhere asks", "GET", "", "https://evil.example", 403, ""},
		{"a form elsewhere writes", "POST", "", "", 403, ""},
	} {
		req, _ := http.NewRequest(tt.method, w.url+"/api/v1/demo/wechat/users/u1/inbox", nil)
		req.Header.Set("X-Zongji-Demo", tt.header)
		if tt.origin != "" {
			req.Header.Set("Origin", tt.origin)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.status || tt.body != "" && string(body) != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, resp.StatusCode, body, tt.status, tt.body)
		}
	}
}

func TestStoppingNodeSendsItsScreensAway(t *testing.T) {
	w := newWorld(t)
	tb, _ := w.open("ann", "")
	w.stop()
	tb.next("moving")
	if code := tb.closed(); code != closeMoving {
		t.Errorf("close code = %d, want %d", code, closeMoving)
	}
}
