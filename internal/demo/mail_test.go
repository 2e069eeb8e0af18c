package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"zongji/channels/email"
	"zongji/channels/email/eml"
	"zongji/channels/email/post"
)

// TestMailsOfTheDemo: a customer writes to the company, whose mailbox a program
// can watch; the company's answer over SMTP reaches the customer, who answers it.
func TestMailsOfTheDemo(t *testing.T) {
	o, err := openMail()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return o.run(ctx) })
	page := o.handler()
	do := func(method, path, body string) string {
		t.Helper()
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(method, mailPath+path, strings.NewReader(body)))
		return w.Body.String()
	}
	if got := do("GET", "state", ""); !strings.Contains(got, shopAddr) || !strings.Contains(got, `"unread":1`) {
		t.Errorf("state: %s", got)
	}
	for _, s := range email.Kind().Check(t.Context(), o.account()) {
		if !s.OK {
			t.Errorf("connection test: %s: %s", s.Name, s.Text)
		}
	}

	do("POST", "boxes/lin", `{"to":["`+shopAddr+`"],"subject":"发票","text":"请开发票","files":[{"name":"订单.txt","type":"text/plain","data":"aGk="}]}`)
	st, err := o.company.Status("INBOX", &imap.StatusOptions{NumMessages: true})
	if err != nil || *st.NumMessages != 1 {
		t.Errorf("the company's mailbox: %+v, %v", st, err)
	}

	var list mailList
	answered := make(chan string, 1)
	rev := o.rev
	go func() { // a page that waits
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest("GET", mailPath+fmt.Sprintf("boxes/lin?rev=%d", rev), nil))
		answered <- w.Body.String()
	}()
	raw, err := post.Build(post.Letter{ID: "out.1.t@yunqiao.example", Date: time.Now(), From: eml.Addr{Email: shopAddr}, To: []eml.Addr{{Email: "lin.xiaoman@mail.example"}},
		ReplyTo: eml.Addr{Email: "service+t1@yunqiao.example"}, Subject: "Re: 发票", Text: "已开具"})
	if err != nil {
		t.Fatal(err)
	}
	d := &delivery{office: o}
	if err := d.Rcpt("nobody@mail.example", nil); err == nil {
		t.Error("an unknown address is taken")
	}
	if err := d.Rcpt("LIN.xiaoman@mail.example", nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Data(strings.NewReader(string(raw))); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(<-answered), &list); err != nil || len(list.Mails) != 3 || !list.Mails[0].Unread || list.Mails[0].From.Addr != "service+t1@yunqiao.example" {
		t.Fatalf("the customer's mailbox: %+v, %v", list.Mails, err)
	}
	if got := do("GET", "boxes/lin/3", ""); !strings.Contains(got, "已开具") {
		t.Errorf("the answer: %s", got)
	}
	do("POST", "boxes/lin", `{"to":["service+t1@yunqiao.example"],"subject":"Re: 发票","text":"收到","reply":3}`)
	if got := do("GET", "boxes/lin/4", ""); !strings.Contains(got, "out.1.t@yunqiao.example") || !strings.Contains(got, "写道：") {
		t.Errorf("the customer's answer: %s", got)
	}
	if got := do("GET", "boxes/lin/2/files/0", ""); got != "hi" {
		t.Errorf("an attachment: %q", got)
	}
	cancel()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
