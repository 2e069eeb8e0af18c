package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emersion/go-imap/v2"

	"zongji/channels"
	"zongji/internal/zongji"
)

const (
	batch       = 100 // mails after which the place is written down
	poisonTries = 3   // failures of one mail until it is stepped over
	cutTries    = 6   // of failures that may be the network's
	resetBack   = 48 * time.Hour
)

// watch watches one mailbox. Its goroutine is the only one that uses it.
type watch struct {
	*Account
	box    string
	accept channels.Accept

	at       place
	fails    map[fail]int     // to fetch single mails; forgotten at a restart
	refusals map[imap.UID]int // of the store to take one
	shy      bool             // the last connection was cut: ask for one mail at a time
	counted  zongji.Ms        // when the balance was made last
	uneven   string           // what it found
	healed   bool             // what was missing has been looked for
}

// fail is something that failed with one mail.
type fail struct {
	uid  imap.UID
	what string // fetch | cut
}

// place is where the reading of a mailbox stands, as Keep has it. All up to UID
// is stored. Within a mailbox that is read from its Since, that goes up to Top.
type place struct {
	Validity uint32    `json:"uidvalidity"`
	UID      imap.UID  `json:"uid"`
	Date     zongji.Ms `json:"internaldate,omitempty"` // newest arrival that is stored
	Since    zongji.Ms `json:"since,omitempty"`        // older ones are passed over, up to Top
	Top      imap.UID  `json:"top,omitempty"`
	Base     imap.UID  `json:"base,omitempty"` // what is above has been counted
	Count    int64     `json:"count"`          // mails above Base that were taken
}

// keepPlace is the key of a mailbox's place in Keep.
func keepPlace(box string) string { return "cursor:" + box }

// run watches until ctx ends. One node does it at a time: the fence of the
// lease goes into each write of the place.
func (w *watch) run(ctx context.Context) {
	for refused, cuts := 0, 0; ctx.Err() == nil; {
		fruitful := false
		ran, err := w.Keep.Holding(ctx, "watch:"+w.box, func(ctx context.Context, fence int64) error {
			return w.session(ctx, fence, &fruitful)
		})
		if ctx.Err() != nil {
			return
		}
		wait := w.pace.held
		switch {
		case err == nil && !ran, zongji.KindOf(err) == zongji.Conflict:
			cuts = 0 // another node watches
		case errors.Is(err, errAuth), errors.Is(err, errGrant):
			if refused++; refused < w.pace.authTries && !errors.Is(err, errGrant) {
				wait = w.backoff(refused + 2)
			} else {
				wait = w.pace.barred
			}
			w.refused(err, refused, wait)
		default:
			if fruitful {
				refused, cuts = 0, 0
			}
			cuts++
			wait = w.backoff(cuts)
			w.broken(err, cuts, wait)
		}
		w.sleep(ctx, wait)
	}
}

