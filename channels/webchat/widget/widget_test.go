package widget

import (
	"net/http/httptest"
	"os"
	"testing"
)

// maxWeight is what the widget may weigh on the wire, bytes: 15 kB gzipped.
const maxWeight = 15000

func TestScript(t *testing.T) {
	get := func(etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/widget.js", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		return w
	}
	w := get("")
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() == 0 {
		t.Errorf("answered %d %v", w.Code, w.Header())
	}
	if w := get(w.Header().Get("ETag")); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("a known script is sent again: %d", w.Code)
	}
	if _, err := os.Stat("dist/widget.js"); err != nil {
		t.Skip("the widget is not built (make widget): not weighed")
	}
	t.Logf("%d bytes on the wire", w.Body.Len())
	if w.Body.Len() > maxWeight {
		t.Errorf("the widget weighs %d bytes, at most %d", w.Body.Len(), maxWeight)
	}
}
