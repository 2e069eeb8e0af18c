package post

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"zongji/channels"
)

// Server is where mails are handed in.
type Server struct {
	Host     string
	Port     int    // 0: 465 with TLS, 587 with STARTTLS, 25 plain
	Security string // TLS (the default), STARTTLS or Plain
	User     string // "" sends without login
	Password string // or 授权码; the access token for XOAUTH2
	Auth     string // AuthPlain, AuthLogin or AuthXOAuth2; "" takes what the server offers
	Hello    string // how we call ourselves; "" "localhost"

	TLS   *tls.Config      // nil: the system's roots and Host
	Step  time.Duration    // limit of each step; 0: 30 s
	Final time.Duration    // limit of the answer after the mail; 0: 5 min (RFC 5321 §4.5.3.2.6 asks for 10)
	Now   func() time.Time // nil: time.Now
}

// How a connection is protected.
const (
	TLS      = "tls"
	STARTTLS = "starttls"
	Plain    = "plain"
)

// How a login is made.
const (
	AuthPlain   = "plain"
	AuthLogin   = "login"
	AuthXOAuth2 = "xoauth2"
)

// Refusal is a recipient that did not get the mail though others did.
type Refusal struct {
	Address string
	Err     *channels.SendError
}

// Result is what became of a mail that someone got.
type Result struct {
	Raw     []byte // the mail as sent, for the Sent folder
	Refused []Refusal
}

// backoff is how long to wait before the next try.
var backoff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}

// Backoff is the wait after try number try, which counts from one.
func Backoff(try int) time.Duration { return backoff[min(max(try, 1), len(backoff))-1] }

// accountRest is how long an account rests whose login or quota is the trouble.
const accountRest = 15 * time.Minute

// Send hands the letter to the server; try counts from one. When nobody got
// it the error is a *channels.SendError; when some did, the others are in
// Result.Refused, and a next try is for those alone: see Letter.Only.
func Send(ctx context.Context, s Server, l Letter, try int) (Result, error) {
	raw, err := Build(l)
	if err != nil {
		return Result{}, &channels.SendError{Class: channels.Content, Code: "smtp:letter", Reason: err.Error(), Err: err}
	}
	l, _ = l.ascii() // as Build found it
	c := &call{s: s, try: try, step: "connect"}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return Result{}, c.failed(err)
	}
	refused, err := c.deliver(ctx, l, raw)
	if err != nil {
		return Result{}, err
	}
	return Result{Raw: raw, Refused: refused}, nil
}

// call is one connection.
type call struct {
	s    Server
	try  int
	step string // what is being done: connect, tls, hello, login, mail, rcpt, data, end
	conn net.Conn
	smtp *smtp.Client
	stop func() bool
}

