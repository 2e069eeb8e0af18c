package post

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"zongji/channels"
	"zongji/channels/email/eml"
	"zongji/internal/zongji"
)

var now = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// office is an SMTP server that does what the local parts say: nosuch@ 550,
// full@ 552, grey@ 451, bye@ 421. It keeps what it took.
type office struct {
	cert  tls.Certificate
	pool  *x509.CertPool
	gone  chan struct{} // closed when the test ends
	onEnd func() error  // the answer after the mail; nil takes it
	onAsk func() error  // the answer to MAIL FROM
	mechs []string

	mu   sync.Mutex
	got  []parcel
	port int
}

// parcel is a mail that the office took.
type parcel struct {
	from string
	to   []string
	raw  []byte
}

// newOffice opens one that lives as long as the test.
func newOffice(t *testing.T, security string, prepare func(*office)) (*office, Server) {
	t.Helper()
	o := &office{gone: make(chan struct{}), mechs: []string{"PLAIN", "LOGIN"}}
	o.cert, o.pool = certificate(t)
	if prepare != nil {
		prepare(o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.port = l.Addr().(*net.TCPAddr).Port
	config := &tls.Config{Certificates: []tls.Certificate{o.cert}}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{o: o}, nil }))
	srv.Domain, srv.AllowInsecureAuth, srv.MaxMessageBytes = "mx.test", true, 10<<20
	srv.ErrorLog = quiet{}
	if security == TLS {
		l = tls.NewListener(l, config)
	} else if security == STARTTLS {
		srv.TLSConfig = config
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { close(o.gone); _ = srv.Close(); <-done })
	return o, Server{
		Host: "127.0.0.1", Port: o.port, Security: security, User: "cs@x.test", Password: "secret", TLS: &tls.Config{RootCAs: o.pool},
		Step: 5 * time.Second, Final: 5 * time.Second, Now: func() time.Time { return now },
	}
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificate is one for 127.0.0.1, signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func (o *office) parcels() []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.got)
}

// visit is one connection to the office.
type visit struct {
	o  *office
	in parcel
}

func (v *visit) AuthMechanisms() []string { return v.o.mechs }

func (v *visit) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "cs@x.test" || password != "secret" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "authentication failed"}
		}
		return nil
	}
	switch mech {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &login{check: check}, nil
	case "XOAUTH2":
		return bearer{check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// login is the server's side of LOGIN.
type login struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *login) Next(answer []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(answer)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(answer))
}

// bearer is the server's side of XOAUTH2.
type bearer struct {
	check func(user, password string) error
}

func (b bearer) Next(answer []byte) ([]byte, bool, error) {
	fields := strings.Split(string(answer), "\x01")
	if len(fields) < 2 {
		return nil, true, errors.New("no token")
	}
	return nil, true, b.check(strings.TrimPrefix(fields[0], "user="), strings.TrimPrefix(fields[1], "auth=Bearer "))
}

func (v *visit) Reset()        { v.in = parcel{} }
func (v *visit) Logout() error { return nil }

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	v.in.from = from
	if v.o.onAsk != nil {
		return v.o.onAsk()
	}
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch local, _, _ := strings.Cut(to, "@"); local {
	case "nosuch":
		return refuse(550, 5, 1, 1, "no such user here")
	case "full":
		return refuse(552, 5, 2, 2, "mailbox full")
	case "grey":
		return refuse(451, 4, 7, 1, "greylisted, come back later")
	case "bye":
		return refuse(421, 4, 3, 2, "shutting down")
	}
	v.in.to = append(v.in.to, to)
	return nil
}

func refuse(code, a, b, c int, msg string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{a, b, c}, Message: msg}
}

func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if v.o.onEnd != nil {
		if err := v.o.onEnd(); err != nil {
			return err
		}
	}
	v.in.raw = raw
	v.o.mu.Lock()
	v.o.got = append(v.o.got, v.in)
	v.o.mu.Unlock()
	return nil
}

// letter is an answer to li@c.test.
func letter(to ...string) Letter {
	l := Letter{
		ID: eml.NewID(7, "T-9", "x.test"), Date: now, From: eml.Addr{Name: "客服", Email: "cs@x.test"},
		ReplyTo: eml.Addr{Email: "cs+T-9.00112233@x.test"}, Subject: "Re: 订单", InReplyTo: "in-1@c.test", References: []string{"in-0@c.test", "in-1@c.test"},
		Text: "您好，已发货。", HTML: "<p>您好，已发货。</p>",
	}
	if len(to) == 0 {
		to = []string{"li@c.test"}
	}
	for _, a := range to {
		l.To = append(l.To, eml.Addr{Email: a})
	}
	return l
}

