package wxapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"zongji/internal/zongji"
)

// How tokens live.
const (
	tokenKey  = "token"          // in Keep, and the name of the lease
	early     = 5 * time.Minute  // a token is renewed so long before it ends; WeChat keeps old and new valid as long
	shortest  = 30 * time.Second // a token is used so long at least, whatever expires_in says
	longest   = 24 * 60 * 60     // s; no token of theirs lives longer
	forceRest = 2 * time.Minute  // between two forced renewals; WeChat allows 20 a day, 30 s apart
	otherWait = 5 * time.Second  // for another node to renew it
	otherPoll = 100 * time.Millisecond
)

const (
	stablePath = "/cgi-bin/stable_token"
	corpPath   = "/cgi-bin/gettoken"
)

func (c *Client) tokenPath(path string) bool { return path == stablePath || path == corpPath }

// token is what lies in Keep.
type token struct {
	Value  string    `json:"value"`
	Renew  zongji.Ms `json:"renew"` // from then on
	Ends   zongji.Ms `json:"ends"`
	For    string    `json:"for"` // whose it is: another appid or secret needs another
	Forced zongji.Ms `json:"forced,omitempty"`
}

// tokens gives the account's token. One goroutine of one node renews it, the
// others wait for it.
type tokens struct {
	c    *Client
	mu   sync.Mutex
	last token // the newest that this process saw: good also when Keep is down
}

// get returns a token that is not bad, the value that WeChat just refused.
// Errors are *Error.
func (t *tokens) get(ctx context.Context, bad string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := zongji.NowMs(t.c.cfg.Clock)
	if t.good(t.last, bad) && now < t.last.Renew {
		return t.last.Value, nil
	}
	err := t.renew(ctx, bad)
	if err == nil {
		return t.last.Value, nil
	}
	if t.good(t.last, bad) && now < t.last.Ends {
		return t.last.Value, nil
	}
	return "", err
}

// good reports whether k is a token of this account that was not refused.
func (t *tokens) good(k token, bad string) bool {
	return k.Value != "" && k.Value != bad && k.For == t.owner()
}

// owner says whose token it is, without saying the secret.
func (t *tokens) owner() string {
	h := sha256.Sum256([]byte(t.c.cfg.Base + "\n" + t.c.cfg.App + "\n" + t.c.cfg.Secret))
	return hex.EncodeToString(h[:8])
}

// renew sets last to a token that is not bad: another node's, or a new one.
func (t *tokens) renew(ctx context.Context, bad string) error {
	keep, clock := t.c.cfg.Keep, t.c.cfg.Clock
	for until := clock.Now().Add(otherWait); ; {
		kept, up := t.kept(ctx)
		if up && t.good(kept, bad) && zongji.NowMs(clock) < kept.Renew {
			t.last = kept
			return nil
		}
		var err error
		ran := false
		if up {
			ran, err = keep.Holding(ctx, tokenKey, func(ctx context.Context, fence int64) error {
				kept, _ := t.kept(ctx)
				if t.good(kept, bad) && zongji.NowMs(clock) < kept.Renew {
					t.last = kept // while we waited for the lease
					return nil
				}
				return t.fetch(ctx, kept, bad, fence)
			})
		}
		if ran || CodeOf(err) != 0 {
			return err
		}
		if !up || err != nil { // the memory is down: better a token of our own than none
			return t.fetch(ctx, t.last, bad, 0)
		}
		if clock.Now().After(until) {
			return &Error{Path: tokenKey, Msg: "another node has not renewed the token yet", api: t.c.name}
		}
		c, stop := clock.Timer(otherPoll)
		select {
		case <-ctx.Done():
			stop()
			return t.c.broken(tokenKey, ctx.Err())
		case <-c:
		}
		stop()
	}
}

// kept reads the common memory; up is false when it is down.
func (t *tokens) kept(ctx context.Context) (k token, up bool) {
	if t.c.cfg.Keep == nil {
		return k, false
	}
	raw, err := t.c.cfg.Keep.Get(ctx, tokenKey)
	if err != nil {
		return k, false
	}
	_ = json.Unmarshal([]byte(raw), &k) // what cannot be read is no token
	return k, true
}

// fetch asks WeChat. stable_token answers with the same value until it is
// near its end, so a refused one is renewed by force, rarely.
func (t *tokens) fetch(ctx context.Context, old token, bad string, fence int64) error {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	k, err := t.ask(ctx, false)
	now := zongji.NowMs(t.c.cfg.Clock)
	k.Forced = old.Forced
	if err == nil && k.Value == bad && !t.c.cfg.Corp && now.Sub(old.Forced) >= forceRest {
		k, err = t.ask(ctx, true)
		k.Forced = now
	}
	if err != nil {
		return err
	}
	t.last = k
	raw, err := json.Marshal(k)
	if err != nil || t.c.cfg.Keep == nil {
		return err
	}
	_ = t.c.cfg.Keep.Put(ctx, tokenKey, string(raw), fence) // last is good here; other nodes ask for their own
	return nil
}

func (t *tokens) ask(ctx context.Context, force bool) (token, error) {
	cfg := t.c.cfg
	path, method, query, body := stablePath, http.MethodPost, url.Values{}, []byte(nil)
	if cfg.Corp {
		path, method, query = corpPath, http.MethodGet, url.Values{"corpid": {cfg.App}, "corpsecret": {cfg.Secret}}
	} else {
		var err error
		if body, err = encode(map[string]any{"grant_type": "client_credential", "appid": cfg.App, "secret": cfg.Secret, "force_refresh": force}); err != nil {
			return token{}, err
		}
	}
	req, err := t.c.request(ctx, method, path, query, bytes.NewReader(body), "application/json")
	if err != nil {
		return token{}, err
	}
	var a struct {
		Value   string `json:"access_token"`
		Expires Number `json:"expires_in"` // seconds
	}
	if err := t.c.do(req, path, &a); err != nil {
		return token{}, err
	}
	if a.Value == "" {
		return token{}, &Error{Path: path, Status: http.StatusOK, Msg: "the answer has no token", api: t.c.name}
	}
	life, now := time.Duration(min(max(a.Expires, 0), longest))*time.Second, zongji.NowMs(cfg.Clock)
	return token{Value: a.Value, Renew: now.Add(max(life-early, shortest)), Ends: now.Add(max(life, shortest)), For: t.owner()}, nil
}
