// Package channels says what a channel adapter is. One adapter is one
// sub-package; nothing outside internal/app imports one.
package channels

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"zongji/internal/zongji"
)

// Kind is a kind of channel that internal/app lists. Accounts of it are
// opened and closed while the product runs.
type Kind struct {
	Name      string  // "webchat", "email", "wechat", "wecom"
	Exclusive bool    // only one node may run an account at a time
	Form      []Field // the settings that the console shows
	Open      func(context.Context, zongji.ChannelAccount, Deps) (Channel, error)
	Check     func(context.Context, zongji.ChannelAccount) []Step // the connection test, step by step; nil if there is none
}

// Field is one setting of a channel account.
type Field struct {
	Key      string   `json:"key"`
	Type     string   `json:"type"` // text | area | color | bool | number | select | secret
	Default  string   `json:"default,omitempty"`
	Options  []string `json:"options,omitempty"`
	Required bool     `json:"required,omitempty"`
	Max      int      `json:"max,omitempty"` // characters
}

// Step is one line of a connection test.
type Step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text,omitempty"`
}

// Channel is one open account.
type Channel interface {
	// Name is the account's name, unique in the installation.
	Name() string
	// Run receives until ctx ends and calls accept for each message. Only
	// when accept returned nil may the message be acknowledged to its source.
	Run(ctx context.Context, accept Accept) error
	// Send delivers one message. Errors are *SendError.
	Send(ctx context.Context, out zongji.Outbound) (Sent, error)
	// Handler is mounted at /c/{account key}/; nil if the channel has none.
	Handler() http.Handler
}

// Accept takes one inbound; when it returns nil the message is committed to
// SQL. Safe for concurrent use.
type Accept func(context.Context, zongji.Inbound) (zongji.Stored, error)

// Sent is the channel's word for a delivered message.
type Sent struct {
	ExtID string
	State zongji.SendState // sent, or delivered where the channel knows
}

// EventSink is a channel whose customers hold a socket: it gets what they
// may be told instead of Send.
type EventSink interface {
	Deliver(zongji.VisitorEvent)
	Typing(conv int64, name string, on bool)
}

// Resumer is an EventSink that can make its customers ask again for what they
// miss. The router calls Resume when its stream had a gap.
type Resumer interface {
	Resume()
}

// Idempotent is a channel that drops a message sent twice with the same
// Outbound.ID, so that a send of unknown result may be tried again.
type Idempotent interface {
	Idempotent() bool
}

// Desk is what a channel with live visitors asks of the router. Errors are
// zongji errors.
type Desk interface {
	// Visit returns the visitor's newest conversation (zero if none) with its
	// messages after seq, as the customer may see them.
	Visit(ctx context.Context, channel int64, thread string, after int64) (VisitorView, error)
	// History pages back over the visitor's own conversations: at most limit
	// messages before seq of conversation conv, ascending. conv 0 = the newest.
	History(ctx context.Context, channel int64, thread string, conv, before int64, limit int) ([]zongji.VisitorMessage, error)
	// Place returns the queue place (1 = next) and the expected wait in
	// seconds; 0 when the conversation does not wait.
	Place(ctx context.Context, conv int64) (place, waitS int, err error)
	// Typing tells the agents that the visitor writes.
	Typing(ctx context.Context, conv int64, text string, on bool)
	// End closes the visitor's conversation at his own wish.
	End(ctx context.Context, channel int64, thread string) error
	// Staffed reports whether people answer now, and else when they will.
	Staffed(ctx context.Context, channel int64) (open bool, next zongji.Ms)
}

// VisitorView is what a widget shows after (re)connecting.
type VisitorView struct {
	Conv     int64                   `json:"conv,omitempty"`
	Rev      int64                   `json:"rev,omitempty"`
	Status   string                  `json:"status,omitempty"` // bot | waiting | agent | ended; "" none
	Agent    string                  `json:"agent,omitempty"`
	Seen     int64                   `json:"seen,omitempty"`  // read by the agent up to this seq
	Stars    int                     `json:"stars,omitempty"` // already given
	Messages []zongji.VisitorMessage `json:"messages"`
	More     bool                    `json:"more,omitempty"` // older ones exist
}

// Shared is the little that adapters need from the live side.
type Shared interface {
	// Take takes n tokens of a bucket that all nodes share; see bus.Bucket.
	Take(ctx context.Context, key string, n, burst int, rate float64) (ok bool, retry time.Duration, err error)
}

// Blobs keeps attachments.
type Blobs interface {
	// Put stores at most limit bytes and returns the file with its sniffed
	// type; a type outside the allowed ones is an Invalid error.
	Put(ctx context.Context, name string, r io.Reader, limit int64) (zongji.File, error)
	// ByToken returns a stored file by the token of its URL.
	ByToken(ctx context.Context, token string) (zongji.File, error)
}

// Visitors remembers whose a visitor token is, by the token's SHA-256 in hex.
type Visitors interface {
	// ByToken returns the visitor's channel id; a NotFound error when unknown.
	ByToken(ctx context.Context, channel int64, tokenHash string) (ext string, err error)
	Put(ctx context.Context, channel int64, tokenHash, ext string) error
}

// Deps is what the app gives to an account when it opens it.
type Deps struct {
	Log      *slog.Logger
	Clock    zongji.Clock
	Shared   Shared
	Blobs    Blobs
	Desk     Desk
	Visitors Visitors
	// ClientIP says whom limits per IP mean; nil: the host of RemoteAddr.
	ClientIP func(*http.Request) string
	// FreeLoopback lifts the limits per IP for loopback (benches, demo).
	FreeLoopback bool
	// Accept is what Run is given too; handlers that answer at once use it.
	Accept Accept
}

// Class says what to do about a failed send.
type Class string

// The classes of send errors.
const (
	Retry         Class = "retry"          // try again at RetryAt or after back-off
	AccountPaused Class = "account_paused" // the whole account waits until RetryAt
	WindowClosed  Class = "window_closed"
	QuotaUsed     Class = "quota_used"
	Recipient     Class = "recipient"
	Content       Class = "content"
	BadConfig     Class = "config"
	UnknownResult Class = "unknown" // it may have arrived
)

// SendError is why a send failed.
type SendError struct {
	Class   Class
	RetryAt zongji.Ms
	Code    string // the channel's own code
	Reason  string // in words, shown to the agent
	Err     error
}

func (e *SendError) Error() string {
	return fmt.Sprintf("send: %s (%s %s)", e.Reason, e.Class, e.Code)
}

func (e *SendError) Unwrap() error { return e.Err }