func (c *call) close() {
	if c.stop != nil {
		c.stop()
	}
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// begin names the next step and limits it.
func (c *call) begin(ctx context.Context, step string, limit time.Duration) {
	c.step = step
	_ = c.conn.SetDeadline(time.Now().Add(limit)) // the kernel's clock, not the product's
	if ctx.Err() != nil {
		_ = c.conn.SetDeadline(time.Unix(1, 0))
	}
}

func (c *call) limit() time.Duration { return cmp.Or(c.s.Step, 30*time.Second) }

// open connects, protects the connection and logs in.
func (c *call) open(ctx context.Context) error {
	port := c.s.Port
	if port == 0 {
		port = map[string]int{STARTTLS: 587, Plain: 25}[c.s.Security]
	}
	dial := net.Dialer{Timeout: c.limit(), KeepAlive: 30 * time.Second}
	conn, err := dial.DialContext(ctx, "tcp", net.JoinHostPort(c.s.Host, strconv.Itoa(cmp.Or(port, 465))))
	if err != nil {
		return err
	}
	c.conn = conn
	c.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	config := c.s.TLS
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config = config.Clone()
	config.ServerName = cmp.Or(config.ServerName, c.s.Host)
	if cmp.Or(c.s.Security, TLS) == TLS {
		c.begin(ctx, "tls", c.limit())
		secure := tls.Client(conn, config)
		if err := secure.Handshake(); err != nil {
			return err
		}
		conn = secure
	}
	c.begin(ctx, "hello", c.limit())
	if c.smtp, err = smtp.NewClient(conn, c.s.Host); err != nil {
		return err
	}
	c.smtp.SkipSMTPUTF8(true)
	if err := c.smtp.Hello(cmp.Or(c.s.Hello, "localhost")); err != nil {
		return err
	}
	if c.s.Security == STARTTLS {
		c.begin(ctx, "tls", c.limit())
		if ok, _ := c.smtp.Extension("STARTTLS"); !ok {
			return errNoTLS
		}
		if err := c.smtp.StartTLS(config); err != nil {
			return err
		}
	}
	return c.login(ctx)
}

// What a server may lack.
var (
	errNoTLS   = errors.New("the server offers no STARTTLS")
	errNoLogin = errors.New("the server offers no login that we know")
)

func (c *call) login(ctx context.Context) error {
	if c.s.User == "" {
		return nil
	}
	c.begin(ctx, "login", c.limit())
	_, offered := c.smtp.Extension("AUTH")
	mechs := strings.Fields(strings.ToUpper(offered))
	how := c.s.Auth
	if how == "" {
		for _, m := range []string{AuthPlain, AuthLogin} {
			if slices.Contains(mechs, strings.ToUpper(m)) {
				how = m
				break
			}
		}
	}
	// A plain connection was chosen by who wrote the settings.
	open := c.s.Security == Plain
	switch how {
	case AuthPlain:
		return c.smtp.Auth(smtp.PlainAuth("", c.s.User, c.s.Password, c.s.Host, open))
	case AuthLogin:
		return c.smtp.Auth(smtp.LoginAuth(c.s.User, c.s.Password, c.s.Host, open))
	case AuthXOAuth2:
		return c.smtp.Auth(smtp.XOAuth2Auth(c.s.User, c.s.Password))
	}
	return errNoLogin
}

// deliver makes the one transaction. A refused recipient does not stop it.
func (c *call) deliver(ctx context.Context, l Letter, raw []byte) (refused []Refusal, err error) {
	c.begin(ctx, "mail", c.limit())
	if err := c.smtp.Mail("<" + l.Envelope() + ">"); err != nil {
		return nil, c.failed(err)
	}
	all := l.Recipients()
	for _, to := range all {
		c.begin(ctx, "rcpt", c.limit())
		err := c.smtp.Rcpt("<" + to + ">")
		if err == nil {
			continue
		}
		se := c.failed(err)
		if answer(err) == nil || answer(err).Code == 421 {
			return nil, se // the connection is gone: nobody got it
		}
		refused = append(refused, Refusal{to, se})
	}
	if len(refused) == len(all) {
		return nil, worst(refused)
	}
	c.begin(ctx, "data", c.limit())
	w, err := c.smtp.Data()
	if err != nil {
		return nil, c.failed(err)
	}
	for part := range slices.Chunk(raw, 64<<10) {
		c.begin(ctx, "data", c.limit())
		if _, err := w.Write(part); err != nil {
			return nil, c.failed(err)
		}
	}
	c.begin(ctx, "end", cmp.Or(c.s.Final, 5*time.Minute))
	if err := w.Close(); err != nil {
		return nil, c.failed(err)
	}
	c.begin(ctx, "quit", time.Second)
	_ = c.smtp.Quit() // the mail is theirs, whatever they say now
	return refused, nil
}

// worst is the error of a mail that nobody got: one that may be tried again
// if any may, since the others will be refused again.
func worst(refused []Refusal) *channels.SendError {
	for _, class := range []channels.Class{channels.AccountPaused, channels.Retry} {
		for _, r := range refused {
			if r.Err.Class == class {
				return r.Err
			}
		}
	}
	return refused[0].Err
}

func (c *call) now() time.Time {
	if c.s.Now != nil {
		return c.s.Now()
	}
	return time.Now()
}

// String names the server, for errors.
func (s Server) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }
