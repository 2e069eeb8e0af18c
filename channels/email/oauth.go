package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-sasl"

	"zongji/channels"
	"zongji/internal/zongji"
)

// oauth is how an access token is made of a refresh token (RFC 6749 §6).
type oauth struct {
	url, id, secret, scope, refresh string
}

// token is what Keep has under keepToken. Refresh is the newest refresh token:
// some providers give a new one each time and forget the old.
type token struct {
	Access  string    `json:"access"`
	Until   zongji.Ms `json:"until"`
	Refresh string    `json:"refresh,omitempty"`
	Of      string    `json:"of,omitempty"` // the refresh token of the settings that it came from
}

const (
	keepToken   = "oauth"
	tokenWait   = 15 * time.Second
	tokenEarly  = 2 * time.Minute // it is renewed so long before its end
	tokenMax    = 64 << 10        // bytes of an answer
	tokenPause  = 200 * time.Millisecond
	tokenPauses = 100
)

// errGrant is a refresh token that the provider does not take any more: a
// person has to allow the access again.
var errGrant = errors.New("the provider takes the refresh token no more: allow the access again")

// access returns a valid access token; after what the provider refused it is
// never the same one again. One node renews it, the others read what it got.
func (o oauth) access(ctx context.Context, keep channels.Keep, clock zongji.Clock, refused string) (string, error) {
	for range tokenPauses {
		t, err := o.kept(ctx, keep)
		if err != nil {
			return "", err
		}
		if t.Access != "" && t.Access != refused && zongji.NowMs(clock).Add(tokenEarly) < t.Until {
			return t.Access, nil
		}
		var fresh token
		ran, err := keep.Holding(ctx, "oauth", func(ctx context.Context, fence int64) error {
			if fresh, err = o.kept(ctx, keep); err != nil || fresh.Access != t.Access {
				return err // another was faster
			}
			if fresh, err = o.renew(ctx, clock, t); err != nil {
				return err
			}
			text, _ := json.Marshal(fresh)
			return keep.Put(ctx, keepToken, string(text), fence)
		})
		if err != nil || ran {
			return fresh.Access, err
		}
		c, stop := clock.Timer(tokenPause)
		select {
		case <-ctx.Done():
			stop()
			return "", ctx.Err()
		case <-c:
		}
	}
	return "", errors.New("another node renews the access token and does not end")
}

func (o oauth) kept(ctx context.Context, keep channels.Keep) (t token, err error) {
	text, err := keep.Get(ctx, keepToken)
	if err != nil || text == "" {
		return t, err
	}
	if json.Unmarshal([]byte(text), &t) != nil || t.Of != o.refresh {
		return token{}, nil // of another setting
	}
	return t, nil
}

// renew asks the provider.
func (o oauth) renew(ctx context.Context, clock zongji.Clock, old token) (token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWait)
	defer cancel()
	refresh := old.Refresh
	if refresh == "" {
		refresh = o.refresh
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {o.id}}
	for key, v := range map[string]string{"client_secret": o.secret, "scope": o.scope} {
		if v != "" {
			form.Set(key, v)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return token{}, fmt.Errorf("renew the access token: %w", err)
	}
	defer resp.Body.Close()
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Seconds int64  `json:"expires_in"`
		Error   string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, tokenMax)).Decode(&got); err != nil {
		return token{}, fmt.Errorf("renew the access token: %s answers %s", o.url, resp.Status)
	}
	switch {
	case got.Error == "invalid_grant":
		return token{}, errGrant
	case got.Error != "" || got.Access == "":
		return token{}, fmt.Errorf("renew the access token: %s %s", resp.Status, got.Error)
	case got.Seconds <= 0:
		got.Seconds = 3600
	}
	if got.Refresh == "" {
		got.Refresh = old.Refresh
	}
	return token{Access: got.Access, Refresh: got.Refresh, Of: o.refresh,
		Until: zongji.NowMs(clock).Add(time.Duration(got.Seconds) * time.Second)}, nil
}

// xoauth2 is the login that Gmail and Exchange Online take
// (https://developers.google.com/gmail/imap/xoauth2-protocol).
type xoauth2 struct{ user, access string }

var _ sasl.Client = xoauth2{}

func (x xoauth2) Start() (mech string, ir []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.access + "\x01\x01"), nil
}

// Next answers the provider's JSON of a refusal with nothing, so that the
// refusal itself comes.
func (x xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }
