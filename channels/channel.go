// Package channels says what a channel adapter is. One adapter is one
// sub-package; nothing outside internal/app imports one.
package channels

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
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
	Grants    bool                                                // customers' deeds open a reply window (Inbound.Grant)
	Presets   []Preset                                            // what choosing a value of a field fills into others
	Mail      bool                                                // its messages are mails: KindMail both ways
}

// Preset is what is known of one value of a select field: a mail provider's
// servers. Settings that are left out are taken from it.
type Preset struct {
	Field string            `json:"field"`
	Value string            `json:"value"`
	Set   map[string]string `json:"set"`
	Notes []string          `json:"notes,omitempty"` // keys of what people should know of it, translated by screens
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
// SQL. An error of kind Invalid or NotFound will not get better: log it and
// acknowledge; after any other do not. Safe for concurrent use.
type Accept func(context.Context, zongji.Inbound) (zongji.Stored, error)

// Sent is the channel's word for a delivered message.
type Sent struct {
	ExtID string
	State zongji.SendState // sent, or delivered where the channel knows
	Note  string           // what the agent should know although it was sent: of several recipients, who was refused
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

// Parallel is a channel that may send to several customers at once: a ticket of
// theirs may end while others are waited for.
type Parallel interface {
	// Ways is how many, each in another conversation.
	Ways() int
}

// Windowed is a channel that lets us write only so many messages after a
// customer's deed.
type Windowed interface {
	// Cost returns how many messages of the window m takes on this channel: a
	// text and two pictures are three; 0 for what needs no window.
	Cost(m *zongji.Message) int
}

// Fetcher is a channel whose messages come with media to be fetched
// afterwards (Inbound.Fetch). The router calls Fetch until it succeeds or says
// that it never will; the message is stored before and its files are added.
type Fetcher interface {
	// Fetch brings the files of what. Errors are *SendError: Retry tries again,
	// every other class ends it with its reason.
	Fetch(ctx context.Context, what string) ([]zongji.File, error)
}

// Typist is a channel without sockets that can show the customer that
// somebody writes. Calls are dropped when they come too often.
type Typist interface {
	Type(ctx context.Context, to zongji.Identity, on bool) error
}

// Operator is a channel with deeds of its own beside sending. Names and shapes
// stand in docs/protocol.md ("Deeds of a channel").
type Operator interface {
	// Operate does one for an admin (menus, QR codes, quota …); in and the
	// answer are JSON objects.
	Operate(ctx context.Context, deed string, in json.RawMessage) (any, error)
	// Serve does one for the agent who serves conv (end and reopen, hand over to
	// WeCom's seats …).
	Serve(ctx context.Context, conv zongji.Conversation, to zongji.Identity, deed string, in json.RawMessage) (any, error)
}

// Keep is an account's durable memory: cursors, tokens. It lies sealed in SQL,
// so it works without the bus and is the same on every node.
type Keep interface {
	// Get returns "" for what was never put.
	Get(ctx context.Context, key string) (string, error)
	// Put refuses with a Conflict error when a higher fence has written before;
	// fence 0 does not compare.
	Put(ctx context.Context, key, value string, fence int64) error
	// Holding runs fn on one node at a time; it returns at once, with ran false,
	// when another has it. fn's ctx ends when the lease is lost.
	Holding(ctx context.Context, name string, fn func(ctx context.Context, fence int64) error) (ran bool, err error)
}

// Health is how an account is, as shown to operators. No personal data, no
// secrets.
type Health struct {
	State string    // ok | degraded | backoff | auth_failed | config
	Code  string    // the channel's own code
	Text  string    // what to do
	Until zongji.Ms // of a back-off
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
	// PutRaw stores at most limit bytes as they are, under a type that is not
	// sniffed (message/rfc822). Such a file is only ever downloaded, never shown.
	PutRaw(ctx context.Context, name, mediaType string, r io.Reader, limit int64) (zongji.File, error)
	// ByToken returns a stored file by the token of its URL.
	ByToken(ctx context.Context, token string) (zongji.File, error)
	// Open reads a stored file, as it is to be sent.
	Open(ctx context.Context, f zongji.File) (io.ReadCloser, error)
}

// Visitors remembers whose a visitor token is, by the token's SHA-256 in hex.
type Visitors interface {
	// ByToken returns the visitor's channel id; a NotFound error when unknown.
	ByToken(ctx context.Context, channel int64, tokenHash string) (ext string, err error)
	Put(ctx context.Context, channel int64, tokenHash, ext string) error
}

// Threads knows which mails belong together. Ids of mails are Message-IDs
// without <>.
type Threads interface {
	// Known returns of the ids those that mean a thread.
	Known(ctx context.Context, channel int64, ids []string) (map[string]ThreadRef, error)
	// Thread returns what is known of a thread; the zero Thread when nothing is.
	Thread(ctx context.Context, channel int64, thread string) (Thread, error)
	// Recent returns the newest open thread in which addr wrote under a subject,
	// as eml.Subject gives it, since then; "" if there is none.
	Recent(ctx context.Context, channel int64, addr, subject string, since zongji.Ms) (string, error)
	// Seen reports whether an inbound of that ExtID is stored.
	Seen(ctx context.Context, channel int64, ext string) (bool, error)
}

// ThreadRef is what a Message-ID means.
type ThreadRef struct {
	Thread string
	Msg    int64 // of ours: the message that was sent under the id; 0 of others
}

// Thread is what is known of a thread of mails.
type Thread struct {
	ID      string
	Conv    int64     // its newest conversation
	Closed  zongji.Ms // 0 while that is open
	Subject string    // of its first mail, as written
	People  []string  // addresses that wrote or were written to, lower case; the newest writer first
	Refs    []string  // Message-IDs of its mails, oldest first, the first and the last 19
}

// Deps is what the app gives to an account when it opens it.
type Deps struct {
	Log      *slog.Logger
	Clock    zongji.Clock
	Shared   Shared
	Blobs    Blobs
	Desk     Desk
	Visitors Visitors
	Threads  Threads // of mails
	// ClientIP says whom limits per IP mean; nil: the host of RemoteAddr.
	ClientIP func(*http.Request) string
	// FreeLoopback lifts the limits per IP for loopback (benches, demo).
	FreeLoopback bool
	// Accept is what Run is given too; handlers that answer at once use it.
	Accept Accept
	Keep   Keep
	// Health notes a change of the account's state; the same one again is cheap.
	Health func(Health)
	// Problem adds a line to the account's log that operators read.
	Problem func(code, text string)
	// URL is the installation's public address without a slash at the end, ""
	// if unknown.
	URL string
}

// Class says what to do about a failed send.
type Class string

// The classes of send errors.
const (
	Retry         Class = "retry"          // try again at RetryAt or after back-off
	AccountPaused Class = "account_paused" // the whole account waits until RetryAt
	WindowClosed  Class = "window_closed"
	QuotaUsed     Class = "quota_used"
	Held          Class = "held" // the channel's own people have the customer
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

// Words is what is kept of the error with a message: the code first, which
// screens say in their language, then the channel's own words.
func (e *SendError) Words() string {
	if strings.HasPrefix(e.Reason, e.Code) {
		return e.Reason
	}
	return strings.TrimSpace(e.Code + " " + e.Reason)
}

// ErrNoDeed is the answer to a deed that a channel does not do, or whose
// account is not open.
var ErrNoDeed = zongji.Errorf(zongji.NotFound, "no_deed", "the channel has no such deed, or is not open")

// Input reads the JSON object that a deed is given; none is an empty one.
func Input(in json.RawMessage, into any) error {
	if len(in) == 0 {
		return nil
	}
	if err := json.Unmarshal(in, into); err != nil {
		return zongji.Errorf(zongji.Invalid, "bad_json", "the body is not the JSON object that the deed takes")
	}
	return nil
}
