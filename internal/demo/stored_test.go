package demo

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestNoAnswerIsNotLoss: while the product is away or starting, nothing is
// known of what it stored, so nothing may be counted as lost.
func TestNoAnswerIsNotLoss(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":503,"code":"unavailable"}`))
	}))
	defer srv.Close()
	if err := Stored(t.Context(), srv.URL, "k", "token", 1, map[string]int{}); err == nil {
		t.Error("a 503 was taken for an answer")
	}
}