func TestSendOverEveryKindOfConnection(t *testing.T) {
	for _, security := range []string{TLS, STARTTLS, Plain} {
		for _, auth := range []string{"", AuthPlain, AuthLogin, AuthXOAuth2} {
			o, s := newOffice(t, security, func(o *office) { o.mechs = []string{"PLAIN", "LOGIN", "XOAUTH2"} })
			s.Auth = auth
			r, err := Send(context.Background(), s, letter(), 1)
			if err != nil || len(r.Refused) > 0 {
				t.Errorf("%s %q: %+v %v", security, auth, r, err)
				continue
			}
			got := o.parcels()
			if len(got) != 1 || got[0].from != "cs@x.test" || !slices.Equal(got[0].to, []string{"li@c.test"}) {
				t.Errorf("%s %q: got %+v", security, auth, got)
			}
			for _, step := range Steps(context.Background(), s, "cs@x.test") {
				if !step.OK {
					t.Errorf("%s %q: %+v", security, auth, step)
				}
			}
		}
	}
}

func TestSendTakesServersWord(t *testing.T) {
	mins := func(n int) zongji.Ms { return zongji.MsOf(now.Add(time.Duration(n) * time.Minute)) }
	for _, tt := range []struct {
		name    string
		to      string
		ask     error
		end     error
		try     int
		class   channels.Class
		code    string
		retryAt zongji.Ms
	}{
		{"nobody there", "nosuch@c.test", nil, nil, 1, channels.Recipient, "smtp:userunknown", 0},
		{"mailbox full", "full@c.test", nil, nil, 1, channels.Recipient, "smtp:mailboxfull", 0},
		{"greylisted, first try", "grey@c.test", nil, nil, 1, channels.Retry, "smtp:onhold", mins(1)},
		{"greylisted, fourth try", "grey@c.test", nil, nil, 4, channels.Retry, "smtp:onhold", mins(60)},
		{"greylisted, tenth try", "grey@c.test", nil, nil, 10, channels.Retry, "smtp:onhold", mins(240)},
		{"421 to a recipient", "bye@c.test", nil, nil, 2, channels.Retry, "smtp:notaccept", mins(5)},
		{"451 after the mail", "li@c.test", nil, refuse(451, 4, 3, 0, "local error in processing"), 1, channels.Retry, "smtp:systemerror", mins(1)},
		{"552 after the mail", "li@c.test", nil, refuse(552, 5, 3, 4, "message size exceeds limit"), 1, channels.Content, "smtp:mesgtoobig", 0},
		{"554 spam after the mail", "li@c.test", nil, refuse(554, 5, 7, 1, "rejected as spam"), 1, channels.Content, "smtp:spamdetected", 0},
		{"550 no such user after the mail", "li@c.test", nil, refuse(550, 5, 1, 1, "user unknown"), 1, channels.Recipient, "smtp:userunknown", 0},
		{"sender refused", "li@c.test", refuse(553, 5, 1, 8, "sender address rejected"), nil, 1, channels.BadConfig, "smtp:rejected", 0},
		{"a day's quota", "li@c.test", refuse(550, 5, 4, 5, "daily sending quota exceeded"), nil, 1, channels.AccountPaused, "", mins(15)},
		{"too fast", "li@c.test", refuse(451, 4, 7, 0, "rate limit exceeded"), nil, 1, channels.AccountPaused, "smtp:speeding", mins(15)},
	} {
		o, s := newOffice(t, Plain, func(o *office) {
			o.onAsk = func() error { return tt.ask }
			o.onEnd = func() error { return tt.end }
		})
		_, err := Send(context.Background(), s, letter(tt.to), tt.try)
		var se *channels.SendError
		if !errors.As(err, &se) || se.Class != tt.class || tt.code != "" && se.Code != tt.code || se.RetryAt != tt.retryAt || se.Reason == "" {
			t.Errorf("%s: got %+v", tt.name, err)
		}
		if len(o.parcels()) != 0 {
			t.Errorf("%s: the office took a mail", tt.name)
		}
	}
}

