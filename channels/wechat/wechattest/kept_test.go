package wechattest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// kept is a callback that remembers the last body.
type kept struct {
	mu   sync.Mutex
	body []byte
}

func (k *kept) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.body = body
}

func (k *kept) last() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.body
}

func newHook(t *testing.T, h http.Handler) string {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}
