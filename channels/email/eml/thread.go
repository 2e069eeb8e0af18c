package eml

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// How a mail found its thread, in the order in which it is tried.
const (
	ByToken        = "token"         // signed plus-address that we gave out
	ByReport       = "report"        // a bounce names the mail that it is about
	ByInReplyTo    = "in_reply_to"   // answers a mail that we know
	ByReferences   = "references"    // follows one
	BySubjectToken = "subject_token" // [#T-5] from someone who takes part
	BySubject      = "subject"       // same sender, same subject, a short while ago
	ByNothing      = "new"
)

// Evidence is what of a mail tells its thread.
type Evidence struct {
	To         []string // every address it came to: To, Cc, Delivered-To and the like
	InReplyTo  []string // Message-IDs without <>
	References []string // oldest first, without <>
	Reported   string   // Message-ID that a bounce is about; "" otherwise
	Subject    string
	Sender     string    // address
	At         time.Time // when it arrived, by our clock
}

// Evidence collects it. at is when the mail arrived; bounce is its report, or
// nil.
func (m *Mail) Evidence(at time.Time, bounce *Bounce) Evidence {
	e := Evidence{InReplyTo: m.InReplyTo, References: m.References, Subject: m.Subject, At: at}
	for _, list := range [][]Addr{m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			e.To = append(e.To, a.Email)
		}
	}
	for _, name := range []string{"Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To"} {
		for _, v := range m.Header.Values(name) {
			e.To = append(e.To, address(v))
		}
	}
	if len(m.From) > 0 {
		e.Sender = m.From[0].Email
	}
	if bounce != nil {
		e.Reported = bounce.OriginalMessageID
		if e.Reported == "" && bounce.Ticket != "" {
			e.Subject = "[#" + bounce.Ticket + "]"
		}
	}
	return e
}

// Thread is what is known of one; the zero Thread is none.
type Thread struct {
	ID           string    // "T-1024"
	Closed       time.Time // zero while it is open
	Participants []string  // addresses that wrote or were written to
}

// Known is asked for threads. What is not known is a zero Thread, not an error.
type Known interface {
	// Message returns the thread of a mail of this mailbox, sent or received.
	Message(ctx context.Context, id string) (Thread, error)
	// Thread returns a thread by its id.
	Thread(ctx context.Context, id string) (Thread, error)
	// Recent returns the newest open thread of a sender under a subject as
	// Subject gives it, with a mail since then.
	Recent(ctx context.Context, sender, subject string, since time.Time) (Thread, error)
}

// Match is where a mail belongs and why; it is shown to the agent.
type Match struct {
	Thread   string // "" begins a new one
	Previous string // the closed thread that a new one follows
	How      string // ByToken …
}

// Threads finds the thread of a mail.
type Threads struct {
	Secret []byte        // signs the plus-addresses
	Reopen time.Duration // how long after its end a thread still takes mails; 0: 72 h
	Known  Known
}

// sameSubject is for how long the subject alone may tell a thread.
const sameSubject = 72 * time.Hour

// maxReferences is how many ids of a mail are looked up, the last ones first.
const maxReferences = 30

// Find weighs the evidence in a fixed order, the hardest to forge first.
func (t Threads) Find(ctx context.Context, e Evidence) (Match, error) {
	for _, to := range e.To {
		if id, ok := TokenThread(t.Secret, to); ok {
			if m, err := t.take(ByToken, e)(t.Known.Thread(ctx, id)); err != nil || m.How != "" {
				return m, err
			}
		}
	}
	if e.Reported != "" {
		if m, err := t.reported(ctx, e); err != nil || m.How != "" {
			return m, err
		}
	}
	if m, err := t.known(ctx, ByInReplyTo, e, e.InReplyTo); err != nil || m.How != "" {
		return m, err
	}
	if m, err := t.known(ctx, ByReferences, e, e.References); err != nil || m.How != "" {
		return m, err
	}
	if id := ticketIn(e.Subject); id != "" {
		th, err := t.Known.Thread(ctx, id)
		if err != nil {
			return Match{}, err
		}
		// Numbers can be guessed: only who takes part may name one.
		if th.ID != "" && (sameAddress(th.Participants, e.Sender) || e.Reported != "") {
			return t.take(BySubjectToken, e)(th, nil)
		}
	}
	if subject := Subject(e.Subject); subject != "" && e.Sender != "" {
		th, err := t.Known.Recent(ctx, strings.ToLower(e.Sender), subject, e.At.Add(-sameSubject))
		if err != nil {
			return Match{}, err
		}
		if th.ID != "" && th.Closed.IsZero() {
			return Match{Thread: th.ID, How: BySubject}, nil
		}
	}
	return Match{How: ByNothing}, nil
}

// known looks the ids up from right to left: the last is the nearest.
func (t Threads) known(ctx context.Context, how string, e Evidence, ids []string) (Match, error) {
	for i := len(ids) - 1; i >= max(0, len(ids)-maxReferences); i-- {
		if m, err := t.take(how, e)(t.Known.Message(ctx, ids[i])); err != nil || m.How != "" {
			return m, err
		}
	}
	return Match{}, nil
}

