package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/internal/client"
	"zongji/internal/demo"
	"zongji/internal/zongji"
)

// phone is a customer of the demo's WeChat at one account, moved over HTTP as
// the demo's page moves him.
type phone struct {
	t       *testing.T
	base    string // of the desk
	user    string
	account string
}

// line is what a phone shows.
type line struct {
	N                                   int
	From, Kind, Text, Media, MsgID, Via string
	Menu                                []struct{ ID, Content string }
}

func (p *phone) call(method, path string, body any, answer any) {
	p.t.Helper()
	data, _ := json.Marshal(body)
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+"/api/v1/demo/wechat/"+path, bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("X-Zongji-Demo", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %d %v", method, path, resp.StatusCode, err)
	}
}

// act does something that must reach the desk.
func (p *phone) act(act string, more map[string]any) {
	p.t.Helper()
	body := map[string]any{"account": p.account, "act": act}
	for k, v := range more {
		body[k] = v
	}
	var out struct{ Error string }
	if p.call("POST", "users/"+p.user+"/act", body, &out); out.Error != "" {
		p.t.Fatalf("%s: %s", act, out.Error)
	}
}

func (p *phone) say(text string) { p.t.Helper(); p.act("say", map[string]any{"text": text}) }

// sees waits for a line after n that fits, and returns it.
func (p *phone) sees(n int, what string, fits func(line) bool) line {
	p.t.Helper()
	var in struct{ Lines []line }
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		p.call("GET", fmt.Sprintf("users/%s/inbox?account=%s&after=%d&wait=0", p.user, url.QueryEscape(p.account), n), nil, &in)
		if i := slices.IndexFunc(in.Lines, func(l line) bool { return l.From != "me" && fits(l) }); i >= 0 {
			return in.Lines[i]
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("%s: never saw %s, but %+v", p.account, what, in.Lines)
	return line{}
}

// reads waits for a line with a text in it.
func (p *phone) reads(n int, text string) line {
	p.t.Helper()
	return p.sees(n, text, func(l line) bool { return strings.Contains(l.Text, text) })
}

// TestWeChatFromQuestionToRating goes with one customer of each kind of WeChat
// account from his first question to his rating, over HTTP at both ends.
func TestWeChatFromQuestionToRating(t *testing.T) {
	if testing.Short() {
		t.Skip("serves a demo")
	}
	base, logins := serveDemo(t)
	crew := newCrew(t, base, logins)
	for _, tt := range []struct{ name, account, begin string }{
		{"a kf account", "wkdemo0000000000000000000001", "enter"},
		{"an official account", "wx00000000000demo1", "follow"},
		{"a mini-program", "wx00000000000demo2", "enter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &phone{t: t, base: base, account: tt.account}
			var u struct{ ID string }
			p.call("POST", "users", map[string]string{"name": tt.name}, &u)
			p.user = u.ID
			p.journey(tt.begin, crew)
		})
	}
}

func (p *phone) journey(begin string, crew *crew) {
	t := p.t
	p.act(begin, map[string]any{"scene": "journey"})
	p.say("怎么开发票")
	answer := p.reads(0, "开发票")
	p.say("转人工")
	p.reads(answer.N, "转接")
	conv := crew.accepts(t)

	cid := "journey-" + p.user
	if _, err := conv.agent.Reply(t.Context(), conv.id, cid, "您好，有什么可以帮您？"); err != nil {
		t.Fatal(err)
	}
	hello := p.reads(answer.N, "有什么可以帮您")
	conv.sendPicture(t, cid+"-picture")
	got := p.sees(hello.N, "a picture", func(l line) bool { return l.Kind == "image" })
	if kind, n := p.fetch(got.Media); kind != "image/png" || n < 50 {
		t.Errorf("the picture on the phone: %s, %d bytes", kind, n)
	}

	p.act("image", nil)
	conv.hears(t, "the customer's picture", func(m zongji.Message) bool {
		return m.From == zongji.FromContact && m.Kind == "image" && len(m.Files) == 1
	})
	p.say("5") // nobody asked for stars yet
	conv.hears(t, "a five", func(m zongji.Message) bool { return m.From == zongji.FromContact && m.Text == "5" })
	if err := conv.agent.Finish(t.Context(), conv.id, "", "解答了发票问题", true); err != nil {
		t.Fatal(err)
	}
	ask := p.sees(got.N, "the question for a rating", func(l line) bool {
		return l.Kind == "msgmenu" || strings.Contains(l.Text, "评价") || strings.Contains(l.Text, "满意")
	})
	if len(ask.Menu) > 0 {
		p.act("tap", map[string]any{"id": ask.Menu[0].ID})
	} else {
		p.say("很满意")
	}
	conv.until(t, "five stars", func(c zongji.Conversation) bool { return c.Stars == 5 })
}

