package wechat

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

const (
	// acceptWait is how long a message may take to be stored: WeChat waits 5 s
	// and tries 3 times in all.
	acceptWait = 4500 * time.Millisecond
	// noteEvery is how often refused callbacks are told: anybody may post them.
	noteEvery = time.Minute
)

// Why a callback is refused, beside what wxcrypt says.
var (
	errMode  = errors.New("wechat: the callback does not come in the configured mode")
	errOther = errors.New("wechat: the callback is for another account")
	errForge = errors.New("wechat: the plain half of a compatible callback is not what its envelope says")
	errTwice = errors.New("wechat: the same signature came with another body")
)

// verify answers WeChat's console when the address is saved there.
func (a *Account) verify(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !a.crypt.Plain(q.Get("signature"), q.Get("timestamp"), q.Get("nonce")) {
		a.refuse(w, wxcrypt.ErrSignature)
		return
	}
	now := a.Clock.Now()
	a.called.Store(now.UnixMilli())
	if !wxcrypt.Fresh(q.Get("timestamp"), now) {
		a.Problem(code("clock"), "this server's clock and WeChat's are minutes apart")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, q.Get("echostr")) // the caller may have left
}

// callback takes one message or event. It is acknowledged when it is stored;
// what follows happens afterwards.
func (a *Account) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wxcrypt.MaxBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	msg, fields, err := a.open(r, body)
	if err != nil {
		a.refuse(w, err)
		return
	}
	a.called.Store(a.Clock.Now().UnixMilli())
	// Not the request's context: what has come is stored also when WeChat does
	// not wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), acceptWait)
	defer cancel()
	in, ok := a.inbound(ctx, fields, msg)
	if !ok { // WeChat's, and about nobody
		a.Problem(code("callback"), "a callback names no customer")
		w.WriteHeader(http.StatusOK)
		return
	}
	if _, err := a.Accept(ctx, in); err != nil {
		if k := zongji.KindOf(err); k == zongji.Internal || k == zongji.Busy {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable) // WeChat comes again
			return
		}
		a.Problem(code("refused"), zongji.CodeOf(err)) // it would be refused again
	}
	_, _ = io.WriteString(w, "success")
	a.after(&in)
}

// open checks a callback and returns the message, as text and in fields.
func (a *Account) open(r *http.Request, body []byte) ([]byte, wxcrypt.Fields, error) {
	q := r.URL.Query()
	if a.mode != modeSafe && !a.crypt.Plain(q.Get("signature"), q.Get("timestamp"), q.Get("nonce")) {
		return nil, nil, wxcrypt.ErrSignature
	}
	if a.mode == modePlain && !a.seen.first(q.Get("signature")+q.Get("nonce"), body, a.Clock.Now()) {
		a.note("forged", errTwice) // taken all the same: a plain signature does not vouch for the body, and a lost message is worse
	}
	outer, err := wxcrypt.Parse(body)
	if err != nil && a.mode != modePlain { // nobody vouches for it
		err = errors.Join(errMode, err)
	}
	if err == nil && a.mode != modePlain {
		return a.unseal(r, outer)
	}
	if err == nil && outer["MsgType"] == "" {
		err = errMode
	}
	return body, outer, errors.Join(err, a.mine(outer))
}

// unseal opens the envelope of a safe or compatible callback.
func (a *Account) unseal(r *http.Request, outer wxcrypt.Fields) ([]byte, wxcrypt.Fields, error) {
	q := r.URL.Query()
	if outer["Encrypt"] == "" || a.mode == modeCompat && outer["MsgType"] == "" {
		return nil, nil, errMode
	}
	msg, err := a.crypt.Open(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), outer["Encrypt"])
	if err != nil {
		return nil, nil, err
	}
	inner, err := wxcrypt.Parse(msg)
	if err != nil {
		return msg, inner, err
	}
	if a.mode == modeCompat {
		for key, v := range inner {
			if plain, ok := outer[key]; ok && plain != v {
				return nil, nil, errForge
			}
		}
	}
	return msg, inner, a.mine(inner)
}

// mine checks that a callback is this account's, where its original id is
// known.
func (a *Account) mine(f wxcrypt.Fields) error {
	if id := a.set.Settings["original"]; id != "" && f["ToUserName"] != "" && f["ToUserName"] != id {
		return errOther
	}
	return nil
}

// refuse answers what cannot be taken. Foreign and forged requests are 403.
// What is WeChat's and cannot be read is answered with 200, as nothing would
// become better by coming again.
func (a *Account) refuse(w http.ResponseWriter, err error) {
	status, what := http.StatusForbidden, "signature"
	switch {
	case errors.Is(err, wxcrypt.ErrSignature):
	case errors.Is(err, wxcrypt.ErrCipher):
		what = "crypto"
	case errors.Is(err, wxcrypt.ErrReceiver), errors.Is(err, errOther):
		what = "receiver"
	case errors.Is(err, errMode):
		what = "mode"
	case errors.Is(err, errForge):
		what = "forged"
	default:
		status, what = http.StatusOK, "callback"
	}
	a.note(what, err)
	w.WriteHeader(status)
}

// note tells operators of a suspicious callback, not too often.
func (a *Account) note(what string, err error) {
	now, last := a.Clock.Now().UnixMilli(), a.noted.Load()
	if now-last > noteEvery.Milliseconds() && a.noted.CompareAndSwap(last, now) {
		a.Problem(code(what), err.Error())
		a.Log.Warn("suspicious callback", "part", "wechat", "channel", a.set.Name, "err", err)
	}
}

const (
	replayLife = 10 * time.Minute
	replayMax  = 20_000 // of one generation
)

// replays remembers the signatures of plain callbacks for some minutes: they
// do not cover the body, so one that comes again with another body, unlike
// WeChat's own retries, may be forged. The zero value remembers nothing yet.
type replays struct {
	mu       sync.Mutex
	now, old map[string][32]byte
	since    time.Time
}

// first reports whether no other body came under this signature.
func (r *replays) first(signature string, body []byte, at time.Time) bool {
	sum := sha256.Sum256(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || at.Sub(r.since) > replayLife || len(r.now) >= replayMax {
		r.now, r.old, r.since = map[string][32]byte{}, r.now, at
	}
	for _, gen := range []map[string][32]byte{r.now, r.old} {
		if had, ok := gen[signature]; ok {
			return had == sum
		}
	}
	r.now[signature] = sum
	return true
}
