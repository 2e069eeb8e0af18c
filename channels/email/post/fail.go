package post

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"zongji/channels"
	"zongji/channels/email/eml"
	"zongji/internal/zongji"
)

// answer is the server's own no, or nil when it said nothing.
func answer(err error) *textproto.Error {
	var te *textproto.Error
	if errors.As(err, &te) && te.Code >= 400 && te.Code < 600 {
		return te
	}
	return nil
}

// failed says what a failure in the present step means.
func (c *call) failed(err error) *channels.SendError {
	if te := answer(err); te != nil {
		return c.refused(te)
	}
	e := &channels.SendError{Class: channels.Retry, RetryAt: c.at(Backoff(c.try)), Code: "smtp:" + c.step, Err: err}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var cert *tls.CertificateVerificationError
	switch {
	case c.step == "end":
		// The whole mail was sent: they may have it.
		e.Class, e.RetryAt = channels.UnknownResult, c.at(Backoff(c.try))
		e.Reason = "the server did not answer after it had the mail"
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid), errors.As(err, &cert):
		c.rest(e, "smtp:certificate", "the server's certificate is not valid for its name")
	case errors.Is(err, errNoLogin):
		c.rest(e, "smtp:login", err.Error())
	case errors.Is(err, errNoTLS):
		c.rest(e, "smtp:tls", err.Error())
	default:
		e.Reason = fmt.Sprintf("no answer from the mail server (%s): %v", c.step, err)
	}
	return e
}

// rest makes e one of the whole account, which no other mail would escape.
func (c *call) rest(e *channels.SendError, code, reason string) {
	e.Class, e.RetryAt, e.Code, e.Reason = channels.AccountPaused, c.at(accountRest), code, reason
}

func (c *call) at(d time.Duration) zongji.Ms { return zongji.MsOf(c.now().Add(d)) }

// recipients are the reasons that lie with one address.
var recipients = map[string]bool{"userunknown": true, "hostunknown": true, "hasmoved": true, "notaccept": true, "mailboxfull": true, "suspend": true, "filtered": true}

// words say a reason to an agent.
var words = map[string]string{
	"userunknown": "there is no such address", "hostunknown": "there is no such mail domain", "hasmoved": "the address has moved",
	"notaccept": "the server takes no mail", "mailboxfull": "the mailbox is full", "suspend": "the mailbox is locked",
	"filtered": "the recipient takes no mail from us", "mesgtoobig": "the mail is too large", "exceedlimit": "the mail is too large for this mailbox", "spamdetected": "the mail was taken for spam",
	"virusdetected": "the mail was taken for malware", "contenterror": "the mail was not understood", "policyviolation": "the mail is against the server's rules",
	"authfailure": "our domain could not be verified (SPF, DKIM, DMARC)", "norelaying": "the server does not send for this account",
	"rejected": "the server refuses our sender address", "speeding": "too many mails in a short time", "toomanyconn": "too many connections",
	"blocked": "our server's address is blocked", "badreputation": "our server's address has a bad name", "securityerror": "the server does not let us",
}

// refused says what the server's no means.
func (c *call) refused(te *textproto.Error) *channels.SendError {
	said := fmt.Sprintf("%d %s", te.Code, strings.Join(strings.Fields(te.Msg), " "))
	command := map[string]string{"end": "data"}[c.step]
	if command == "" {
		command = c.step
	}
	why := eml.ReplyReason(said, command)
	e := &channels.SendError{Class: channels.Content, Code: "smtp:" + why, Err: te}
	e.Reason = said
	if w := words[why]; w != "" {
		e.Reason = w + ": " + said
	}
	switch {
	case c.step == "login" && te.Code >= 500:
		c.rest(e, "smtp:login", "the mail server refuses user or password: "+said)
	case te.Code < 500 && why == "speeding":
		c.rest(e, e.Code, e.Reason)
	case te.Code < 500:
		e.Class, e.RetryAt = channels.Retry, c.at(Backoff(c.try))
	case why == "speeding" || why == "toomanyconn" || strings.Contains(te.Msg, "5.4.5"): // a day's quota
		c.rest(e, e.Code, e.Reason)
	case c.step == "rcpt" && why != "norelaying" && why != "securityerror", c.step == "end" && recipients[why]:
		e.Class = channels.Recipient
	case c.step == "rcpt", c.step == "mail" && why != "mesgtoobig", c.step == "hello", c.step == "tls":
		e.Class = channels.BadConfig
	}
	return e
}
