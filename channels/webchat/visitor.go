package webchat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"unicode/utf8"

	"zongji/channels"
	"zongji/internal/zongji"
)

// visitor is who speaks: an anonymous token or a signed identity.
type visitor struct {
	zongji.Identity
	Token string
	ip    string // "" when limits per IP do not hold
	lang  string
	page  string
	fresh bool // "new" was asked: the next message opens a conversation
}

// randomHex returns n random bytes in hex.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// tokenHash is what the store keeps of a token, so that a copy of the
// database opens no conversation.
func tokenHash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// claims is the payload of a signed identity.
type claims struct {
	Sub   string `json:"sub"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone"`
	Level int    `json:"level"`
	Union string `json:"unionid"` // the company knows him on WeChat too
	Exp   int64  `json:"exp"`     // seconds since 1970
}

var errIdentity = zongji.Errorf(zongji.Denied, "bad_identity", "the signed identity is wrong or has ended")

// verify opens a signed identity. The comparison takes the same time for
// every wrong signature; an account without a secret refuses all.
func (c *Chat) verify(signed string) (zongji.Identity, error) {
	body, sig, ok := strings.Cut(signed, ".")
	b64 := base64.RawURLEncoding.Strict()
	mac, err := b64.DecodeString(sig)
	if !ok || err != nil || c.acct.Secret == "" {
		return zongji.Identity{}, errIdentity
	}
	h := hmac.New(sha256.New, []byte(c.acct.Secret))
	h.Write([]byte(body))
	if !hmac.Equal(h.Sum(nil), mac) {
		return zongji.Identity{}, errIdentity
	}
	var cl claims
	raw, err := b64.DecodeString(body)
	if err != nil || json.Unmarshal(raw, &cl) != nil || hasNUL(raw) || !utf8.Valid(raw) ||
		cl.Sub == "" || len(cl.Sub) > maxSub || cl.Level < 0 || cl.Level > 3 || cl.Exp <= c.Clock.Now().Unix() {
		return zongji.Identity{}, errIdentity
	}
	return zongji.Identity{Ext: "u:" + cl.Sub, Name: clip(cl.Name, maxWord), Email: clip(cl.Email, maxWord),
		Phone: clip(cl.Phone, maxWord), Level: zongji.Level(cl.Level), Union: clip(cl.Union, maxSub), Verified: true}, nil
}

// greet says who a hello comes from, making a visitor when it has no token.
// Unknown tokens are Unauthenticated, forged identities Denied.
func (c *Chat) greet(ctx context.Context, ip string, h *helloFrame) (*visitor, error) {
	v := &visitor{ip: ip, lang: language(h.Lang), page: clip(h.Page.URL, maxURL)}
	if !strings.HasPrefix(v.page, "http://") && !strings.HasPrefix(v.page, "https://") {
		v.page = ""
	}
	if h.Identity != "" {
		id, err := c.verify(h.Identity)
		if err != nil {
			return nil, err
		}
		v.Identity = id
	}
	if h.Token != "" {
		ext, err := c.byToken(ctx, h.Token)
		switch {
		case err != nil && !(v.Verified && zongji.KindOf(err) == zongji.Unauthenticated):
			return nil, err
		case err == nil && (!v.Verified || ext == v.Ext):
			v.Ext, v.Token = ext, h.Token
			return v, nil
		}
	}
	if ip != "" {
		if err := c.limits.take(ctx, "new:"+ip, newBurst, newRate); err != nil {
			return nil, err
		}
	}
	if v.Ext == "" {
		v.Ext = "v:" + randomHex(8)
	}
	v.Token = randomHex(16)
	if err := c.Visitors.Put(ctx, c.acct.ID, tokenHash(v.Token), v.Ext); err != nil {
		return nil, unavailable(err)
	}
	return v, nil
}

// byToken returns the visitor whose token it is.
func (c *Chat) byToken(ctx context.Context, token string) (string, error) {
	if len(token) != tokenLen {
		return "", errToken
	}
	ext, err := c.Visitors.ByToken(ctx, c.acct.ID, tokenHash(token))
	if zongji.KindOf(err) == zongji.NotFound {
		return "", errToken
	}
	return ext, unavailable(err)
}

var errToken = zongji.Errorf(zongji.Unauthenticated, "unknown_token", "this visitor token is unknown: say hello without one")

// unavailable hides why a part is down; the router has logged it. Errors that
// are meant for the caller stay as they are.
func unavailable(err error) error {
	if err == nil || zongji.KindOf(err) != zongji.Internal {
		return err
	}
	return zongji.Errorf(zongji.Busy, "unavailable", "try again in a moment")
}

// view is what the visitor misses: the newest conversation after the
// position that he has, or from its beginning when he knows another one.
func (c *Chat) view(ctx context.Context, ext string, conv, after int64) (channels.VisitorView, error) {
	v, err := c.Desk.Visit(ctx, c.acct.ID, ext, after)
	if err == nil && after > 0 && v.Conv != conv && conv != 0 {
		v, err = c.Desk.Visit(ctx, c.acct.ID, ext, 0)
	}
	if v.Messages == nil {
		v.Messages = []zongji.VisitorMessage{}
	}
	return v, unavailable(err)
}

// clientIP is whom limits per IP mean; "" when they do not hold for it.
func (c *Chat) clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if c.ClientIP != nil {
		host = c.ClientIP(r)
	}
	if ip := net.ParseIP(host); c.FreeLoopback && ip != nil && ip.IsLoopback() {
		return ""
	}
	return host
}

// clip cuts s to at most n bytes without splitting a character.
func clip(s string, n int) string {
	for len(s) > n || !utf8.ValidString(s) {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
