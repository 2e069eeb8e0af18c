package wechat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"zongji/internal/zongji"
)

const (
	maxSigned = 8 << 10 // bytes of a request
	maxSub    = 128     // bytes of the company's own customer id
	maxWord   = 200     // characters of a name, mail or phone
	maxOpenID = 128     // bytes
)

// claims is the payload of a signed identity: the widget's, and whose openid
// it is. The openid is signed too, or a customer could give his own identity
// to another's chat.
type claims struct {
	Sub    string `json:"sub"`
	OpenID string `json:"openid"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Phone  string `json:"phone"`
	Level  int    `json:"level"`
	Exp    int64  `json:"exp"` // seconds since 1970
}

var errIdentity = zongji.Errorf(zongji.Denied, "bad_identity", "the signed identity is wrong or has ended")

// identify takes the company's own word, signed with the account's secret,
// that an openid is its customer sub.
func (a *Account) identify(w http.ResponseWriter, r *http.Request) {
	err := a.identified(w, r)
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		_, _ = io.WriteString(w, `{"ok":true}`)
		return
	}
	status, code := http.StatusServiceUnavailable, "unavailable"
	switch zongji.KindOf(err) {
	case zongji.Invalid:
		status, code = http.StatusUnprocessableEntity, zongji.CodeOf(err)
	case zongji.Denied:
		status, code = http.StatusForbidden, zongji.CodeOf(err)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code}) // the caller may have left
}

func (a *Account) identified(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Identity string `json:"identity"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSigned))
	d.DisallowUnknownFields()
	if err := d.Decode(&req); err != nil {
		return zongji.Errorf(zongji.Invalid, "bad_json", `want {"identity": "…"}`)
	}
	c, err := a.claimed(req.Identity)
	if err != nil {
		return err
	}
	h := sha256.Sum256([]byte(req.Identity))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), acceptFor)
	defer cancel()
	_, err = a.Accept(ctx, zongji.Inbound{Channel: a.set.ID, ChanKind: "wechat", ExtID: "identify:" + hex.EncodeToString(h[:16]), Thread: c.OpenID,
		Kind: zongji.InEvent, Event: "identify", At: zongji.NowMs(a.Clock),
		From: zongji.Identity{Ext: c.OpenID, Sub: c.Sub, Name: clip(c.Name, maxWord), Email: clip(c.Email, maxWord), Phone: clip(c.Phone, maxWord),
			Level: zongji.Level(c.Level), Verified: true}})
	return err
}

// claimed opens a signed identity. The comparison takes the same time for
// every wrong signature; an account without a secret refuses all.
func (a *Account) claimed(signed string) (c claims, err error) {
	body, sig, ok := strings.Cut(signed, ".")
	b64 := base64.RawURLEncoding.Strict()
	mac, err := b64.DecodeString(sig)
	if !ok || err != nil || a.set.Secret == "" {
		return c, errIdentity
	}
	h := hmac.New(sha256.New, []byte(a.set.Secret))
	h.Write([]byte(body))
	if !hmac.Equal(h.Sum(nil), mac) {
		return c, errIdentity
	}
	raw, err := b64.DecodeString(body)
	if err != nil || json.Unmarshal(raw, &c) != nil || !utf8.Valid(raw) || strings.ContainsRune(c.Sub+c.OpenID, 0) ||
		c.Sub == "" || len(c.Sub) > maxSub || c.OpenID == "" || len(c.OpenID) > maxOpenID || c.Level < 0 || c.Level > 3 || c.Exp <= a.Clock.Now().Unix() {
		return c, errIdentity
	}
	return c, nil
}