// backoff doubles up to the most, and is spread by a quarter, so that the
// accounts of a provider do not come back all at once.
func (w *watch) backoff(n int) time.Duration {
	d := min(w.pace.first<<min(n-1, 16), w.pace.most)
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// refused tells operators of a login that was refused: that does not get better
// by itself.
func (w *watch) refused(err error, n int, wait time.Duration) {
	text := err.Error()
	if w.c.code {
		text += " (" + codeHint + ")"
	}
	if n == 1 || wait == w.pace.barred {
		w.Log.Error("mailbox: login refused", "try", n, "err", err)
		w.Problem(code("login"), text)
	}
	h := channels.Health{State: "backoff", Code: code("login"), Text: text, Until: w.now().Add(wait)}
	if wait == w.pace.barred {
		h.State = "auth_failed"
	}
	w.say(w.box, h)
}

// codeHint tells people of providers that want more than the password.
const codeHint = "this provider wants an authorisation code (授权码) made in its web mail, not the password"

// broken tells operators of everything else that ended a session. A server that
// ends one once in a while is usual.
func (w *watch) broken(err error, n int, wait time.Duration) {
	w.shy = true
	h := channels.Health{State: "backoff", Code: code("network"), Until: w.now().Add(wait)}
	if err != nil {
		h.Text = err.Error()
	}
	var kept *storeError
	switch {
	case errors.Is(err, errNoBox):
		h.State, h.Code = "config", code("mailbox")
	case errors.Is(err, errNoTLS), errors.Is(err, errNoLogin):
		h.State, h.Code = "config", code("login")
	case errors.As(err, &kept):
		h.State, h.Code = "degraded", code("store")
	case isCertificate(err):
		h.State, h.Code = "config", code("certificate")
	}
	if n == 1 && h.Code == code("network") {
		w.Log.Info("mailbox: connection ended, made again", "err", err)
		return
	}
	w.Log.Warn("mailbox: not read, tried again", "try", n, "code", h.Code, "err", err)
	if n <= 2 {
		w.Problem(h.Code, h.Text)
	}
	w.say(w.box, h)
}

// session is one connection: login, what has come, and what comes.
func (w *watch) session(ctx context.Context, fence int64, fruitful *bool) error {
	k, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer k.close()
	sel, err := k.open(ctx, w.box, w.c.then == thenNothing)
	if err != nil {
		return err
	}
	if err := w.begin(ctx, k, sel, fence); err != nil {
		return err
	}
	for {
		if err := w.drain(ctx, k, fence); err != nil {
			return err
		}
		*fruitful, w.shy = true, false
		if err := w.balance(ctx, k, fence); err != nil {
			return err
		}
		if err := w.rest(ctx, k); err != nil {
			return err
		}
	}
}

// connect makes a connection that is logged in.
func (a *Account) connect(ctx context.Context) (*conn, error) {
	k, err := dial(ctx, a.c.imap, a.pace.command, func(string) {})
	if err != nil {
		return nil, err
	}
	if err := a.login(ctx, k, ""); err != nil {
		k.close()
		return nil, err
	}
	if _, err := k.id(ctx, a.c.sendsID); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// login logs in; an access token that is refused is renewed once.
func (a *Account) login(ctx context.Context, k *conn, stale string) error {
	if a.c.auth == byPassword {
		return k.login(ctx, &a.c, "")
	}
	access, err := a.c.oauth.access(ctx, a.Keep, a.Clock, stale)
	if err != nil {
		return err
	}
	err = k.login(ctx, &a.c, access)
	if errors.Is(err, errAuth) && stale == "" {
		return a.login(ctx, k, access)
	}
	return err
}

// begin finds where the reading stands. A mailbox that numbers its mails anew
// is read again from two days before the newest mail that is stored: what was
// stored, its key tells.
func (w *watch) begin(ctx context.Context, k *conn, sel *imap.SelectData, fence int64) error {
	text, err := w.Keep.Get(ctx, keepPlace(w.box))
	if err != nil {
		return &storeError{err}
	}
	w.at = place{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &w.at); err != nil {
			return &storeError{fmt.Errorf("place of the mailbox: %w", err)}
		}
	}
	if w.at.Validity == sel.UIDValidity {
		return nil
	}
	top := imap.UID(0)
	if sel.UIDNext > 0 {
		top = sel.UIDNext - 1
	} else if all, err := k.search(ctx, 1, 0, time.Time{}); err != nil {
		return err
	} else if len(all) > 0 {
		top = all[len(all)-1]
	}
	next := place{Validity: sel.UIDValidity, UID: top, Base: top, Date: w.now()}
	switch {
	case text != "":
		w.Log.Warn("mailbox: its mails are numbered anew", "was", w.at.Validity, "is", sel.UIDValidity)
		w.Problem(code("uidvalidity"), "the server numbers its mails anew; the newest ones are read again, none is taken twice")
		next = place{Validity: sel.UIDValidity, Top: top, Since: max(w.at.Date.Add(-resetBack), 1), Date: w.at.Date, Base: top}
		clear(w.fails)
		clear(w.refusals)
	case w.c.firstDays > 0:
		next = place{Validity: sel.UIDValidity, Top: top, Since: w.now().Add(-time.Duration(w.c.firstDays) * 24 * time.Hour), Base: top}
	}
	return w.put(ctx, next, fence)
}

// put writes the place down. A Conflict error: another node has taken over.
func (w *watch) put(ctx context.Context, p place, fence int64) error {
	text, _ := json.Marshal(p)
	if err := w.Keep.Put(ctx, keepPlace(w.box), string(text), fence); err != nil {
		if zongji.KindOf(err) == zongji.Conflict {
			return err
		}
		return &storeError{err}
	}
	w.at = p
	return nil
}

// drain takes all that is there: first what is read again, then what is new.
func (w *watch) drain(ctx context.Context, k *conn, fence int64) error {
	if w.at.Since != 0 {
		uids := []imap.UID{}
		if w.at.Top > w.at.UID {
			var err error
			if uids, err = k.search(ctx, w.at.UID+1, w.at.Top, w.at.Since.Time()); err != nil {
				return err
			}
		}
		if err := w.takeAll(ctx, k, uids, fence); err != nil {
			return err
		}
		next := w.at
		next.UID, next.Since, next.Top = max(next.UID, next.Top), 0, 0
		if err := w.put(ctx, next, fence); err != nil {
			return err
		}
	}
	for {
		uids, err := k.search(ctx, w.at.UID+1, 0, time.Time{})
		if err != nil || len(uids) == 0 {
			return err
		}
		if err := w.takeAll(ctx, k, uids, fence); err != nil {
			return err
		}
	}
}

// rest waits until there may be something new.
func (w *watch) rest(ctx context.Context, k *conn) error {
	wait := w.c.poll
	if k.idles(&w.c) {
		wait = w.pace.idle
	}
	t, stop := w.Clock.Timer(wait)
	defer stop()
	if k.idles(&w.c) {
		return k.idle(ctx, t)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-k.c.Closed():
		return errSilent
	case <-t:
	}
	return k.within(ctx, k.wait, func() error { return k.c.Noop().Wait() })
}

// balance holds the server's count of mails since the first start against ours.
// People delete mails, so fewer there are usual; more are a mail that was passed
// over: all are read again once, and the operator is told.
func (w *watch) balance(ctx context.Context, k *conn, fence int64) error {
	if now := w.now(); w.counted == 0 || now.Sub(w.counted) >= w.pace.balance {
		over, err := w.over(ctx, k)
		if err != nil {
			return err
		}
		w.counted, w.uneven = now, over
		if over != "" && !w.healed {
			w.healed, w.counted = true, 0
			again := w.at
			again.UID, again.Count, again.Since, again.Top = again.Base, 0, 1, w.at.UID
			if err := w.put(ctx, again, fence); err != nil {
				return err
			}
			if err := w.drain(ctx, k, fence); err != nil {
				return err
			}
			return w.balance(ctx, k, fence)
		}
	}
	if w.uneven != "" {
		w.say(w.box, channels.Health{State: "degraded", Code: code("balance"), Text: w.uneven})
		return nil
	}
	w.say(w.box, channels.Health{State: "ok"})
	return nil
}

// over says how many mails the server has that were not taken; "" for none.
func (w *watch) over(ctx context.Context, k *conn) (string, error) {
	if w.at.UID <= w.at.Base {
		return "", nil
	}
	there, err := k.search(ctx, w.at.Base+1, w.at.UID, time.Time{})
	if err != nil || int64(len(there)) <= w.at.Count {
		return "", err
	}
	text := fmt.Sprintf("the server has %d mails since the start, %d of them were taken", len(there), w.at.Count)
	w.Log.Error("mailbox: mails were passed over", "there", len(there), "taken", w.at.Count)
	w.Problem(code("balance"), text)
	w.say(w.box, channels.Health{State: "degraded", Code: code("balance"), Text: text})
	return text, nil
}

// storeError is a failure of ours, not of the server.
type storeError struct{ err error }

func (e *storeError) Error() string { return "mails are not stored: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }
