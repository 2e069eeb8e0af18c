package wechat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zongji/internal/zongji"
)

// sign makes a signed identity as the company's back end does.
func sign(secret string, c claims) string {
	raw, _ := json.Marshal(c) // plain fields
	body := base64.RawURLEncoding.EncodeToString(raw)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func TestIdentify(t *testing.T) {
	w := newWorld(t, modeSafe, nil)
	later := time.Now().Add(time.Hour).Unix()
	good := claims{Sub: "42", OpenID: "o-ming", Name: "王小明", Phone: "13800001111", Email: "m@example.com", Level: 2, Exp: later}
	noOpenID, old := good, good
	noOpenID.OpenID, old.Exp = "", 1
	post := func(body string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.acct.Handler().ServeHTTP(rec, httptest.NewRequest("POST", "/identify", strings.NewReader(body)))
		return rec
	}
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"a forged one", `{"identity":"` + sign("another secret", good) + `"}`, http.StatusForbidden},
		{"one without an openid: a customer has that of the widget", `{"identity":"` + sign(signing, noOpenID) + `"}`, http.StatusForbidden},
		{"one that has ended", `{"identity":"` + sign(signing, old) + `"}`, http.StatusForbidden},
		{"no identity", `{}`, http.StatusForbidden},
		{"an openid beside it", `{"identity":"x","openid":"o-other"}`, http.StatusUnprocessableEntity},
		{"no JSON", `x`, http.StatusUnprocessableEntity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if rec := post(tt.body); rec.Code != tt.status || len(w.store.all()) != 0 {
				t.Errorf("status %d %s, want %d and nothing accepted", rec.Code, rec.Body, tt.status)
			}
		})
	}
	for range 2 {
		if rec := post(`{"identity":"` + sign(signing, good) + `"}`); rec.Code != http.StatusOK {
			t.Fatalf("status %d %s", rec.Code, rec.Body)
		}
	}
	in := w.in()
	want := zongji.Identity{Ext: "o-ming", Sub: "42", Name: "王小明", Phone: "13800001111", Email: "m@example.com", Level: 2, Verified: true}
	if got := in.From; got.Ext != want.Ext || got.Sub != want.Sub || got.Name != want.Name || got.Phone != want.Phone || got.Email != want.Email || got.Level != want.Level || !got.Verified {
		t.Errorf("from %+v, want %+v", got, want)
	}
	if in.Kind != zongji.InEvent || in.Event != "identify" || in.Shown || in.Thread != "o-ming" || len(w.store.all()) != 1 {
		t.Errorf("accepted %+v", in)
	}
	w.store.set(errors.New("the disk is full"), 0)
	good.Sub = "43"
	if rec := post(`{"identity":"` + sign(signing, good) + `"}`); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("not stored: status %d", rec.Code)
	}
	w.set.Secret = ""
	w.open()
	if rec := post(`{"identity":"` + sign("", good) + `"}`); rec.Code != http.StatusForbidden {
		t.Errorf("an account without a secret: status %d", rec.Code)
	}
}