// reported finds the thread of the mail that a bounce is about: by its id, or
// by the thread that our ids carry.
func (t Threads) reported(ctx context.Context, e Evidence) (Match, error) {
	th, err := t.Known.Message(ctx, e.Reported)
	if id, ok := IDThread(e.Reported); ok && err == nil && th.ID == "" {
		th, err = t.Known.Thread(ctx, id)
	}
	return t.take(ByReport, e)(th, err)
}

// take makes a match of a thread, or the zero Match of none. A thread that
// ended too long ago is followed by a new one.
func (t Threads) take(how string, e Evidence) func(Thread, error) (Match, error) {
	return func(th Thread, err error) (Match, error) {
		if err != nil || th.ID == "" {
			return Match{}, err
		}
		reopen := t.Reopen
		if reopen == 0 {
			reopen = sameSubject
		}
		if how != ByReport && !th.Closed.IsZero() && e.At.Sub(th.Closed) > reopen {
			return Match{Previous: th.ID, How: how}, nil
		}
		return Match{Thread: th.ID, How: how}, nil
	}
}

var (
	tokenIn   = lazy(`(?i)\+(T-\d{1,19})\.([0-9a-f]{8})@`)
	ownID     = lazy(`^<?out[.-][^@\s]*\.(T-\d{1,19})@[^@\s>]+>?$`)
	subjectID = lazy(`(?i)[\[【［]\s*[#＃]\s*(T-\d{1,19})\s*[\]】］]`)
)

// Token is the address under which an answer finds its thread: cs@x becomes
// cs+T-9.ab12cd34@x. An address without @ is returned as it is.
func Token(secret []byte, addr, thread string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return addr
	}
	return addr[:at] + "+" + thread + "." + sign(secret, thread) + addr[at:]
}

// TokenThread is the thread of an address that Token made with this secret.
func TokenThread(secret []byte, addr string) (thread string, ok bool) {
	m := tokenIn.FindStringSubmatch(addr)
	if m == nil || len(secret) == 0 {
		return "", false
	}
	thread = strings.ToUpper(m[1])
	return thread, hmac.Equal([]byte(strings.ToLower(m[2])), []byte(sign(secret, thread)))
}

// sign is 32 bits of HMAC-SHA256 in hex: an attacker has to send his tries as
// mails.
func sign(secret []byte, thread string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("mail thread " + thread))
	return hex.EncodeToString(h.Sum(nil))[:8]
}

// NewID is the Message-ID, without <>, of an outgoing mail; bounces of it
// carry the thread.
func NewID(id int64, thread, domain string) string {
	return fmt.Sprintf("out.%d.%s@%s", id, thread, domain)
}

// IDThread is the thread in a Message-ID of ours.
func IDThread(id string) (thread string, ok bool) {
	m := ownID.FindStringSubmatch(id)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// ticketIn is the first [#T-5] of s, as T-5; "" if there is none.
func ticketIn(s string) string {
	if m := subjectID.FindStringSubmatch(s); m != nil {
		return strings.ToUpper(m[1])
	}
	return ""
}

var (
	subjectPrefix = lazy(`(?i)^(?:re|r|fw|fwd|aw|antw|antwort|sv|vs|wg|tr|rif|res|enc|odp|pd|ynt|ilt|rv|回复(?:全部)?|回覆|回復|答复|答覆|转发|轉發|轉寄|回信|返信|転送|自动回复|自动答复|自動回覆|自動回復|automatic reply|auto|회신|전달|на)\s*(?:[\[(（^]?\s*\d{1,3}\s*[\])）]?)?\s*[:：]\s*`)
	subjectTag    = lazy(`(?i)^[\[【［(（]\s*(?:外部(?:邮件|郵件|来信|信件)?|外部发件人|external(?: (?:mail|e-?mail|sender))?|ext|extern|spam\??|垃圾邮件)\s*[\]】］)）]\s*[:：]?\s*`)
)

// Subject is a subject without what mailers put before it (Re:, 回复：,
// 【外部邮件】, any number of times) and without our token; lower case and single
// spaces, so that two of one thread are equal.
func Subject(s string) string {
	s = cleanLine(subjectID.ReplaceAllString(cleanLine(head(s, 2000)), " "))
	for {
		t := strings.TrimSpace(subjectTag.ReplaceAllString(subjectPrefix.ReplaceAllString(s, ""), ""))
		if t == s {
			break
		}
		s = t
	}
	return strings.ToLower(strings.TrimSpace(spaceRuns.ReplaceAllString(s, " ")))
}

// Key tells two arrivals of one mail from two mails: some senders write one
// Message-ID into many, and some write none, so that what they say counts too.
func (m *Mail) Key() string {
	h := sha256.New()
	for _, name := range []string{"Message-ID", "Date", "From"} {
		fmt.Fprintf(h, "%q\n", m.Header.Get(name))
	}
	for _, p := range m.Parts {
		sum := sha256.Sum256(p.Data)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