// fetch reads what a phone shows.
func (p *phone) fetch(media string) (kind string, n int) {
	p.t.Helper()
	resp, err := http.Get(p.base + "/api/v1/demo/wechat/" + media)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.Header.Get("Content-Type"), len(data)
}

// serveDemo runs a demo without scripted agents until the test ends.
func serveDemo(t *testing.T) (base string, logins []demo.Login) {
	t.Helper()
	b, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, data := ln.Addr().String(), t.TempDir()
	ln.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Config{Listen: addr, Data: data, Bin: b, Out: io.Discard, Log: slog.New(slog.DiscardHandler)})
	}()
	t.Cleanup(func() { stop(); <-ended })
	base = "http://" + addr
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(base + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatal("the demo did not get ready")
		}
	}
	resp, err := http.Get(base + "/api/v1/demo")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var cockpit struct{ Logins []demo.Login }
	if err := json.NewDecoder(resp.Body).Decode(&cockpit); err != nil {
		t.Fatal(err)
	}
	return base, cockpit.Logins
}

// crew are the demo's agents, who take what they are offered.
type crew struct {
	taken chan *held
}

// held is a conversation that an agent took.
type held struct {
	id    int64
	agent *client.Agent
	rest  *client.REST
}

func newCrew(t *testing.T, base string, logins []demo.Login) *crew {
	t.Helper()
	c := &crew{taken: make(chan *held, 16)}
	ctx, leave := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { leave(); wg.Wait() })
	for _, l := range logins {
		if l.Role != string(zongji.RoleAgent) {
			continue
		}
		r, err := client.Login(ctx, base, l.Login, l.Password)
		if err != nil {
			t.Fatal(err)
		}
		offers := make(chan zongji.Offer, 16)
		a := client.NewAgent(client.AgentConfig{REST: r, Offered: func(o zongji.Offer) { offers <- o }})
		wg.Go(func() { _ = a.Run(ctx) })
		wg.Go(func() {
			_ = a.State(ctx, zongji.AgentReady, "")
			for {
				select {
				case <-ctx.Done():
					return
				case o := <-offers:
					if conv, err := a.Accept(ctx, o.ID); err == nil {
						c.taken <- &held{conv.ID, a, r}
					}
				}
			}
		})
	}
	return c
}

// accepts waits until an agent has the next customer.
func (c *crew) accepts(t *testing.T) *held {
	t.Helper()
	select {
	case h := <-c.taken:
		return h
	case <-time.After(20 * time.Second):
		t.Fatal("no agent was offered the customer")
	}
	return nil
}

// sendPicture uploads a picture and sends it to the customer.
func (h *held) sendPicture(t *testing.T, cid string) {
	t.Helper()
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	part, _ := mw.CreateFormFile("file", "answer.png")
	_, _ = part.Write(pixel)
	mw.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.rest.Base+"/api/v1/files", &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mw.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+h.rest.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var f zongji.File
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.ID == 0 {
		t.Fatalf("upload: %d %v", resp.StatusCode, err)
	}
	if err := h.rest.Do(t.Context(), http.MethodPost, fmt.Sprintf("/api/v1/conversations/%d/messages", h.id), map[string]any{"cid": cid, "text": "", "files": []int64{f.ID}}, nil); err != nil {
		t.Fatal(err)
	}
}

// pixel is a PNG.
var pixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

// view is a conversation as REST tells it.
type view struct {
	Row      zongji.Conversation
	Messages []zongji.Message
}

func (h *held) view(t *testing.T) (v view) {
	t.Helper()
	if err := h.rest.Do(t.Context(), http.MethodGet, fmt.Sprintf("/api/v1/conversations/%d", h.id), nil, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// hears waits for a message that fits.
func (h *held) hears(t *testing.T, what string, fits func(zongji.Message) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if slices.ContainsFunc(h.view(t).Messages, fits) {
			return
		}
	}
	t.Errorf("the desk never had %s, but %+v", what, h.view(t).Messages)
}

// until waits for a state of the conversation.
func (h *held) until(t *testing.T, what string, fits func(zongji.Conversation) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if fits(h.view(t).Row) {
			return
		}
	}
	t.Errorf("never %s: %+v", what, h.view(t).Row)
}
