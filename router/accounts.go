package router

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

const (
	accountsEvery = 10 * time.Second // accounts are held against the configuration, also unasked
	accountRetry  = 5 * time.Second  // an account that failed is opened again after
)

// accounts are the channel accounts that are open on this node.
type accounts struct {
	mu   sync.RWMutex
	open map[int64]*account
	wake chan struct{} // limit 1: the configuration changed

	wrong map[int64]string // why accounts do not open, as it was told; syncAccounts' own
}

type account struct {
	set    zongji.ChannelAccount
	ch     channels.Channel
	kind   channels.Kind
	wrote  chan struct{} // limit 1: an outbox row was written
	fetch  chan struct{} // limit 1: a message's media is to be fetched
	health health
	cancel context.CancelFunc
	done   chan struct{}
}

// ChannelHandler returns the handler of an open account by its public key.
// Busy: the account is being opened, or this node is starting; NotFound: there
// is none, or it takes no requests.
func (r *Router) ChannelHandler(key string) (http.Handler, error) {
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	for _, a := range r.accounts.open {
		if a.set.Key == key {
			if h := a.ch.Handler(); h != nil {
				return a.counted(h, r.cfg.Clock), nil
			}
			return nil, errNoChannel
		}
	}
	select {
	case <-r.ready:
	default:
		return nil, errOpening
	}
	for _, set := range r.book.Load().channels {
		if set.Key == key && !set.Disabled {
			return nil, errOpening
		}
	}
	return nil, errNoChannel
}

var (
	errOpening   = zongji.Errorf(zongji.Busy, "unavailable", "the channel is being opened: try again in a moment")
	errNoChannel = zongji.Errorf(zongji.NotFound, "no_channel", "there is no open channel with this key")
)

// channel returns an open account, nil if it is not open here.
func (r *Router) channel(id int64) channels.Channel {
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	if a, ok := r.accounts.open[id]; ok {
		return a.ch
	}
	return nil
}

// wrote wakes the sender of an account that is open here.
func (r *Router) wrote(channel int64) {
	r.accounts.mu.RLock()
	defer r.accounts.mu.RUnlock()
	if a, ok := r.accounts.open[channel]; ok {
		poke(a.wrote)
	}
}

// pushes reports whether the conversation's customers hold a socket, so that
// a stored message needs no outbox.
func (r *Router) pushes(c *zongji.Conversation) bool {
	if ch := r.channel(c.Channel); ch != nil {
		_, ok := ch.(channels.EventSink)
		return ok
	}
	return c.Kind == "webchat"
}

// runAccounts opens and closes channel accounts as they are configured.
func (r *Router) runAccounts(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		r.syncAccounts(ctx, &wg)
		c, stop := r.cfg.Clock.Timer(accountsEvery)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-r.accounts.wake:
		case <-c:
		}
		stop()
	}
}

func (r *Router) syncAccounts(ctx context.Context, wg *sync.WaitGroup) {
	b := r.book.Load()
	r.accounts.mu.RLock()
	var old []*account
	for id, a := range r.accounts.open {
		if set, ok := b.channels[id]; !ok || set.Disabled || set.Updated != a.set.Updated {
			old = append(old, a)
		}
	}
	r.accounts.mu.RUnlock()
	for _, a := range old {
		r.closeAccount(a)
	}
	for id, set := range b.channels {
		if set.Disabled || r.channel(id) != nil {
			continue
		}
		r.tellOpened(ctx, set, r.openAccount(ctx, set, wg))
	}
	for id := range r.accounts.wrong {
		if set, ok := b.channels[id]; !ok || set.Disabled {
			delete(r.accounts.wrong, id)
		}
	}
}

// tellOpened tells operators, once, why an account does not open, and that it
// does at last.
func (r *Router) tellOpened(ctx context.Context, set zongji.ChannelAccount, err error) {
	was, h := r.accounts.wrong[set.ID], store.ChannelHealth{}
	if err == nil && was == "" || err != nil && was == err.Error() {
		return
	}
	if err != nil {
		h = store.ChannelHealth{State: "config", Code: set.Kind + ":settings", Text: short(cleanText(err.Error()))}
		r.log.Error("channel account not opened, tried again", "channel", set.Name, "kind", set.Kind, "err", err)
	}
	if e := r.db.SetHealth(ctx, set.ID, h); e != nil {
		r.warn(ctx, "health of a channel not written", e)
		return
	}
	if err == nil {
		delete(r.accounts.wrong, set.ID)
		return
	}
	if r.accounts.wrong == nil {
		r.accounts.wrong = map[int64]string{}
	}
	r.accounts.wrong[set.ID] = err.Error()
	r.warn(ctx, "health of a channel not written", r.db.LogChannel(ctx, set.ID, h.Code, h.Text))
}

func (r *Router) openAccount(ctx context.Context, set zongji.ChannelAccount, wg *sync.WaitGroup) error {
	i := slices.IndexFunc(r.cfg.Kinds, func(k channels.Kind) bool { return k.Name == set.Kind })
	if i < 0 {
		return nil // a kind that this build does not know
	}
	kind := r.cfg.Kinds[i]
	deps := r.cfg.Deps
	deps.Log, deps.Clock, deps.Desk, deps.Accept = r.cfg.Log, r.cfg.Clock, r.Desk(), r.Accept
	deps.Shared, deps.Visitors, deps.Threads = shared{r.bus}, tokens{r.db}, threads{r.db}
	a := &account{set: set, kind: kind, wrote: make(chan struct{}, 1), fetch: make(chan struct{}, 1), done: make(chan struct{})}
	a.health.init()
	deps.Keep, deps.Health, deps.Problem = keep{r, set.ID}, a.health.say, a.health.problem
	ctx, cancel := context.WithCancel(ctx)
	a.cancel = cancel
	ch, err := kind.Open(ctx, set, deps)
	if err != nil {
		cancel()
		return err
	}
	a.ch = ch
	r.accounts.mu.Lock()
	r.accounts.open[set.ID] = a
	r.accounts.mu.Unlock()
	var parts sync.WaitGroup
	parts.Go(func() { r.receive(ctx, kind, a) })
	if _, sink := ch.(channels.EventSink); !sink {
		parts.Go(func() { r.deliver(ctx, a) })
	}
	if f, ok := ch.(channels.Fetcher); ok {
		parts.Go(func() { r.fetchAll(ctx, a, f) })
	}
	parts.Go(func() { r.noteHealth(ctx, a) })
	wg.Go(func() { parts.Wait(); close(a.done) })
	r.log.Info("channel account open", "channel", set.Name, "kind", set.Kind)
	return nil
}

// closeAccount stops an account and waits for its parts.
func (r *Router) closeAccount(a *account) {
	a.cancel()
	<-a.done
	r.accounts.mu.Lock()
	delete(r.accounts.open, a.set.ID)
	r.accounts.mu.Unlock()
	r.log.Info("channel account closed", "channel", a.set.Name)
}

// receive runs an account, again after a failure, until it is closed.
func (r *Router) receive(ctx context.Context, kind channels.Kind, a *account) {
	for ctx.Err() == nil {
		var err error
		if kind.Exclusive {
			_, err = r.holding(ctx, fmt.Sprintf("channel:%d", a.set.ID), func(ctx context.Context, _ int64) error { return a.ch.Run(ctx, r.Accept) })
		} else {
			err = a.ch.Run(ctx, r.Accept)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.log.Error("channel account stopped, run again", "channel", a.set.Name, "err", err)
		}
		if !r.sleep(ctx, accountRetry) {
			return
		}
	}
}

// shared is what adapters may use of the live side.
type shared struct{ bus *bus.Bus }

var _ channels.Shared = shared{}

func (s shared) Take(ctx context.Context, key string, n, burst int, rate float64) (bool, time.Duration, error) {
	return s.bus.Bucket.Take(ctx, key, n, burst, rate)
}

// tokens keeps visitor tokens in SQL.
type tokens struct{ db *store.DB }

var _ channels.Visitors = tokens{}

func (t tokens) ByToken(ctx context.Context, channel int64, hash string) (string, error) {
	return t.db.VisitorByToken(ctx, channel, hash)
}

func (t tokens) Put(ctx context.Context, channel int64, hash, ext string) error {
	return t.db.PutVisitor(ctx, channel, hash, ext)
}
