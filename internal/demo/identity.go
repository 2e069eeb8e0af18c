package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// claims say who a customer is; docs/protocol.md has the fields.
type claims struct {
	Sub   string `json:"sub"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Level int    `json:"level"`
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
