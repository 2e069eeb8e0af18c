package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"zongji/channels/email/eml"
	"zongji/channels/email/post"
)

// Limits of one step with a server. go-imap waits for ever for an answer that
// never begins, so each command has a watchdog that cuts the connection.
const (
	dialWait    = 20 * time.Second
	commandWait = 45 * time.Second
	longer      = 4 // times that: for what takes a server long in a large mailbox
)

// Keepalive finds a dead peer in a minute: a laptop's lid, a firewall that
// forgot us.
var keepalive = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}

// What can be wrong with a server; the words are for operators.
var (
	errSilent   = errors.New("the server does not answer")
	errAuth     = errors.New("the server refuses user or password")
	errNoTLS    = errors.New("the server offers no STARTTLS")
	errNoLogin  = errors.New("the server offers no login that we know")
	errNoBox    = errors.New("there is no such mailbox")
	errNotThere = errors.New("the server gave nothing")
	errOrder    = errors.New("the server gave other mails, or left some out")
)

// conn is one connection. One goroutine uses it.
type conn struct {
	c    *imapclient.Client
	net  net.Conn
	caps imap.CapSet
	news chan struct{} // limit 1: the server says that there are more mails
	wait time.Duration // limit of one command
	dog  *time.Timer   // cuts the connection at the end of the present step
}

// dial connects and protects the connection; step is told what is done next:
// dns, tcp, tls, greeting.
func dial(ctx context.Context, s server, wait time.Duration, step func(string)) (*conn, error) {
	step("dns")
	ctx, cancel := context.WithTimeout(ctx, min(dialWait, wait))
	defer cancel()
	addrs, err := net.DefaultResolver.LookupHost(ctx, s.host)
	if err != nil {
		return nil, err
	}
	step("tcp")
	d := net.Dialer{KeepAliveConfig: keepalive}
	var nc net.Conn
	for _, a := range addrs {
		if nc, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a, portOf(s))); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	k := &conn{net: nc, news: make(chan struct{}, 1), wait: wait}
	options := &imapclient.Options{TLSConfig: s.tls, UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: k.told}}
	switch s.security {
	case post.TLS:
		step("tls")
		secure := tls.Client(nc, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, err
		}
		k.c = imapclient.New(secure, options)
	case post.STARTTLS:
		step("greeting") // and then TLS
		err = k.within(ctx, wait, func() (err error) {
			k.c, err = imapclient.NewStartTLS(nc, options)
			return err
		})
		var no *imap.Error
		if errors.As(err, &no) {
			err = fmt.Errorf("%w: %s", errNoTLS, no.Text)
		}
	default:
		k.c = imapclient.New(nc, options)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	step("greeting")
	if err := k.within(ctx, wait, k.c.WaitGreeting); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

func portOf(s server) string { _, p, _ := net.SplitHostPort(s.addr()); return p }

// told runs in the client's reader: it only leaves word.
func (k *conn) told(d *imapclient.UnilateralDataMailbox) {
	if d.NumMessages != nil {
		select {
		case k.news <- struct{}{}:
		default:
		}
	}
}

// close ends the connection; what waits on it fails at once.
func (k *conn) close() {
	k.net.Close()
	if k.c != nil {
		k.c.Close() // the error is that of the cut connection
	}
}

// within runs a command. A server that takes longer loses the connection, and
// so does one whose answer nobody waits for any more.
func (k *conn) within(ctx context.Context, d time.Duration, fn func() error) error {
	var cut atomic.Bool
	k.dog = time.AfterFunc(d, func() { cut.Store(true); k.net.Close() }) // the kernel's clock, not the product's
	stop := context.AfterFunc(ctx, func() { k.net.Close() })
	err := fn()
	k.dog.Stop()
	stop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case cut.Load():
		return errSilent
	}
	return err
}

// long is the limit of a command that takes a server long.
func (k *conn) long() time.Duration { return longer * k.wait }