func TestSendLosesNoOneBesideARefusal(t *testing.T) {
	o, s := newOffice(t, STARTTLS, nil)
	l := letter("nosuch@c.test", "li@c.test", "grey@c.test")
	l.Bcc = []eml.Addr{{Email: "boss@x.test"}, {Email: "LI@c.test"}}
	r, err := Send(context.Background(), s, l, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := o.parcels()
	if len(got) != 1 || !slices.Equal(got[0].to, []string{"li@c.test", "boss@x.test"}) {
		t.Errorf("got %+v", got)
	}
	if len(r.Refused) != 2 || r.Refused[0].Err.Class != channels.Recipient || r.Refused[1].Err.Class != channels.Retry {
		t.Errorf("refused %+v", r.Refused)
	}
	if strings.Contains(string(got[0].raw), "boss@") {
		t.Error("the others read who had a blind copy")
	}
	l.Only = []string{r.Refused[1].Address}
	if _, err = Send(context.Background(), s, l, 2); err == nil || len(o.parcels()) != 1 {
		t.Errorf("the next try: %v, %d mails", err, len(o.parcels()))
	}
	l.Only = []string{"li@c.test"}
	if _, err = Send(context.Background(), s, l, 2); err != nil || !slices.Equal(o.parcels()[1].to, l.Only) || !strings.Contains(string(o.parcels()[1].raw), "grey@c.test") {
		t.Errorf("for one alone: %v %+v", err, o.parcels())
	}
	// When one of several refusals may pass, the mail is tried again.
	_, err = Send(context.Background(), s, letter("nosuch@c.test", "grey@c.test"), 1)
	var se *channels.SendError
	if !errors.As(err, &se) || se.Class != channels.Retry {
		t.Errorf("got %v", err)
	}
}

func TestSendToASilentServer(t *testing.T) {
	o, s := newOffice(t, Plain, func(o *office) { o.onEnd = func() error { <-o.gone; return nil } })
	s.Final = 200 * time.Millisecond
	_, err := Send(context.Background(), s, letter(), 1)
	var se *channels.SendError
	if !errors.As(err, &se) || se.Class != channels.UnknownResult || se.RetryAt != zongji.MsOf(now.Add(time.Minute)) {
		t.Errorf("after the mail: got %+v", err)
	}
	if len(o.parcels()) != 0 {
		t.Error("taken")
	}

	l, err := net.Listen("tcp", "127.0.0.1:0") // takes the call and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s.Port, s.Step = l.Addr().(*net.TCPAddr).Port, 200*time.Millisecond
	for _, security := range []string{TLS, STARTTLS, Plain} {
		s.Security = security
		if _, err = Send(context.Background(), s, letter(), 1); !errors.As(err, &se) || se.Class != channels.Retry {
			t.Errorf("%s before the greeting: got %+v", security, err)
		}
	}

	s.Step = time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err = Send(ctx, s, letter(), 1); !errors.As(err, &se) || se.Class != channels.Retry || time.Since(begin) > 30*time.Second {
		t.Errorf("cancelled: got %+v after %v", err, time.Since(begin))
	}
	_ = l.Close()
	if _, err = Send(context.Background(), s, letter(), 1); !errors.As(err, &se) || se.Class != channels.Retry || se.Code != "smtp:connect" {
		t.Errorf("nobody listens: got %+v", err)
	}
}

func TestSendIsHeldBackByTheAccount(t *testing.T) {
	for _, tt := range []struct {
		name, security, code string
		prepare              func(*Server)
	}{
		{"wrong password", STARTTLS, "smtp:login", func(s *Server) { s.Password = "wrong" }},
		{"wrong password by LOGIN", STARTTLS, "smtp:login", func(s *Server) { s.Password, s.Auth = "wrong", AuthLogin }},
		{"expired token", STARTTLS, "smtp:login", func(s *Server) { s.Password, s.Auth = "old", AuthXOAuth2 }},
		{"certificate of another", TLS, "smtp:certificate", func(s *Server) { s.TLS = nil }},
		{"no STARTTLS", Plain, "smtp:tls", func(s *Server) { s.Security = STARTTLS }},
	} {
		o, s := newOffice(t, tt.security, func(o *office) { o.mechs = []string{"PLAIN", "LOGIN", "XOAUTH2"} })
		tt.prepare(&s)
		_, err := Send(context.Background(), s, letter(), 1)
		var se *channels.SendError
		if !errors.As(err, &se) || se.Class != channels.AccountPaused || se.Code != tt.code || se.RetryAt == 0 {
			t.Errorf("%s: got %+v", tt.name, err)
		}
		if strings.Contains(err.Error(), s.Password) {
			t.Errorf("%s: the password is in the error", tt.name)
		}
		steps := Steps(context.Background(), s, "cs@x.test")
		if last := steps[len(steps)-1]; last.OK || last.Text != se.Reason {
			t.Errorf("%s: steps %+v", tt.name, steps)
		}
		if len(o.parcels()) != 0 {
			t.Errorf("%s: sent", tt.name)
		}
	}
}

func TestBuildReadsBack(t *testing.T) {
	l := letter("li@c.test", "Wang@例子.test")
	l.To[0].Name = "李\r\nBcc: evil@e.test"
	l.Cc = []eml.Addr{{Name: "Boss, The", Email: "boss@c.test"}}
	l.Subject = "Re: 订单\r\nX-Evil: 1"
	l.Text = strings.Repeat("一行很长的中文没有换行", 300)
	long := "2025年第二季度与某某公司关于售后服务的补充协议的附件清单和说明（最终版）.pdf"
	l.Files = []File{
		{Name: "a.txt", Type: "text/plain", Data: []byte("plain")},
		{Name: "../..\\发票.pdf", Type: "application/pdf", Data: []byte("%PDF")},
		{Name: long, Type: "nonsense", Data: []byte("x")},
		{Name: "logo.png", Type: "image/png", CID: "logo", Data: []byte("png")},
	}
	raw, err := Build(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range strings.Split(string(raw), "\r\n") {
		if len(s) > 998 || strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
			t.Fatalf("line of %d bytes: %.80q", len(s), s)
		}
	}
	m := eml.Parse(raw, eml.Options{})
	if m.Err != nil || m.MessageID != l.ID || m.Subject != "Re: 订单  X-Evil: 1" && m.Subject != "Re: 订单 X-Evil: 1" || strings.TrimSpace(m.Text) != l.Text {
		t.Errorf("got %q %q %v", m.MessageID, m.Subject, m.Err)
	}
	if m.Header.Has("X-Evil") || m.Header.Has("Bcc") || m.Header.Has("X-Mailer") || m.Header.Has("User-Agent") {
		t.Errorf("header %+v", m.Header)
	}
	if len(m.To) != 2 || m.To[1].Email != "Wang@xn--fsqu00a.test" || len(m.Cc) != 1 || m.Cc[0].Name != "Boss, The" || m.From[0].Name != "客服" || m.ReplyTo[0].Email != "cs+T-9.00112233@x.test" {
		t.Errorf("addresses %+v %+v %+v %+v", m.From, m.To, m.Cc, m.ReplyTo)
	}
	if !slices.Equal(m.InReplyTo, []string{"in-1@c.test"}) || !slices.Equal(m.References, []string{"in-0@c.test", "in-1@c.test"}) || !m.Date.Equal(now) {
		t.Errorf("thread %v %v %v", m.InReplyTo, m.References, m.Date)
	}
	var names []string
	for _, a := range m.Attachments {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	if want := []string{long, "a.txt", "logo.png", "发票.pdf"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	if c := m.Class(eml.Own{}); c != eml.Human {
		t.Errorf("an agent's answer is %s", c)
	}
}

func TestBuildAutomaticMails(t *testing.T) {
	l := letter()
	l.Auto, l.Loop, l.Unsubscribe = AutoReplied, "tok", "https://x.test/u/1"
	for i := range 50 {
		l.References = append(l.References, eml.NewID(int64(i), "T-9", "x.test"))
	}
	raw, err := Build(l)
	if err != nil {
		t.Fatal(err)
	}
	m := eml.Parse(raw, eml.Options{})
	for name, want := range map[string]string{"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Zongji-Loop": "tok", "List-Unsubscribe": "<https://x.test/u/1>"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if len(m.References) != 20 || m.References[0] != "in-0@c.test" || m.References[19] != eml.NewID(49, "T-9", "x.test") {
		t.Errorf("references %d %v", len(m.References), m.References)
	}
	if l.Envelope() != "" || m.Class(eml.Own{Loop: "tok"}) != eml.OwnLoop || m.Class(eml.Own{Loop: "other"}).MayAutoReply() {
		t.Errorf("envelope %q, class %s", l.Envelope(), m.Class(eml.Own{Loop: "other"}))
	}
	o, s := newOffice(t, Plain, nil)
	if _, err := Send(context.Background(), s, l, 1); err != nil {
		t.Fatal(err)
	}
	if got := o.parcels(); len(got) != 1 || got[0].from != "" {
		t.Errorf("got %+v", got)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Letter){
		"nobody":                    func(l *Letter) { l.To = nil },
		"no Message-ID":             func(l *Letter) { l.ID = "" },
		"no address":                func(l *Letter) { l.To[0].Email = "li" },
		"a header in an address":    func(l *Letter) { l.To[0].Email = "li@c.test\r\nBcc: e@e.test" },
		"a command in an address":   func(l *Letter) { l.Bcc = []eml.Addr{{Email: "a@b>\r\nRCPT TO:<e@e.test"}} },
		"a bracket in a reply-to":   func(l *Letter) { l.ReplyTo.Email = "<a>@b.test" },
		"a local part out of ASCII": func(l *Letter) { l.To[0].Email = "李@c.test" },
	} {
		l := letter()
		spoil(&l)
		if _, err := Build(l); err == nil {
			t.Errorf("%s: built", name)
		}
		var se *channels.SendError
		if _, err := Send(context.Background(), Server{}, l, 1); !errors.As(err, &se) || se.Class != channels.Content {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
