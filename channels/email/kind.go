// Package email is the channel of customers who write mails. One account is one
// address: its mails are watched over IMAP and answered over SMTP. What a mail
// means is package eml's, how one is sent package post's; here is what keeps a
// mailbox and the installation in step, whatever a server does.
package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"zongji/channels"
	"zongji/channels/email/eml"
	"zongji/channels/email/post"
	"zongji/internal/zongji"
)

// How a login is made.
const (
	byPassword    = "password" // or 授权码, an app password
	byXOAuth2     = "xoauth2"
	byOAuthBearer = "oauthbearer" // RFC 7628; SMTP uses XOAUTH2 beside it
)

// What is done with a mail once it is stored.
const (
	thenNothing = "nothing"
	thenSeen    = "seen" // \Seen is set
	thenFlag    = "flag" // the keyword $Zongji is set
	thenMove    = "move" // it is moved to move_to
)

// Where a copy of what was sent goes.
const (
	sentAuto   = "auto" // as the provider's preset says; without one it is appended
	sentAppend = "append"
	sentNone   = "none"
)

// Kind is what internal/app lists. One node watches an account: the router's
// lease says which.
func Kind() channels.Kind {
	security := []string{post.TLS, post.STARTTLS, post.Plain}
	return channels.Kind{
		Name:      "email",
		Exclusive: true,
		Mail:      true,
		Presets:   presets(),
		Form: append([]channels.Field{
			{Key: "provider", Type: "select", Default: "own", Options: names()},
			{Key: "from", Type: "text", Required: true, Max: 200},
			{Key: "from_name", Type: "text", Max: 100},
			{Key: "aliases", Type: "area", Max: 2000},
			{Key: "auth", Type: "select", Default: byPassword, Options: []string{byPassword, byXOAuth2, byOAuthBearer}},
			{Key: "imap_host", Type: "text", Max: 200},
			{Key: "imap_port", Type: "number", Max: 5},
			{Key: "imap_tls", Type: "select", Options: security},
			{Key: "imap_user", Type: "text", Max: 200},
			{Key: "imap_password", Type: "secret", Max: 4000},
			{Key: "smtp_host", Type: "text", Max: 200},
			{Key: "smtp_port", Type: "number", Max: 5},
			{Key: "smtp_tls", Type: "select", Options: security},
			{Key: "smtp_user", Type: "text", Max: 200},
			{Key: "smtp_password", Type: "secret", Max: 4000},
			{Key: "oauth_token_url", Type: "text", Max: 300},
			{Key: "oauth_client_id", Type: "text", Max: 300},
			{Key: "oauth_client_secret", Type: "secret", Max: 1000},
			{Key: "oauth_refresh_token", Type: "secret", Max: 4000},
			{Key: "oauth_scope", Type: "text", Max: 500},
			{Key: "tls_ca", Type: "area", Max: 20000},
			{Key: "mailboxes", Type: "area", Default: "INBOX", Max: 2000},
			{Key: "first_days", Type: "number", Default: "0", Max: 4},
			{Key: "poll_s", Type: "number", Max: 4},
			{Key: "then", Type: "select", Default: thenNothing, Options: []string{thenNothing, thenSeen, thenFlag, thenMove}},
			{Key: "move_to", Type: "text", Max: 200},
			{Key: "sent", Type: "select", Default: sentAuto, Options: []string{sentAuto, sentAppend, sentNone}},
			{Key: "sent_box", Type: "text", Max: 200},
			{Key: "plus", Type: "select", Options: []string{"yes", "no"}},
			{Key: "auth_server", Type: "text", Max: 200},
			{Key: "rate_hour", Type: "number", Max: 6},
		}, channels.MailForm()...),
		Open: func(ctx context.Context, a zongji.ChannelAccount, d channels.Deps) (channels.Channel, error) {
			return open(ctx, a, d)
		},
		Check: check,
	}
}

// preset is what is known of a provider. Settings that an account leaves out
// are taken from it.
type preset struct {
	name    string
	set     map[string]string
	code    bool // wants a 授权码 or an app password, made in its web mail, in place of the password
	saves   bool // keeps a copy of what is sent by itself
	noIdle  bool // says that it has IDLE and tells nothing, or has none
	named   bool // takes no mail with an empty sender (RFC 3834 wants one for automatic mails)
	sendsID bool // refuses to open a mailbox to who does not say what he is (RFC 2971)
}