// login makes the login. errAuth: it was refused, and will be again.
func (k *conn) login(ctx context.Context, c *config, access string) error {
	err := k.within(ctx, k.wait, func() error {
		k.caps = k.c.Caps()
		switch {
		case c.auth == byXOAuth2:
			return k.c.Authenticate(xoauth2{c.imap.user, access})
		case c.auth == byOAuthBearer:
			return k.c.Authenticate(sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: c.imap.user, Token: access, Host: c.imap.host, Port: c.imap.port}))
		case k.caps.Has(imap.CapLoginDisabled) && k.caps.Has(imap.AuthCap("PLAIN")):
			return k.c.Authenticate(sasl.NewPlainClient("", c.imap.user, c.imap.password))
		case k.caps.Has(imap.CapLoginDisabled):
			return errNoLogin
		}
		return k.c.Login(c.imap.user, c.imap.password).Wait()
	})
	var no *imap.Error
	if errors.As(err, &no) && (no.Type == imap.StatusResponseTypeNo || no.Type == imap.StatusResponseTypeBad && c.auth != byPassword) && !passing(no) {
		return fmt.Errorf("%w: %s", errAuth, no.Text)
	}
	if err != nil {
		return err
	}
	return k.within(ctx, k.wait, func() error { k.caps = k.c.Caps(); return nil })
}

// passing reports whether a refused login says nothing about the password.
func passing(no *imap.Error) bool {
	switch no.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
		return true
	case imap.ResponseCodeAuthenticationFailed, imap.ResponseCodeAuthorizationFailed, imap.ResponseCodeExpired:
		return false
	}
	text := strings.ToLower(no.Text)
	for _, s := range []string{"too many", "try again", "temporar", "unavailable", "connection limit", "频繁", "稍后", "系统繁忙"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// id says what we are (RFC 2971); some providers open no mailbox to who does
// not. What they say of themselves is the answer.
func (k *conn) id(ctx context.Context, must bool) (string, error) {
	if !must && !k.caps.Has(imap.CapID) {
		return "", nil
	}
	var data *imap.IDData
	err := k.within(ctx, k.wait, func() (err error) {
		data, err = k.c.ID(&imap.IDData{Name: "Zongji", Version: "1", Vendor: "Zongji"}).Wait()
		return err
	})
	var no *imap.Error
	if errors.As(err, &no) { // they need not want to know
		return "", nil
	}
	if err != nil || data == nil {
		return "", err
	}
	return strings.TrimSpace(data.Name + " " + data.Version), nil
}

// open selects a mailbox, for reading only unless mails are marked or moved.
func (k *conn) open(ctx context.Context, box string, readOnly bool) (*imap.SelectData, error) {
	var data *imap.SelectData
	err := k.within(ctx, k.wait, func() (err error) {
		data, err = k.c.Select(box, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	var no *imap.Error
	if errors.As(err, &no) && no.Type == imap.StatusResponseTypeNo && !passing(no) {
		return nil, fmt.Errorf("%w: %s", errNoBox, no.Text)
	}
	return data, err
}

// search returns the UIDs that fit, ascending, none below from. A set of "n:*"
// always has the last mail in it, even when that is below n.
func (k *conn) search(ctx context.Context, from, to imap.UID, since time.Time) ([]imap.UID, error) {
	var set imap.UIDSet
	set.AddRange(from, to) // to 0 is "*"
	var found []imap.UID
	err := k.within(ctx, k.long(), func() error {
		data, err := k.c.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}, Since: since}, nil).Wait()
		if err == nil {
			found = data.AllUIDs()
		}
		return err
	})
	kept := found[:0]
	for _, u := range found {
		if u >= from && (to == 0 || u <= to) {
			kept = append(kept, u)
		}
	}
	slices.Sort(kept)
	return kept, err
}

// fetched is what a server has under one UID.
type fetched struct {
	uid  imap.UID
	raw  []byte
	over bool      // it is larger than what is read
	date time.Time // when it arrived; zero when the server does not say
}

// ask sends the command for some UIDs, without waiting. bare leaves out what
// servers are known to write wrong.
func (k *conn) ask(uids []imap.UID, bare bool) *imapclient.FetchCommand {
	return k.c.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, Flags: !bare, InternalDate: !bare, RFC822Size: !bare,
		BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
}

// take reads the next mail of an answer to ask; ok is false at its end. room is
// told how many bytes come, before they are read.
func (k *conn) take(ctx context.Context, cmd *imapclient.FetchCommand, room func(int64) error) (f fetched, ok bool, err error) {
	err = k.within(ctx, k.wait, func() error {
		m := cmd.Next()
		if m == nil {
			return cmd.Close()
		}
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				f.uid = item.UID
			case imapclient.FetchItemDataInternalDate:
				f.date = item.Time
			case imapclient.FetchItemDataBodySection:
				if item.Literal == nil {
					continue
				}
				if err := room(min(item.Literal.Size(), eml.MaxBytes+1)); err != nil {
					return err
				}
				if f.raw, err = k.literal(item.Literal); err != nil {
					return err
				}
				ok = true
			}
		}
		if !ok {
			return errNotThere
		}
		return nil
	})
	if len(f.raw) > eml.MaxBytes {
		f.raw, f.over = f.raw[:eml.MaxBytes], true
	}
	return f, ok, err
}

// literal reads a mail, as long as pieces of it come.
func (k *conn) literal(r imap.LiteralReader) ([]byte, error) {
	limit := min(r.Size(), eml.MaxBytes+1)
	raw := make([]byte, 0, limit)
	for int64(len(raw)) < limit {
		n, err := r.Read(raw[len(raw):limit])
		raw = raw[:len(raw)+n]
		k.dog.Reset(k.wait)
		if err == io.EOF && int64(len(raw)) < limit {
			return raw, io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return raw, err
		}
	}
	k.dog.Reset(k.long()) // what is beyond the limit is read over
	_, err := io.Copy(io.Discard, r)
	return raw, err
}

// idles reports whether the server tells of new mails by itself.
func (k *conn) idles(c *config) bool {
	return !c.noIdle && (k.caps.Has(imap.CapIdle) || k.caps.Has(imap.CapIMAP4rev2))
}

// idle waits until the server tells of something, the connection ends, or
// until fires. It returns an error when the connection is of no more use.
func (k *conn) idle(ctx context.Context, until <-chan time.Time) error {
	var cmd *imapclient.IdleCommand
	err := k.within(ctx, k.wait, func() (err error) {
		cmd, err = k.c.Idle()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-k.news:
	case <-k.c.Closed():
	case <-until:
	}
	return k.within(ctx, k.wait, func() error {
		if err := cmd.Close(); err != nil {
			return err
		}
		return cmd.Wait()
	})
}

// mark does with stored mails what the settings say.
func (k *conn) mark(ctx context.Context, c *config, uids []imap.UID) error {
	if len(uids) == 0 || c.then == thenNothing {
		return nil
	}
	set := imap.UIDSetNum(uids...)
	return k.within(ctx, k.long(), func() error {
		if c.then == thenMove {
			_, err := k.c.Move(set, c.moveTo).Wait()
			return err
		}
		flag := imap.FlagSeen
		if c.then == thenFlag {
			flag = "$Zongji"
		}
		return k.c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
	})
}

// append puts a mail of ours into a folder.
func (k *conn) append(ctx context.Context, box string, raw []byte) error {
	return k.within(ctx, k.long(), func() error {
		cmd := k.c.Append(box, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
		if _, err := cmd.Write(raw); err != nil {
			return err
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		_, err := cmd.Wait()
		return err
	})
}

// sentBox finds the folder of sent mails: by its attribute (RFC 6154), else by
// the names that providers give it.
func (k *conn) sentBox(ctx context.Context) (string, error) {
	var list []*imap.ListData
	err := k.within(ctx, k.wait, func() (err error) {
		list, err = k.c.List("", "*", nil).Collect()
		return err
	})
	if err != nil {
		return "", err
	}
	byName := ""
	for _, b := range list {
		for _, a := range b.Attrs {
			if a == imap.MailboxAttrSent {
				return b.Mailbox, nil
			}
		}
		switch strings.ToLower(b.Mailbox) {
		case "sent", "sent messages", "sent items", "sent mail", "已发送", "已发送邮件", "已傳送", "寄件備份":
			byName = b.Mailbox
		}
	}
	return byName, nil
}

// quota tells how full the account is, "" when the server does not say.
func (k *conn) quota(ctx context.Context, box string) (string, error) {
	if !k.caps.Has(imap.CapQuota) {
		return "", nil
	}
	var roots []imapclient.QuotaData
	err := k.within(ctx, k.wait, func() (err error) {
		roots, err = k.c.GetQuotaRoot(box).Wait()
		return err
	})
	if err != nil {
		return "", err
	}
	for _, r := range roots {
		if s, ok := r.Resources[imap.QuotaResourceStorage]; ok && s.Limit > 0 {
			return fmt.Sprintf("%d of %d MiB (%d %%)", s.Usage>>10, s.Limit>>10, s.Usage*100/s.Limit), nil
		}
	}
	return "", nil
}
