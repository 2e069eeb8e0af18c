package email

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"zongji/channels"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// post is a world with both servers: what it sends to X@example.test lies in the
// mailbox of X.
func both(t *testing.T) (*world, *testenv.DovecotServer, map[string]string) {
	t.Helper()
	d, set := box(t)
	p := testenv.Postfix(t, d)
	return newWorld(), d, extended(set, "smtp_port", fmt.Sprint(p.Submission), "smtp_tls", "starttls", "smtp_host", "localhost", "tls_ca", d.CA)
}

func reply(id int64, in zongji.Inbound, text string) zongji.Outbound {
	return zongji.Outbound{ID: id, Thread: in.Thread, To: in.From, Try: 1, Msg: zongji.Message{ID: id, From: zongji.FromAgent, Kind: zongji.KindText,
		Text: text, At: zongji.NowMs(zongji.Wall{})}}
}

func TestAnswerGoesOutAndItsAnswerComesBackToTheThread(t *testing.T) {
	w, d, set := both(t)
	a := w.open(t, set)
	w.run(t, a)
	w.placed(t, 0)
	d.Deliver(t, "box@example.test", letterOf(1))
	w.placed(t, 1)
	first := w.mails()[0]
	first.From.Ext, first.From.Email = "customer@example.test", "customer@example.test"
	out := reply(42, first, "您好，已发货。<b>")
	out.Msg.Files = []zongji.File{shelved(t, &w.shelf)}
	sent, err := a.Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if want := "out.42." + first.Thread + "@example.test"; sent.ExtID != want {
		t.Errorf("sent as %q, want %q", sent.ExtID, want)
	}
	w.threads.Sent(first.Thread, sent.ExtID, 42)
	got := mailOf(t, d, "customer")
	for _, want := range []string{"Message-ID: <" + sent.ExtID + ">", "In-Reply-To: <m1@customer.test>", "Re: order 1", "box+" + first.Thread + ".", "multipart/", "log.txt"} {
		if !strings.Contains(got, want) {
			t.Errorf("the mail lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Auto-Submitted") {
		t.Error("an agent's answer says that a machine wrote it")
	}
	until(t, "the copy in Sent", func() bool { return len(glob(t, d.Dir+"/mail/box/.Sent/*/*")) > 0 })

	token := got[strings.Index(got, "<box+")+1:]
	token = token[:strings.IndexByte(token, '>')]
	d.Deliver(t, "box@example.test",
		testenv.CRLF("Message-ID: <r1@x>\nFrom: customer@example.test\nSubject: something else\nTo: "+token+"\n\nby token\n"),
		testenv.CRLF("Message-ID: <r2@x>\nFrom: customer@example.test\nIn-Reply-To: <"+sent.ExtID+">\nTo: box@example.test\n\nby id\n"),
		testenv.CRLF("Message-ID: <r3@x>\nFrom: other@example.test\nSubject: order 1\nTo: box@example.test\n\nanother\n"))
	w.placed(t, 4)
	mails := w.mails()
	for i, want := range []struct{ thread, how string }{{first.Thread, "token"}, {first.Thread, "in_reply_to"}, {"", "new"}} {
		in := mails[i+1]
		var m zongji.Mail
		if err := json.Unmarshal(in.Extra, &m); err != nil {
			t.Fatal(err)
		}
		if same := in.Thread == first.Thread; same != (want.thread != "") || m.Match != want.how {
			t.Errorf("mail %d: thread %s by %q, want %v", i, in.Thread, m.Match, want)
		}
		if m.Topic != (i == 0) {
			t.Errorf("mail %d: a new topic %v", i, m.Topic)
		}
	}
}

func TestMailThatComesBackMarksItsMessage(t *testing.T) {
	w, _, set := both(t)
	a := w.open(t, set)
	w.run(t, a)
	w.placed(t, 0)
	in := zongji.Inbound{ExtID: "1", Kind: zongji.InMessage, Thread: "T-5", From: zongji.Identity{Ext: "bounce@example.test"}}
	w.threads.Save(in)
	sent, err := a.Send(t.Context(), reply(77, in, "您好"))
	if err != nil {
		t.Fatal(err)
	}
	w.threads.Sent("T-5", sent.ExtID, 77)
	w.placed(t, 1)
	all := w.threads.Mails()[1:]
	if len(all) != 2 || all[0].Kind != zongji.InStatus || all[0].RefMsg != 77 || all[0].State != zongji.StateFailed || !strings.HasPrefix(all[0].Reason, "mail:") {
		t.Fatalf("accepted %+v, want that message 77 failed", all)
	}
	if !all[1].Auto || all[1].From.Ext != "bounce@example.test" {
		t.Errorf("the report is %+v: want it kept as automatic, of the customer whom it concerns", all[1])
	}
}

func TestSendSaysWhatToDo(t *testing.T) {
	w, _, set := both(t)
	a := w.open(t, set)
	for _, tt := range []struct {
		to    string
		class channels.Class
	}{
		{"nosuch@example.test", channels.Recipient},
		{"greylist@example.test", channels.Retry},
		{"", channels.Recipient},
	} {
		_, err := a.Send(t.Context(), reply(1, zongji.Inbound{Thread: "T-1", From: zongji.Identity{Ext: tt.to}}, "您好"))
		var se *channels.SendError
		if !errors.As(err, &se) || se.Class != tt.class {
			t.Errorf("to %q: %v, want the class %s", tt.to, err, tt.class)
		}
	}
	out := reply(2, zongji.Inbound{Thread: "T-1"}, "您好")
	out.Msg.Kind = zongji.KindMail
	out.Msg.Extra, _ = json.Marshal(zongji.Mail{Subject: "x", To: []zongji.MailAddr{{Addr: "a@example.test"}}, Cc: []zongji.MailAddr{{Addr: "nosuch@example.test"}}})
	sent, err := a.Send(t.Context(), out)
	if err != nil || !strings.Contains(sent.Note, "nosuch@example.test") {
		t.Errorf("one refused of two: %+v, %v, want it sent with a note", sent, err)
	}
	wrong := w.open(t, extended(set, "imap_password", "wrong"))
	_, err = wrong.Send(t.Context(), out)
	var se *channels.SendError
	if !errors.As(err, &se) || se.Class != channels.AccountPaused {
		t.Errorf("a wrong password: %v, want the account to rest", err)
	}
}

func TestMachineWordsSaySo(t *testing.T) {
	w, d, set := both(t)
	a := w.open(t, set)
	out := reply(3, zongji.Inbound{Thread: "T-1", From: zongji.Identity{Ext: "c@example.test"}}, "您好")
	out.Msg.From = zongji.FromSystem
	if _, err := a.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	got := mailOf(t, d, "c")
	for _, want := range []string{"Auto-Submitted: auto-replied", "X-Zongji-Loop: " + a.loop, "Return-Path: <>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the mail lacks %q:\n%s", want, got)
		}
	}
}

