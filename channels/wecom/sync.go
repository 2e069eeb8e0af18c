package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

const (
	syncLease  = "kf-sync"
	pollEvery  = time.Minute            // without a callback, should one be lost
	passGap    = 100 * time.Millisecond // between two passes: callbacks come in bursts
	heldWait   = 300 * time.Millisecond // another node is at it, perhaps past what we were told of
	syncWait   = 15 * time.Second       // for one page
	pageLimit  = 1000                   // items of a page, WeCom's most
	takeAtOnce = 8                      // customers whose items are stored at once
	maxIdle    = 100                    // pages in a row that bring us no further
	backoffMin = time.Second
	backoffMax = time.Minute
	firstGrace = time.Minute        // what came so long before the first start is taken too: the account may just have been added
	lagAlarm   = 24 * time.Hour     // WeCom keeps items three days: operators have two left
	horizon    = 3 * 24 * time.Hour // what is older is lost
	badTicket  = 95007              // the callback's token is over
	badArgs    = 40058              // among others: a cursor that WeCom does not know
	minSynced  = pollEvery * 9 / 10 // the time of the last pass is written so often at most
)

var errNoProgress = errors.New("sync_msg says that there is more and gives nothing")

// place is where the account's reading stands.
type place struct {
	cursor string
	since  zongji.Ms
}

// follow fetches what is new when WeCom says so, and once a minute. One node
// does it at a time; who was told of something and finds another node at it
// tries again until its own pass has run.
func (a *Account) follow(ctx context.Context) {
	for fails, poked := 0, false; ctx.Err() == nil; {
		ran, err := a.Keep.Holding(ctx, syncLease, a.pass)
		if ctx.Err() != nil {
			return
		}
		wait, early := pollEvery, a.poked
		switch {
		case zongji.KindOf(err) == zongji.Conflict || err == nil && !ran && poked:
			wait, early = heldWait, nil
		case err != nil:
			fails++
			wait, early = backoff(fails), nil
			a.failed(err)
		case ran:
			fails, poked = 0, false
			a.sleep(ctx, passGap, nil)
		}
		if a.sleep(ctx, wait, early) {
			poked = true
		}
	}
}

