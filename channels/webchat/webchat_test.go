package webchat

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"zongji/channels"
	"zongji/internal/zongji"
)

func sign(secret string, claims obj) string {
	b, _ := json.Marshal(claims)
	body := base64.RawURLEncoding.EncodeToString(b)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func inAnHour() int64 { return time.Now().Add(time.Hour).Unix() }

func TestConversation(t *testing.T) {
	r := open(t, nil)
	c, w := r.visitor(t, obj{"lang": "en-US", "page": obj{"url": "https://shop.example/a", "title": "A"}})
	look := w["channel"].(obj)
	if look["title"] != "Help" || look["greeting"] != "Hello" || len(look["menu"].([]any)) != 2 {
		t.Errorf("channel = %v", look)
	}
	thread := w["visitor"].(string)
	a := c.ask(obj{"t": "send", "cid": "c1", "text": "  你好 "})
	if a["t"] != "ok" || a["seq"] != 1.0 || a["cid"] != "c1" {
		t.Fatalf("send answered %v", a)
	}
	if again := c.ask(obj{"t": "send", "cid": "c1", "text": "你好"}); again["repeat"] != true || again["msg"] != a["msg"] {
		t.Errorf("a repeated cid answered %v", again)
	}
	other, _ := r.visitor(t, obj{"token": w["token"]})
	r.reply(thread, "在的")
	for _, c := range []*client{c, other} {
		ev := c.until(func(f obj) bool { return f["t"] == "event" && f["msg"].(obj)["from"] == "agent" })
		if ev["msg"].(obj)["text"] != "在的" {
			t.Errorf("event = %v", ev)
		}
	}
	c.tell(obj{"t": "read", "seq": 2})
	c.tell(obj{"t": "read", "seq": 1}) // backwards: nothing
	c.tell(obj{"t": "typing", "on": true, "text": "a"})
	c.tell(obj{"t": "typing", "on": true, "text": "ab"}) // too soon: nothing
	c.tell(obj{"t": "typing", "on": false})
	if f := c.ask(obj{"t": "rate", "stars": 5, "tags": []string{"快"}, "comment": "好"}); f["t"] != "ok" {
		t.Errorf("rate answered %v", f)
	}
	r.mu.Lock()
	if len(r.marks) != 1 || r.marks[0].Seq != 2 || r.marks[0].State != zongji.StateRead {
		t.Errorf("marks = %v", r.marks)
	}
	if got := strings.Join(r.typed, " "); got != "true:a false:" {
		t.Errorf("typed = %q", got)
	}
	if len(r.rates) != 1 || r.rates[0].Stars != 5 || r.rates[0].Value != "好" || r.rates[0].Tags[0] != "快" {
		t.Errorf("rates = %v", r.rates)
	}
	r.place = 3
	r.mu.Unlock()
	r.status(thread, "waiting")
	if p := c.type1("place"); p["place"] != 3.0 || p["wait_s"] != 180.0 {
		t.Errorf("place = %v", p)
	}
	r.mu.Lock()
	r.place = 2
	r.mu.Unlock()
	r.clock.skip(placeEvery)
	if p := c.type1("place"); p["place"] != 2.0 {
		t.Errorf("a moved place = %v", p)
	}
	r.chat.Typing(1, "小林", true)
	r.chat.Typing(1, "小林", true)
	if f := c.type1("typing"); f["name"] != "小林" {
		t.Errorf("typing = %v", f)
	}
	if f := c.ask(obj{"t": "new"}); f["t"] != "ok" {
		t.Errorf("new answered %v", f)
	}
	if b := c.ask(obj{"t": "send", "cid": "c2", "text": "另一件事"}); b["conv"] == a["conv"] {
		t.Error("the message after new came into the old conversation")
	}
	h := c.ask(obj{"t": "history", "conv": a["conv"], "before": 2})
	if msgs := h["messages"].([]any); len(msgs) != 1 || msgs[0].(obj)["text"] != "你好" || h["more"] != false {
		t.Errorf("history = %v", h)
	}
}

func TestCloseCodes(t *testing.T) {
	raw := func(kind int, b string) func(*client) {
		return func(c *client) { c.ws.WriteMessage(kind, []byte(b)) }
	}
	hello := func(f string) func(*client) { return raw(websocket.TextMessage, `{"t":"hello","id":1,`+f+`}`) }
	origin := func(a *zongji.ChannelAccount, _ *channels.Deps) {
		a.Settings["origins"] = "https://shop.example\n*.good.example"
	}
	for _, tt := range []struct {
		name string
		set  func(*zongji.ChannelAccount, *channels.Deps)
		hd   http.Header
		send func(*client)
		want int
	}{
		{"text that is not JSON", nil, nil, raw(websocket.TextMessage, "{"), 4400},
		{"a JSON array", nil, nil, raw(websocket.TextMessage, "[1]"), 4400},
		{"a binary frame", nil, nil, raw(websocket.BinaryMessage, "{}"), 4400},
		{"bad UTF-8", nil, nil, raw(websocket.TextMessage, "{\"t\":\"\xff\"}"), 4400},
		{"an escaped U+0000", nil, nil, raw(websocket.TextMessage, `{"t":"hello","lang":"\u0000"}`), 4400},
		{"a frame over 32 KiB", nil, nil, raw(websocket.TextMessage, `{"t":"hello","lang":"`+strings.Repeat("a", maxFrame)+`"}`), 1009},
		{"a token nobody has", nil, nil, hello(`"token":"` + strings.Repeat("ab", 16) + `"`), 4401},
		{"a token that is none", nil, nil, hello(`"token":"' or 1=1"`), 4401},
		{"an identity without signature", nil, nil, hello(`"identity":"e30"`), 4403},
		{"an identity signed by somebody else", nil, nil, hello(`"identity":"` + sign("other", obj{"sub": "1", "exp": inAnHour()}) + `"`), 4403},
		{"an identity that has ended", nil, nil, hello(`"identity":"` + sign("s3cret", obj{"sub": "1", "exp": 1}) + `"`), 4403},
		{"an identity without sub", nil, nil, hello(`"identity":"` + sign("s3cret", obj{"exp": inAnHour()}) + `"`), 4403},
		{"an identity where no secret is set", func(a *zongji.ChannelAccount, _ *channels.Deps) { a.Secret = "" }, nil,
			hello(`"identity":"` + sign("", obj{"sub": "1", "exp": inAnHour()}) + `"`), 4403},
		{"another site", origin, http.Header{"Origin": {"https://evil.example"}}, nil, 4403},
		{"a site that only looks alike", origin, http.Header{"Origin": {"https://shop.example.evil"}}, nil, 4403},
		{"the right site without TLS", origin, http.Header{"Origin": {"http://shop.example"}}, nil, 4403},
		{"a sandboxed frame", origin, http.Header{"Origin": {"null"}}, nil, 4403},
		{"a channel that is off", func(a *zongji.ChannelAccount, _ *channels.Deps) { a.Disabled = true }, nil, nil, 4403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, tt.set).dial(t, tt.hd)
			if tt.send != nil {
				tt.send(c)
			}
			if got := c.closed(); got != tt.want {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
		})
	}
	for _, from := range []string{"https://shop.example", "https://a.b.good.example", ""} {
		if r := (&http.Request{Host: "x", Header: http.Header{"Origin": {from}}}); !parseOrigins("https://shop.example\n*.good.example").allow(r) {
			t.Errorf("origin %q is refused", from)
		}
	}
	t.Run("no hello within ten seconds", func(t *testing.T) {
		r := open(t, nil)
		c := r.dial(t, nil)
		r.clock.skip(helloWait)
		if got := c.closed(); got != 4400 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("the same tab connects again", func(t *testing.T) {
		r := open(t, nil)
		c, w := r.visitor(t, obj{"tab": "a"})
		r.visitor(t, obj{"tab": "a", "token": w["token"]})
		if got := c.closed(); got != 4409 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("storage is down at hello", func(t *testing.T) {
		r := open(t, nil)
		r.down = true
		c := r.dial(t, nil)
		c.tell(obj{"t": "hello", "id": 1})
		if got := c.closed(); got != 4503 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("storage is down at send: the socket stays and the repeat succeeds", func(t *testing.T) {
		r := open(t, nil)
		c, _ := r.visitor(t, nil)
		r.mu.Lock()
		r.down = true
		r.mu.Unlock()
		if a := c.ask(obj{"t": "send", "cid": "x", "text": "hi"}); a["code"] != "unavailable" {
			t.Errorf("answered %v", a)
		}
		r.mu.Lock()
		r.down = false
		r.mu.Unlock()
		if a := c.ask(obj{"t": "send", "cid": "x", "text": "hi"}); a["t"] != "ok" || a["repeat"] != nil {
			t.Errorf("answered %v", a)
		}
	})
	t.Run("a blocked visitor", func(t *testing.T) {
		r := open(t, nil)
		c, _ := r.visitor(t, nil)
		r.mu.Lock()
		r.blocked = true
		r.mu.Unlock()
		c.tell(obj{"t": "send", "id": 9, "cid": "x", "text": "hi"})
		if got := c.closed(); got != 4403 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("a panic ends one socket and no other", func(t *testing.T) {
		r := open(t, nil)
		a, _ := r.visitor(t, nil)
		b, _ := r.visitor(t, nil)
		a.tell(obj{"t": "send", "id": 9, "cid": "x", "text": "panic"})
		r.mu.TryLock() // the panicking Accept kept the house's lock
		r.mu.Unlock()
		if got := a.closed(); got != 4503 {
			t.Errorf("closed with %d", got)
		}
		if f := b.ask(obj{"t": "ping"}); f["t"] != "pong" {
			t.Errorf("the other socket answered %v", f)
		}
	})
	t.Run("the node stops", func(t *testing.T) {
		r := open(t, nil)
		c, _ := r.visitor(t, nil)
		go r.stop()
		if f := c.type1("moving"); f["retry_ms"] != nil && f["retry_ms"].(float64) > 2000 {
			t.Errorf("moving = %v", f)
		}
		if got := c.closed(); got != 1001 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("the stream had a gap", func(t *testing.T) {
		r := open(t, nil)
		c, _ := r.visitor(t, nil)
		r.chat.Resume()
		if got := c.closed(); got != 1001 {
			t.Errorf("closed with %d", got)
		}
	})
	t.Run("a dead line is dropped and a live one is pinged", func(t *testing.T) {
		r := open(t, nil)
		c, _ := r.visitor(t, nil)
		pinged := make(chan struct{}, 9)
		c.ws.SetPingHandler(func(string) error { pinged <- struct{}{}; return nil }) // no pong
		go c.ws.ReadMessage()
		r.clock.skip(pingEvery)
		<-pinged
		r.clock.skip(silence)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			n := 0
			r.chat.hub.each(func(*socket) { n++ })
			if n == 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the dead socket stays")
			}
		}
	})
}

func TestFramesThatAreWrongButHarmless(t *testing.T) {
	r := open(t, nil)
	c, _ := r.visitor(t, nil)
	for _, tt := range []struct {
		name string
		f    obj
		want string
	}{
		{"an unknown field", obj{"t": "send", "cid": "a", "text": "x", "admin": true}, "unknown_field"},
		{"a field of another frame", obj{"t": "ping", "stars": 3}, "unknown_field"},
		{"an unknown type", obj{"t": "drop table"}, "unknown_type"},
		{"a number for text", obj{"t": "send", "cid": "a", "text": 5}, "bad_field"},
		{"a second hello", obj{"t": "hello"}, "hello_first"},
		{"no text", obj{"t": "send", "cid": "a", "text": " \n "}, "empty"},
		{"4,001 characters", obj{"t": "send", "cid": "a", "text": strings.Repeat("字", 4001)}, "too_long"},
		{"no cid", obj{"t": "send", "text": "x"}, "bad_cid"},
		{"a cid with a space", obj{"t": "send", "cid": "a b", "text": "x"}, "bad_cid"},
		{"ten files", obj{"t": "send", "cid": "a", "files": make([]string, 10)}, "too_many_files"},
		{"somebody's file by a guess", obj{"t": "send", "cid": "a", "files": []string{"/f/" + strings.Repeat("0", 32) + "/a.png"}}, "unknown_file"},
		{"a file elsewhere", obj{"t": "send", "cid": "a", "files": []string{"https://evil.example/a.png"}}, "unknown_file"},
		{"a choice that is code", obj{"t": "send", "cid": "a", "text": "x", "choice": "<script>"}, "bad_choice"},
		{"six stars", obj{"t": "rate", "stars": 6}, "bad_stars"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			if a := c.ask(tt.f); a["t"] != "error" || a["code"] != tt.want {
				t.Errorf("answered %v, want %s", a, tt.want)
			}
		})
	}
	c.t = t
	if a := c.ask(obj{"t": "send", "cid": "ok", "text": `a \u0000 that is only text: \\u0000`}); a["t"] != "ok" {
		t.Errorf("a written-out escape answered %v", a)
	}
}

func TestIdentity(t *testing.T) {
	r := open(t, nil)
	id := sign("s3cret", obj{"sub": "42", "name": "王五", "level": 2, "exp": inAnHour(), "new_claim": 1})
	a, wa := r.visitor(t, obj{"identity": id})
	_, wb := r.visitor(t, obj{"identity": id})
	if wa["visitor"] != "u:42" || wb["visitor"] != "u:42" || wa["token"] == wb["token"] || wa["name"] != "王五" {
		t.Errorf("two devices: %v and %v", wa["visitor"], wb["visitor"])
	}
	a.ask(obj{"t": "send", "cid": "1", "text": "hi"})
	_, wc := r.visitor(t, obj{"identity": id})
	if n := len(wc["view"].(obj)["messages"].([]any)); n != 1 {
		t.Errorf("another device sees %d messages", n)
	}
	_, anon := r.visitor(t, nil)
	if _, w := r.visitor(t, obj{"identity": id, "token": anon["token"]}); w["visitor"] != "u:42" || w["token"] == anon["token"] {
		t.Error("a stranger's token became a known customer's")
	}
	for hash := range r.tokens {
		if hash == wa["token"] || len(hash) != 64 {
			t.Error("a token is stored in the clear")
		}
	}
}

func TestFlood(t *testing.T) {
	r := open(t, nil)
	r.noBus = true // the node's own buckets hold
	calm, _ := r.visitor(t, nil)
	c, _ := r.visitor(t, nil)
	for i := range 12 {
		c.tell(obj{"t": "send", "id": i + 1, "cid": fmt.Sprint("m", i), "text": "x"})
	}
	var ok, rate int
	for range 12 {
		f := c.until(func(f obj) bool { return f["re"] != nil })
		switch {
		case f["t"] == "ok":
			ok++
		case f["code"] == "rate" && f["retry_ms"].(float64) > 0:
			rate++
		}
	}
	if ok < msgBurst || ok > msgBurst+1 || ok+rate != 12 {
		t.Errorf("%d taken, %d told to wait", ok, rate)
	}
	go func() {
		for i := range 10000 {
			if c.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"t":"send","id":%d,"cid":"q%d","text":"x"}`, i+100, i)) != nil {
				return
			}
		}
	}()
	worst := time.Duration(0)
	for i := range 5 {
		at := time.Now()
		if a := calm.ask(obj{"t": "send", "cid": fmt.Sprint("calm", i), "text": "x"}); a["t"] != "ok" {
			t.Errorf("another visitor was answered %v", a)
		}
		worst = max(worst, time.Since(at))
	}
	if got := c.closed(); got != 4429 {
		t.Errorf("10,000 quick messages: closed with %d", got)
	}
	if worst > time.Second {
		t.Errorf("another visitor waited %v", worst)
	}
	if n := len(r.seen); n > 30 {
		t.Errorf("%d of 10,000 quick messages were stored", n)
	}
}

func TestLimitsPerIP(t *testing.T) {
	r := open(t, func(_ *zongji.ChannelAccount, d *channels.Deps) { d.FreeLoopback = false })
	var token any
	for range newBurst {
		_, w := r.visitor(t, nil)
		token = w["token"]
	}
	c := r.dial(t, nil)
	c.tell(obj{"t": "hello", "id": 1})
	if got := c.closed(); got != 4429 {
		t.Errorf("the 21st new visitor of a minute: closed with %d", got)
	}
	for range maxSockets - newBurst - 1 {
		r.visitor(t, obj{"token": token})
	}
	r.visitor(t, obj{"token": token})
	if got := r.dial(t, nil).closed(); got != 4429 {
		t.Errorf("the 51st socket: closed with %d", got)
	}
}

func TestSlowReader(t *testing.T) {
	r := open(t, nil)
	c, w := r.visitor(t, nil)
	thread := w["visitor"].(string)
	c.ask(obj{"t": "send", "cid": "a", "text": "hi"})
	long := strings.Repeat("长", zongji.MaxText)
	at := time.Now()
	for range 4000 { // 48 MB: more than the kernel buffers
		r.reply(thread, long)
	}
	if d := time.Since(at); d > 20*time.Second {
		t.Errorf("delivering to a stuck client took %v", d)
	}
	n := 0
	for {
		_, _, err := c.ws.ReadMessage()
		if err != nil {
			if !websocket.IsCloseError(err, 4408) && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
				t.Errorf("ended with %v", err)
			}
			break
		}
		n++
	}
	if n >= 4000 {
		t.Error("the slow client was not cut")
	}
	_, w = r.visitor(t, obj{"token": w["token"], "conv": 1, "after": 3999})
	if got := len(w["view"].(obj)["messages"].([]any)); got != 2 {
		t.Errorf("the resume after the cut has %d messages, want 2", got)
	}
}

// TestResume cuts a customer's line 300 times at random moments, sometimes
// with the stream broken, and compares what he has with what is stored.
func TestResume(t *testing.T) {
	cuts := 300
	if testing.Short() {
		cuts = 40
	}
	r := open(t, nil)
	rnd := rand.New(rand.NewPCG(1, 2))
	have := map[string]string{}
	var token any
	var conv, after float64
	var thread string
	take := func(m obj) {
		k := fmt.Sprint(m["conv"], ":", m["seq"])
		if old, ok := have[k]; ok && old != m["text"] {
			t.Fatalf("%s changed from %q to %v", k, old, m["text"])
		}
		have[k] = m["text"].(string)
		if m["conv"] != conv || m["seq"].(float64) > after {
			conv, after = m["conv"].(float64), m["seq"].(float64)
		}
	}
	n := 0
	for cut := range cuts {
		r.clock.skip(5 * time.Second) // the buckets fill again
		hello := obj{"conv": conv, "after": after}
		if token != nil {
			hello["token"] = token
		}
		c, w := r.visitor(t, hello)
		token, thread = w["token"], w["visitor"].(string)
		view := w["view"].(obj)
		for i, m := range view["messages"].([]any) {
			m := m.(obj)
			if i == 0 && m["conv"] == conv && m["seq"] != after+1 {
				t.Fatalf("cut %d: resume after %v begins at %v", cut, after, m["seq"])
			}
			take(m)
		}
		r.mu.Lock()
		r.quiet = rnd.IntN(4) == 0
		r.mu.Unlock()
		for range rnd.IntN(4) {
			n++
			c.tell(obj{"t": "send", "id": n, "cid": fmt.Sprint("m", n), "text": fmt.Sprint("text ", n)})
			if rnd.IntN(2) == 0 {
				r.mu.Lock()
				if tk := r.newest(thread); tk != nil {
					r.say(thread, tk, zongji.FromAgent, fmt.Sprint("reply ", n), "", nil)
				}
				r.mu.Unlock()
			}
		}
		// What an own acknowledged message jumped over is not known yet:
		// only events and views move the position.
		c.ws.SetReadDeadline(time.Now().Add(time.Duration(rnd.IntN(8)) * time.Millisecond))
		for {
			var f obj
			if c.ws.ReadJSON(&f) != nil {
				break
			}
			m, ok := f["msg"].(obj)
			if ok && (m["conv"] == conv && m["seq"] == after+1 || conv == 0) {
				take(m)
			}
		}
		c.ws.NetConn().Close()
		r.mu.Lock()
		r.quiet = false
		r.mu.Unlock()
	}
	time.Sleep(100 * time.Millisecond) // frames on their way when the last line was cut
	_, w := r.visitor(t, obj{"token": token, "conv": conv, "after": after})
	for _, m := range w["view"].(obj)["messages"].([]any) {
		take(m.(obj))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := 0
	for _, tk := range r.convs[thread] {
		for _, m := range tk.msgs {
			stored++
			if got := have[fmt.Sprint(float64(m.Conv), ":", float64(m.Seq))]; got != m.Text {
				t.Errorf("%d:%d is %q at the customer, %q in store", m.Conv, m.Seq, got, m.Text)
			}
		}
	}
	if stored != len(have) {
		t.Errorf("stored %d, the customer has %d", stored, len(have))
	}
	t.Logf("%d cuts, %d messages", cuts, stored)
}

func (r *rig) upload(t *testing.T, token, name string, content []byte) (int, obj) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	hd := textproto.MIMEHeader{}
	hd.Set("Content-Disposition", `form-data; name="file"; filename="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)+`"`)
	p, _ := m.CreatePart(hd)
	p.Write(content)
	m.Close()
	req, _ := http.NewRequest("POST", r.url+"/files", &b)
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Header.Set("X-Visitor", token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var f obj
	json.NewDecoder(res.Body).Decode(&f)
	return res.StatusCode, f
}

func TestUploads(t *testing.T) {
	r := open(t, nil)
	c, w := r.visitor(t, nil)
	token := w["token"].(string)
	png := []byte("\x89PNG\r\n\x1a\n0000")
	for _, tt := range []struct {
		name, file string
		content    []byte
		status     int
		want       string // name, or code
	}{
		{"a picture", "图.png", png, 200, "图.png"},
		{"a path upwards", "../../etc/passwd.png", png, 200, "passwd.png"},
		{"a Windows path", `C:\x\a.png`, png, 200, "a.png"},
		{"direction characters", "a\u202egnp.png", png, 200, "agnp.png"},
		{"a control character", "a\x1b.png", png, 400, "bad_form"},
		{"only dots", "..", png, 200, "file"},
		{"a very long name", strings.Repeat("长", 300) + ".png", png, 200, strings.Repeat("长", 65) + ".png"},
		{"a page that says it is a picture", "a.png", []byte("<html><script>alert(1)</script>"), 415, "type_not_allowed"},
		{"a program", "a.pdf", []byte("MZ\x90\x00\x03"), 415, "type_not_allowed"},
		{"20 MiB and a byte", "big.png", append(png, make([]byte, zongji.MaxFile)...), 413, "too_large"},
		{"far too much", "big.png", make([]byte, zongji.MaxFile+2*maxFrame), 413, "too_large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, f := r.upload(t, token, tt.file, tt.content)
			if got := fmt.Sprint(f["name"], f["code"]); status != tt.status || !strings.Contains(got, tt.want) {
				t.Errorf("%d %v, want %d %s", status, f, tt.status, tt.want)
			}
		})
	}
	if status, _ := r.upload(t, "nobody", "a.png", png); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	_, f := r.upload(t, token, "a.png", png)
	if a := c.ask(obj{"t": "send", "cid": "p", "files": []any{f["url"]}}); a["t"] != "ok" {
		t.Errorf("sending it answered %v", a)
	}
	status := 0
	for range fileBurst {
		status, _ = r.upload(t, token, "a.png", png)
	}
	if status != 429 {
		t.Errorf("upload after upload: %d", status)
	}
}

func TestRestTwins(t *testing.T) {
	r := open(t, func(a *zongji.ChannelAccount, _ *channels.Deps) { a.Settings["origins"] = "https://shop.example" })
	call := func(method, path, token, origin, body string) (int, obj, http.Header) {
		t.Helper()
		req, _ := http.NewRequest(method, r.url+path, strings.NewReader(body))
		req.Header.Set("X-Visitor", token)
		req.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var f obj
		json.NewDecoder(res.Body).Decode(&f)
		return res.StatusCode, f, res.Header
	}
	const shop = "https://shop.example"
	_, w, hd := call("POST", "/hello", "", shop, `{"lang":"zh-TW"}`)
	token, _ := w["token"].(string)
	if len(token) != tokenLen || hd.Get("Access-Control-Allow-Origin") != shop {
		t.Fatalf("hello = %v %v", w, hd)
	}
	if status, a, _ := call("POST", "/send", token, shop, `{"cid":"1","text":"hi"}`); status != 200 || a["seq"] != 1.0 {
		t.Errorf("send = %d %v", status, a)
	}
	if _, v, _ := call("GET", "/messages?after=0", token, shop, ""); len(v["messages"].([]any)) != 1 {
		t.Errorf("messages = %v", v)
	}
	if _, l, _ := call("GET", "/config?lang=en", "", shop, ""); l["title"] != "Help" {
		t.Errorf("config = %v", l)
	}
	for _, tt := range []struct {
		name, path, token, origin, body string
		status                          int
	}{
		{"another site", "/hello", "", "https://evil.example", `{}`, 403},
		{"an unknown token", "/send", strings.Repeat("0", 32), shop, `{"cid":"1","text":"x"}`, 401},
		{"an unknown field", "/send", token, shop, `{"cid":"1","text":"x","y":1}`, 400},
		{"too much", "/send", token, shop, `{"text":"` + strings.Repeat("a", maxFrame) + `"}`, 413},
		{"two objects", "/send", token, shop, `{"cid":"1","text":"x"}{}`, 400},
	} {
		if status, f, _ := call("POST", tt.path, tt.token, tt.origin, tt.body); status != tt.status || f["code"] == nil {
			t.Errorf("%s: %d %v, want %d", tt.name, status, f, tt.status)
		}
	}
	if status, _, hd := call("OPTIONS", "/files", "", shop, ""); status != 204 || !strings.Contains(hd.Get("Access-Control-Allow-Headers"), "X-Visitor") {
		t.Errorf("preflight = %d %v", status, hd)
	}
}

// TestSocketMemory weighs sockets on the server's side: 20 KiB loaded is the
// limit, 10 idle the aim. Clients are raw TCP with nearly no memory of ours.
func TestSocketMemory(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 300
	}
	r := open(t, nil)
	weigh := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapInuse+m.StackInuse) / 1024
	}
	clients := make([]rawClient, n)
	empty, routines := weigh(), runtime.NumGoroutine()
	for i := range clients {
		clients[i] = dialRaw(t, r.url)
	}
	idle := (weigh() - empty) / float64(n)
	perSocket := float64(runtime.NumGoroutine()-routines) / float64(n)
	for round := range 3 {
		r.clock.skip(10 * time.Second)
		for i, c := range clients {
			c.send(t, fmt.Sprintf(`{"t":"send","id":%d,"cid":"c%d-%d","text":"一条普通的消息"}`, round+2, round, i))
		}
		for _, c := range clients {
			c.await(t, fmt.Sprintf(`"re":%d,`, round+2))
		}
	}
	loaded := (weigh() - empty) / float64(n)
	t.Logf("%d sockets: %.1f KiB idle, %.1f KiB loaded (with the stored messages), %.2f goroutines each", n, idle, loaded, perSocket)
	if idle > 16 || loaded > 20 || perSocket > 1.1 {
		t.Errorf("too heavy")
	}
}
