package wxapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Error is a call that did not succeed. Its text may be logged and shown.
type Error struct {
	Path   string // "/cgi-bin/message/custom/send"
	Status int    // of HTTP; 0 when no answer came
	Code   int    // WeChat's errcode; 0 when it gave none
	Msg    string // its errmsg without what looks like a token or an id
	Unsure bool   // the call may have been done

	api string
}

func (e *Error) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("%s %s: %d %s", e.api, e.Path, e.Code, e.Msg)
	}
	return fmt.Sprintf("%s %s: %s (status %d)", e.api, e.Path, e.Msg, e.Status)
}

// CodeOf returns WeChat's errcode, 0 when err carries none.
func CodeOf(err error) int {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// broken is a request without an answer. What net/http says of it contains
// the address with the token, so only its kind is kept.
func (c *Client) broken(path string, err error) error {
	e := &Error{Path: path, Msg: "no answer", Unsure: true, api: c.name}
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		e.Msg, e.Unsure = "cannot connect", false
	case errors.Is(err, context.Canceled):
		e.Msg = "stopped while waiting for the answer"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Msg = "no answer in time"
	}
	return e
}

// opaque is what tokens, openids, media ids and secrets look like. rid is
// WeChat's number of the request, which its support asks for.
var opaque = regexp.MustCompile(`(rid: )?[A-Za-z0-9_\-]{20,}`)

// reasonLen is how much of an errmsg is kept, in bytes.
const reasonLen = 200

// scrub makes an errmsg fit for logs.
func (c *Client) scrub(msg string) string {
	if c.cfg.Secret != "" {
		msg = strings.ReplaceAll(msg, c.cfg.Secret, "…")
	}
	msg = opaque.ReplaceAllStringFunc(msg, func(s string) string {
		if strings.HasPrefix(s, "rid: ") {
			return s
		}
		return "…"
	})
	if len(msg) > reasonLen {
		msg = strings.ToValidUTF8(msg[:reasonLen], "") + "…"
	}
	return msg
}

// What codes mean; see the tables of error codes of WeChat and WeCom.
var (
	badToken  = []int{40001, 40014, 41001, 42001}
	tryLater  = []int{-1, 45033, 50000}
	rate      = []int{45011}
	daily     = []int{45009}
	closed    = []int{45015, 95002, 95013, 95018, 95031}
	used      = []int{45047, 95001}
	recipient = []int{40003, 40096, 43004, 43019, 43101, 48002, 50002, 50005, 84061}
	config    = []int{40013, 40125, 40164, 40200, 40243, 48001, 48004, 48008, 60011, 60020, 61004, 95000, 95003, 95004, 95011, 95012, 95017, 95023, 301002}
	badMedia  = []int{40004, 40005, 40006, 40007, 40009}
	ignored   = []int{45080, 45081}
)

// Ignorable reports whether err means nothing: a typing indicator that is
// shown already or may not be.
func Ignorable(err error) bool { return slices.Contains(ignored, CodeOf(err)) }

// BadMedia reports whether err says that a media id is not good (any more):
// upload the file anew.
func BadMedia(err error) bool { return slices.Contains(badMedia, CodeOf(err)) }

// minute is how long an account rests that called too often in a minute.
const minute = time.Minute

// SendError says what to do about err, which came of a call of c.
func (c *Client) SendError(err error) *channels.SendError {
	var e *Error
	if !errors.As(err, &e) {
		var se *channels.SendError
		if errors.As(err, &se) {
			return se
		}
		return &channels.SendError{Class: channels.Retry, Code: c.name + ":internal", Reason: err.Error(), Err: err}
	}
	se := &channels.SendError{Class: channels.Content, Code: c.name + ":" + strconv.Itoa(e.Code), Reason: e.Error(), Err: err}
	now := zongji.NowMs(c.cfg.Clock)
	in := func(codes []int) bool { return slices.Contains(codes, e.Code) }
	switch {
	case e.Code == 0:
		c.noCode(se, e, now)
	case in(badToken):
		if se.Class = channels.Retry; c.tokenPath(e.Path) {
			se.Class = channels.BadConfig // the secret is wrong
		}
	case in(tryLater):
		se.Class = channels.Retry
	case in(rate), in(daily) && c.cfg.Corp: // WeCom counts by minute and hour
		se.Class, se.RetryAt = channels.AccountPaused, now.Add(minute)
	case in(daily):
		se.Class, se.RetryAt = channels.AccountPaused, midnight(now)
	case in(closed):
		se.Class = channels.WindowClosed
	case in(used):
		se.Class = channels.QuotaUsed
	case in(recipient):
		se.Class = channels.Recipient
	case in(config):
		se.Class = channels.BadConfig
	}
	return se
}

// Refusal is err as the answer to a deed: what the API says as a
// *channels.SendError, whose code screens say in words; all else as it is.
func (c *Client) Refusal(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return c.SendError(err)
	}
	return err
}

// noCode classes an error to which WeChat gave no code.
func (c *Client) noCode(se *channels.SendError, e *Error, now zongji.Ms) {
	se.Class, se.Code = channels.Retry, c.name+":network"
	switch {
	case e.Unsure && !c.cfg.Idempotent && !c.tokenPath(e.Path):
		se.Class = channels.UnknownResult
	case e.Status == http.StatusTooManyRequests:
		se.Class, se.RetryAt = channels.AccountPaused, now.Add(minute)
	case e.Status >= 300 && e.Status < 500:
		se.Class, se.Code = channels.BadConfig, c.name+":http"+strconv.Itoa(e.Status)
	}
}

// midnight is when daily counts begin anew: 00:00 in Beijing, and a minute.
func midnight(now zongji.Ms) zongji.Ms {
	day := 24 * time.Hour.Milliseconds()
	east := 8 * time.Hour.Milliseconds()
	return zongji.Ms((int64(now)+east)/day*day+day-east) + zongji.Ms(minute.Milliseconds())
}

// HealthOf says how an account is when err is the answer to its calls; ok is
// the zero state of err == nil.
func (c *Client) HealthOf(err error) channels.Health {
	if err == nil {
		return channels.Health{State: "ok"}
	}
	se := c.SendError(err)
	h := channels.Health{State: "degraded", Code: se.Code, Text: se.Reason, Until: se.RetryAt}
	switch se.Class {
	case channels.AccountPaused:
		h.State = "backoff"
	case channels.BadConfig:
		h.State = "config"
		if code := CodeOf(err); code == 40013 || code == 40125 || code == 40001 || code == 40243 {
			h.State = "auth_failed"
		}
	}
	return h
}