// providers are the presets; "own" is a server of the company's own.
// Hosts and ports are as the providers' help pages give them; rates are what
// one mailbox may send in an hour without being held back.
var providers = []preset{
	{name: "own", set: map[string]string{"imap_tls": post.TLS, "smtp_tls": post.STARTTLS, "plus": "yes"}},
	{name: "qq", named: true, code: true, set: hosts("imap.qq.com", "smtp.qq.com", "no", "mx.qq.com", "50")},
	{name: "exmail", named: true, code: true, set: hosts("imap.exmail.qq.com", "smtp.exmail.qq.com", "no", "mx.qq.com", "100")},
	{name: "163", named: true, code: true, sendsID: true, noIdle: true, set: with(hosts("imap.163.com", "smtp.163.com", "no", "", "50"), "poll_s", "30")},
	{name: "126", named: true, code: true, sendsID: true, noIdle: true, set: with(hosts("imap.126.com", "smtp.126.com", "no", "", "50"), "poll_s", "30")},
	{name: "qiye163", named: true, code: true, sendsID: true, noIdle: true, set: with(hosts("imap.qiye.163.com", "smtp.qiye.163.com", "no", "", "100"), "poll_s", "30")},
	{name: "aliyun", named: true, code: true, set: hosts("imap.qiye.aliyun.com", "smtp.qiye.aliyun.com", "no", "", "100")},
	{name: "gmail", named: true, code: true, saves: true, set: with(hosts("imap.gmail.com", "smtp.gmail.com", "yes", "mx.google.com", "80"),
		"oauth_token_url", "https://oauth2.googleapis.com/token")},
	{name: "outlook", named: true, saves: true, set: with(with(hosts("outlook.office365.com", "smtp.office365.com", "yes", "", "300"),
		"smtp_tls", post.STARTTLS), "oauth_token_url", "https://login.microsoftonline.com/common/oauth2/v2.0/token",
		"oauth_scope", "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access", "auth", byXOAuth2)},
}

func hosts(imap, smtp, plus, authServer, rate string) map[string]string {
	m := map[string]string{"imap_host": imap, "imap_tls": post.TLS, "smtp_host": smtp, "smtp_tls": post.TLS, "plus": plus, "rate_hour": rate}
	if authServer != "" {
		m["auth_server"] = authServer
	}
	return m
}

