package demo

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// claims say who a customer is; docs/protocol.md has the fields.
type claims struct {
	Sub   string `json:"sub"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Level int    `json:"level"`
	Union string `json:"unionid,omitempty"`
	Exp   int64  `json:"exp"` // seconds since 1970
}

// sign makes the identity that the widget hands on: payload and HMAC-SHA256,
// both in base64url.
func sign(secret string, c claims) string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // words and numbers
	}
	body := base64.RawURLEncoding.EncodeToString(b)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// phones is what the demo's phones speak to: WeChat, and the shop's server,
// which knows its members' unionid and signs who they are.
func (p *parent) phones(wx http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", wx)
	mux.HandleFunc("GET "+simPath+"member", func(w http.ResponseWriter, r *http.Request) {
		union := cmp.Or(r.FormValue("unionid"), "nobody")
		secret, err := shopSecret(r.Context(), p.served, p.in.Channel, p.cfg.Log)
		if err != nil {
			http.Error(w, "the shop's secret cannot be read", http.StatusServiceUnavailable)
			return
		}
		signed := sign(secret, claims{Sub: "member-" + union, Name: r.FormValue("name"), Level: 1, Union: union, Exp: time.Now().Add(24 * time.Hour).Unix()})
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"identity": signed}) // the page is gone
	})
	return mux
}