func TestConnectionTestSaysWhatIsWrong(t *testing.T) {
	w, _, set := both(t)
	steps := func(pairs ...string) string {
		a := w.open(t, extended(set, pairs...))
		var out []string
		for _, s := range check(t.Context(), a.acct) {
			if !s.OK {
				s.Name = "!" + s.Name
			}
			out = append(out, s.Name)
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		what  string
		pairs []string
		want  string
	}{
		{"all is well", nil, "settings dns tcp greeting login id select idle quota sent smtp_connect smtp_hello smtp_tls smtp_login smtp_from"},
		{"a wrong password", []string{"imap_password", "wrong"}, "settings dns tcp greeting !login smtp_connect smtp_hello smtp_tls !smtp_login"},
		{"nobody listens", []string{"imap_port", "1"}, "settings dns !tcp smtp_connect smtp_hello smtp_tls smtp_login smtp_from"},
		{"no such name", []string{"imap_host", "no.such.host.invalid"}, "settings !dns smtp_connect smtp_hello smtp_tls smtp_login smtp_from"},
		{"no such mailbox", []string{"mailboxes", "INBOX\nNowhere"}, "settings dns tcp greeting login id select !select smtp_connect smtp_hello smtp_tls smtp_login smtp_from"},
		{"a certificate that nobody knows", []string{"tls_ca", "", "imap_tls", "starttls"}, "settings dns tcp !greeting smtp_connect smtp_hello !smtp_tls"},
	} {
		if got := steps(tt.pairs...); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
}

// mailOf waits for the first mail of a user and returns it.
func mailOf(t *testing.T, d *testenv.DovecotServer, user string) string {
	t.Helper()
	var found []string
	until(t, "the mail of "+user, func() bool {
		found = append(glob(t, d.Dir+"/mail/"+user+"/new/*"), glob(t, d.Dir+"/mail/"+user+"/cur/*")...)
		return len(found) > 0
	})
	time.Sleep(10 * time.Millisecond)
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func shelved(t *testing.T, s channels.Blobs) zongji.File {
	t.Helper()
	f, err := s.Put(t.Context(), "log.txt", strings.NewReader("abc"), 100)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
