package email

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Account is one address.
type Account struct {
	channels.Deps
	acct   zongji.ChannelAccount
	c      config
	pace   pace
	secret []byte // signs addresses and marks automatic mails
	loop   string // what LoopHeader of ours says

	order  sync.Mutex          // held from the choice of a thread until its mail is stored
	memory *semaphore.Weighted // bytes of mails that are read and not stored yet

	mu    sync.Mutex
	boxes map[string]channels.Health // how each mailbox is
}

var (
	_ channels.Channel    = (*Account)(nil)
	_ channels.Idempotent = (*Account)(nil)
)

// pace is how long things take.
type pace struct {
	command   time.Duration // limit of one command
	first     time.Duration // of the back-off
	most      time.Duration
	idle      time.Duration // IDLE is renewed after
	held      time.Duration // between two tries for a mailbox that another node watches
	barred    time.Duration // between two logins of an account whose password is refused
	balance   time.Duration // between two counts
	authTries int           // refused logins until it is barred
}

// usual is the pace of the product. Providers lock accounts after a few
// wrong logins, and forget connections that say nothing for half an hour
// (RFC 2177), many of them earlier.
var usual = pace{command: commandWait, first: time.Second, most: 5 * time.Minute, idle: 4*time.Minute + 30*time.Second,
	held: 5 * time.Second, barred: 6 * time.Hour, balance: time.Hour, authTries: 3}

// memoryLimit bounds the mails that are read ahead, in bytes; one larger than
// it is read alone.
const memoryLimit = 96 << 20

// keepSecret is the key of the account's own secret in Keep.
const keepSecret = "secret"

func open(ctx context.Context, a zongji.ChannelAccount, d channels.Deps) (*Account, error) {
	c, err := read(a)
	if err != nil {
		return nil, err
	}
	secret, err := secretOf(ctx, d.Keep)
	if err != nil {
		return nil, fmt.Errorf("secret of the mail account: %w", err)
	}
	if d.Threads == nil {
		d.Threads = nobody{}
	}
	d.Log = d.Log.With("part", "email", "channel", a.ID)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("mail loop"))
	return &Account{Deps: d, acct: a, c: c, pace: usual, secret: secret, loop: hex.EncodeToString(m.Sum(nil))[:16],
		memory: semaphore.NewWeighted(memoryLimit), boxes: map[string]channels.Health{}}, nil
}

// secretOf returns the account's own secret, and makes it the first time.
func secretOf(ctx context.Context, keep channels.Keep) ([]byte, error) {
	for {
		s, err := keep.Get(ctx, keepSecret)
		if err != nil || s != "" {
			b, _ := hex.DecodeString(s) // we wrote it
			return b, err
		}
		ran, err := keep.Holding(ctx, keepSecret, func(ctx context.Context, fence int64) error {
			if s, err := keep.Get(ctx, keepSecret); err != nil || s != "" {
				return err
			}
			b := make([]byte, 32)
			_, _ = rand.Read(b)
			return keep.Put(ctx, keepSecret, hex.EncodeToString(b), fence)
		})
		if err != nil {
			return nil, err
		}
		if !ran {
			return nil, zongji.Errorf(zongji.Busy, "unavailable", "another node opens the account for the first time")
		}
	}
}

// Name returns the account's name.
func (a *Account) Name() string { return a.acct.Name }

// Handler is nil: nobody calls us.
func (a *Account) Handler() http.Handler { return nil }

// Idempotent is true: a mail that is sent again has the same Message-ID.
func (a *Account) Idempotent() bool { return true }

// Run watches the account's mailboxes until ctx ends.
func (a *Account) Run(ctx context.Context, accept channels.Accept) error {
	var g errgroup.Group
	for _, box := range a.c.boxes {
		w := &watch{Account: a, box: box, accept: accept, fails: map[fail]int{}, refusals: map[imap.UID]int{}}
		g.Go(func() error { w.run(ctx); return nil })
	}
	return g.Wait()
}

// sleep waits for d or the end of ctx, and reports whether it was d.
func (a *Account) sleep(ctx context.Context, d time.Duration) bool {
	c, stop := a.Clock.Timer(d)
	defer stop()
	select {
	case <-ctx.Done():
		return false
	case <-c:
		return true
	}
}

func (a *Account) now() zongji.Ms { return zongji.NowMs(a.Clock) }

// states from good to bad.
var states = map[string]int{"ok": 0, "degraded": 1, "backoff": 2, "config": 3, "auth_failed": 4}

// say notes how a mailbox is; the account is as its worst one.
func (a *Account) say(box string, h channels.Health) {
	if h.State != "ok" && len(a.c.boxes) > 1 {
		h.Text = box + ": " + h.Text
	}
	a.mu.Lock()
	a.boxes[box] = h
	for _, other := range a.boxes {
		if states[other.State] > states[h.State] {
			h = other
		}
	}
	a.mu.Unlock()
	a.Health(h)
}

// nobody knows no threads: every mail begins one.
type nobody struct{}

func (nobody) Known(context.Context, int64, []string) (map[string]channels.ThreadRef, error) {
	return nil, nil
}
func (nobody) Thread(context.Context, int64, string) (t channels.Thread, err error) { return t, nil }
func (nobody) Recent(context.Context, int64, string, string, zongji.Ms) (string, error) {
	return "", nil
}
func (nobody) Seen(context.Context, int64, string) (bool, error) { return false, nil }