// backoff doubles from a second to a minute, and is spread by a quarter.
func backoff(fails int) time.Duration {
	d := min(backoffMin<<min(fails-1, 10), backoffMax)
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// failed tells operators why nothing is fetched, and with more alarm when it
// has lasted for a day.
func (a *Account) failed(err error) {
	a.Log.Warn("kf items not fetched, tried again", "err", err)
	h := channels.Health{State: "degraded", Code: code("store"), Text: err.Error()}
	if e := (*wxapi.Error)(nil); errors.As(err, &e) {
		h = a.api.HealthOf(err)
	}
	if last := a.lastSync(); last != 0 && zongji.NowMs(a.Clock).Sub(last) >= lagAlarm {
		h.State, h.Code = "degraded", code("lag")
		h.Text = "nothing fetched since " + last.Time().Format(time.RFC3339) + "; WeCom keeps three days: " + h.Text
	}
	a.Health(h)
}

func (a *Account) lastSync() zongji.Ms {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.synced
}

// pass fetches page after page until there is no more. The cursor moves only
// when all of a page is stored; what is given twice, its msgid tells.
func (a *Account) pass(ctx context.Context, fence int64) error {
	at, err := a.begin(ctx)
	if err != nil {
		return err
	}
	for idle := 0; ; {
		page, err := a.page(ctx, &at)
		if err != nil {
			return err
		}
		if err := a.take(ctx, page.List, at.since); err != nil {
			return err
		}
		idle++
		if next := string(page.Next); next != "" && next != at.cursor {
			if err := a.Keep.Put(ctx, keepCursor, next, fence); err != nil {
				return err
			}
			at.cursor, idle = next, 0
		}
		if more := page.More; more == "" || more == "0" || more == "false" {
			return a.done(ctx)
		}
		if idle > maxIdle {
			return errNoProgress
		}
	}
}

// begin reads where the reading stands. A new account begins now: what
// customers wrote before was for others.
func (a *Account) begin(ctx context.Context) (at place, err error) {
	if at.cursor, err = a.Keep.Get(ctx, keepCursor); err != nil {
		return at, err
	}
	if at.since, err = a.number(ctx, keepSince); err != nil {
		return at, err
	}
	now := zongji.NowMs(a.Clock)
	if at.since == 0 {
		at.since = now.Add(-firstGrace) / 1000 * 1000 // items tell seconds
		if err := a.putNumber(ctx, keepSince, at.since); err != nil {
			return at, err
		}
	}
	last, err := a.number(ctx, keepSynced) // other nodes fetch too
	if err != nil {
		return at, err
	}
	a.mu.Lock()
	first := a.synced == 0
	a.synced = max(a.synced, last, at.since)
	a.mu.Unlock()
	if first && last != 0 && now.Sub(last) >= lagAlarm {
		a.Health(channels.Health{State: "degraded", Code: code("lag"), Text: "fetching what came since " + last.Time().Format(time.RFC3339)})
	}
	return at, nil
}

// done notes that all was fetched that WeCom still had.
func (a *Account) done(ctx context.Context) error {
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	last := a.synced
	a.synced = now
	noted, write := a.noted, now.Sub(a.wrote) >= minSynced
	if write {
		a.wrote = now
	}
	a.mu.Unlock()
	if now.Sub(last) >= horizon {
		a.Problem(code("horizon"), "messages between "+last.Time().Format(time.RFC3339)+" and "+
			now.Add(-horizon).Time().Format(time.RFC3339)+" are lost: WeCom keeps three days")
	}
	a.Health(channels.Health{State: "ok"})
	if !write {
		return nil
	}
	if noted != 0 {
		if err := a.putNumber(ctx, keepCallback, noted); err != nil {
			return err
		}
	}
	return a.putNumber(ctx, keepSynced, now)
}

// pageRequest asks for the next items; voices come as AMR.
type pageRequest struct {
	Cursor string `json:"cursor,omitempty"`
	Token  string `json:"token,omitempty"`
	Limit  int    `json:"limit"`
	Voice  int    `json:"voice_format"`
	Kf     string `json:"open_kfid"`
}

// page is an answer of sync_msg.
type page struct {
	Next word              `json:"next_cursor"`
	More word              `json:"has_more"`
	List []json.RawMessage `json:"msg_list"`
}

// page fetches the next page with the newest callback's token, without one
// when it is over, and from the start when WeCom does not know our cursor.
func (a *Account) page(ctx context.Context, at *place) (p page, err error) {
	for {
		token := a.token()
		p = page{}
		err = a.post(ctx, syncWait, syncPath, pageRequest{Cursor: at.cursor, Token: token, Limit: pageLimit, Kf: a.kf}, &p)
		switch c := wxapi.CodeOf(err); {
		case c == badTicket && token != "":
			a.forget(token)
		case c == badArgs && at.cursor != "":
			a.Problem(code("cursor"), "WeCom does not know the cursor: all that it keeps is read again")
			at.cursor = ""
		default:
			return p, err
		}
	}
}

// post calls the API with a deadline.
func (a *Account) post(ctx context.Context, wait time.Duration, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return a.api.Post(ctx, path, in, out)
}

func (a *Account) token() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if zongji.NowMs(a.Clock) >= a.ticket.until {
		return ""
	}
	return a.ticket.token
}

func (a *Account) forget(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ticket.token == token {
		a.ticket = ticket{}
	}
}

// take stores the items of a page: those of one customer in their order,
// several customers at once, first those who wait for their welcome.
func (a *Account) take(ctx context.Context, list []json.RawMessage, since zongji.Ms) error {
	now := zongji.NowMs(a.Clock)
	of := map[string][]zongji.Inbound{}
	var welcome, others []string
	for _, raw := range list {
		for _, in := range decode(raw, now) {
			if in.At != 0 && in.At < since {
				continue
			}
			in.Channel, in.ChanKind = a.acct.ID, a.acct.Kind
			if of[in.Thread] == nil {
				others = append(others, in.Thread)
			}
			if in.Pass != nil {
				welcome = append(welcome, in.Thread)
			}
			of[in.Thread] = append(of[in.Thread], in)
		}
	}
	var g errgroup.Group // without a context: one customer's failure keeps nobody else waiting
	g.SetLimit(takeAtOnce)
	for _, thread := range slices.Concat(welcome, others) {
		mine := of[thread]
		delete(of, thread) // who is welcomed is among the others too
		if len(mine) > 0 {
			g.Go(func() error { return a.store(ctx, mine) })
		}
	}
	return g.Wait()
}

// store hands one customer's items to the router.
func (a *Account) store(ctx context.Context, mine []zongji.Inbound) error {
	for _, in := range mine {
		st, err := a.Accept(ctx, in)
		kind := zongji.KindOf(err)
		switch {
		case err == nil:
			if st.Opened {
				a.ask(in.Thread)
			}
		case kind == zongji.NotFound && (in.Kind == zongji.InStatus || in.Kind == zongji.InRating):
			// of a conversation that is not ours
		case kind == zongji.Invalid || kind == zongji.TooLarge: // it will never be stored; the next ones shall be
			a.Log.Error("kf item refused", "kind", in.Kind, "type", in.Msg, "err", err)
			a.Problem(code("item"), err.Error())
		default:
			return err
		}
	}
	return nil
}
