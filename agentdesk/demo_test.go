package agentdesk

import (
	"net/http/httptest"
	"testing"
)

// TestDemoIsLocal: the demo's logins and its kill switch are for pages and
// scripts of this machine alone.
func TestDemoIsLocal(t *testing.T) {
	for _, tt := range []struct {
		name, remote, host, header, value string
		ok                                bool
	}{
		{"a script here", "127.0.0.1:9", "127.0.0.1:8080", "", "", true},
		{"the cockpit", "127.0.0.1:9", "localhost:8080", "Origin", "http://localhost:8080", true},
		{"IPv6", "[::1]:9", "[::1]:8080", "", "", true},
		{"another machine", "192.0.2.1:9", "127.0.0.1:8080", "", "", false},
		{"a name that was bound to this machine", "127.0.0.1:9", "evil.example:8080", "", "", false},
		{"a name that begins like it", "127.0.0.1:9", "127.0.0.1.evil.example", "", "", false},
		{"a page elsewhere", "127.0.0.1:9", "127.0.0.1:8080", "Origin", "https://evil.example", false},
		{"a page in a sandbox", "127.0.0.1:9", "127.0.0.1:8080", "Origin", "null", false},
		{"a proxy that rewrites the host", "127.0.0.1:9", "127.0.0.1:8080", "X-Forwarded-For", "203.0.113.9", false},
		{"a proxy that says so otherwise", "127.0.0.1:9", "127.0.0.1:8080", "Via", "1.1 edge", false},
	} {
		r := httptest.NewRequest("GET", "/api/v1/demo", nil)
		r.RemoteAddr, r.Host = tt.remote, tt.host
		if tt.header != "" {
			r.Header.Set(tt.header, tt.value)
		}
		if got := local(r) == nil; got != tt.ok {
			t.Errorf("%s: let in %v, want %v", tt.name, got, tt.ok)
		}
	}
}

func TestTheDemoBeginsAtItsCockpit(t *testing.T) {
	for _, tt := range []struct {
		name string
		demo Demo
		want string
	}{{"in the demo", noDemo{}, "/demo"}, {"outside the demo", nil, ""}} {
		w := httptest.NewRecorder()
		New(Config{Demo: tt.demo}).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Header().Get("Location"); got != tt.want {
			t.Errorf("%s: / leads to %q, want %q", tt.name, got, tt.want)
		}
	}
}