func with(m map[string]string, pairs ...string) map[string]string {
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func names() (list []string) {
	for _, p := range providers {
		list = append(list, p.name)
	}
	return list
}

// presets is what the console fills in when a provider is chosen.
func presets() (list []channels.Preset) {
	for _, p := range providers {
		notes := []string{}
		if p.code {
			notes = append(notes, "code")
		}
		if p.set["auth"] == byXOAuth2 {
			notes = append(notes, "oauth")
		}
		if p.noIdle {
			notes = append(notes, "poll")
		}
		list = append(list, channels.Preset{Field: "provider", Value: p.name, Set: p.set, Notes: notes})
	}
	return list
}

func presetOf(name string) preset {
	for _, p := range providers {
		if p.name == name {
			return p
		}
	}
	return providers[0]
}

// config is an account's settings, read.
type config struct {
	preset
	from      eml.Addr
	own       []string // every address that is ours
	domain    string   // of from
	auth      string
	imap      server
	smtp      post.Server
	boxes     []string
	firstDays int
	poll      time.Duration
	then      string
	moveTo    string
	copies    bool // what is sent is appended to the Sent folder
	sentBox   string
	plus      bool
	authBy    string
	rate      float64 // mails in an hour; 0: as many as come
	oauth     oauth
}

// server is where mails are fetched.
type server struct {
	host, security, user, password string
	port                           int
	tls                            *tls.Config
}

func (s server) addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// limits of the settings.
const (
	maxBoxes    = 10 // mailboxes of an account: each is a connection
	minPoll     = 5 * time.Second
	usualPoll   = time.Minute
	maxFirst    = 365 // days
	maxRateHour = 100000
)

// read reads the settings of an account, and names the first that is wrong.
func read(a zongji.ChannelAccount) (c config, err error) {
	c.preset = presetOf(a.Settings["provider"])
	get := func(key string) string { return cmp.Or(strings.TrimSpace(a.Settings[key]), c.preset.set[key]) }
	number := func(key string, usual, lo, hi int) int {
		s := get(key)
		if s == "" || err != nil {
			return usual
		}
		n, e := strconv.ParseFloat(s, 64)
		if e != nil || int(n) < lo || int(n) > hi {
			err = bad("%s: want a number from %d to %d", key, lo, hi)
		}
		return int(n)
	}
	c.from = eml.Addr{Name: get("from_name"), Email: get("from")}
	if parsed, e := mail.ParseAddress(c.from.Email); e != nil {
		return c, bad("from: want a mail address")
	} else if c.from.Email = parsed.Address; c.from.Name == "" {
		c.from.Name = cmp.Or(parsed.Name, a.Name)
	}
	c.domain = c.from.Email[strings.LastIndexByte(c.from.Email, '@')+1:]
	c.own = []string{c.from.Email}
	c.own = append(c.own, strings.FieldsFunc(get("aliases"), func(r rune) bool { return strings.ContainsRune("\r\n,; ", r) })...)
	roots, e := rootsOf(a.Settings["tls_ca"])
	if e != nil {
		return c, e
	}
	c.auth = cmp.Or(get("auth"), byPassword)
	if a.Settings["auth"] == "" && a.Secrets["imap_password"] != "" {
		c.auth = byPassword
	}
	c.imap = server{host: get("imap_host"), security: cmp.Or(get("imap_tls"), post.TLS), user: cmp.Or(get("imap_user"), c.from.Email),
		password: a.Secrets["imap_password"]}
	c.imap.tls = &tls.Config{ServerName: c.imap.host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	c.imap.port = number("imap_port", map[string]int{post.TLS: 993}[c.imap.security], 1, 65535)
	c.imap.port = cmp.Or(c.imap.port, 143)
	c.smtp = post.Server{Host: get("smtp_host"), Security: cmp.Or(get("smtp_tls"), post.TLS), User: cmp.Or(get("smtp_user"), c.imap.user),
		Password: cmp.Or(a.Secrets["smtp_password"], a.Secrets["imap_password"]), Hello: c.domain,
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	c.smtp.Port = number("smtp_port", 0, 1, 65535)
	if get("smtp_user") == "none" {
		c.smtp.User = "" // a relay that knows us by our address
	}
	for _, key := range []string{"imap_host", "smtp_host"} {
		if get(key) == "" {
			return c, bad("%s is missing", key)
		}
	}
	if c.boxes = channels.Lines(get("mailboxes")); len(c.boxes) == 0 {
		c.boxes = []string{"INBOX"}
	}
	for i := range c.boxes {
		c.boxes[i] = strings.TrimSpace(c.boxes[i])
	}
	if len(c.boxes) > maxBoxes {
		return c, bad("mailboxes: at most %d", maxBoxes)
	}
	c.firstDays = number("first_days", 0, 0, maxFirst)
	c.poll = time.Duration(number("poll_s", int(usualPoll/time.Second), int(minPoll/time.Second), 3600)) * time.Second
	c.rate = float64(number("rate_hour", 0, 0, maxRateHour))
	c.then, c.moveTo = cmp.Or(get("then"), thenNothing), get("move_to")
	if c.then == thenMove && c.moveTo == "" {
		return c, bad("move_to is missing: where mails are moved once they are stored")
	}
	c.copies = get("sent") == sentAppend || cmp.Or(get("sent"), sentAuto) == sentAuto && !c.saves
	c.sentBox, c.plus, c.authBy = get("sent_box"), get("plus") == "yes", get("auth_server")
	c.oauth = oauth{url: get("oauth_token_url"), id: get("oauth_client_id"), scope: get("oauth_scope"),
		secret: a.Secrets["oauth_client_secret"], refresh: a.Secrets["oauth_refresh_token"]}
	switch {
	case err != nil:
		return c, err
	case c.auth == byPassword && c.imap.password == "":
		return c, bad("imap_password is missing")
	case c.auth != byPassword && (c.oauth.url == "" || c.oauth.id == "" || c.oauth.refresh == ""):
		return c, bad("oauth_token_url, oauth_client_id or oauth_refresh_token is missing")
	}
	if c.auth != byPassword {
		c.smtp.Auth = post.AuthXOAuth2
	}
	return c, nil
}

// rootsOf reads the certificates that a server of the company's own is trusted
// by; nil, the system's, for none.
func rootsOf(pem string) (*x509.CertPool, error) {
	if strings.TrimSpace(pem) == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, bad("tls_ca: want a certificate in PEM")
	}
	return pool, nil
}

func bad(format string, args ...any) error {
	return zongji.Errorf(zongji.Invalid, "bad_setting", format, args...)
}

// code is an error's name for screens.
func code(what string) string { return "email:" + what }
