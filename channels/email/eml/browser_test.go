package eml_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/email/eml"
	"zongji/internal/testenv"
)

// TestSafeHTMLInABrowser opens what Safe made of the hostile fixtures and of the
// corpus in a real browser, without the sandbox and the content policy that
// protect the desk besides: no script may run and no request may leave. All
// that the browser asks for goes through this test as its proxy.
func TestSafeHTMLInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "chromium"
	}
	if _, err := exec.LookPath(browser); err != nil {
		testenv.Missing(t, "chromium")
	}
	sources := map[string]string{}
	for i, src := range hostile {
		sources["fixture "+strconv.Itoa(i)] = src
	}
	if os.Getenv("ZONGJI_TESTDATA") != "" {
		for _, s := range corpus(t) {
			if html := s.parse().HTML; html != "" {
				sources[s.ID] = html
			}
		}
	}
	var pages, names []string
	for name, src := range sources {
		safe, _ := eml.Safe(src, eml.SafeOptions{CID: func(string) string { return "/pixel" }})
		pages, names = append(pages, safe), append(names, name)
	}
	if bad := visit(t, browser, pages); len(bad) > 0 {
		for i, what := range bad {
			t.Errorf("%s: %s\n%.1000s", names[i], what, pages[i])
		}
	}
	t.Logf("%d pages are clean", len(pages))
	// What is not cleaned is found: else the above would prove nothing.
	if bad := visit(t, browser, []string{`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<img src="http://evil.test/x.gif">`, `<img src="https://evil.test/x.gif">`}); len(bad) != 4 {
		t.Errorf("of four bad pages these were noticed: %v", bad)
	}
}

// visit opens each page in a frame of its own and returns what they did that
// they must not, by their place.
func visit(t *testing.T, browser string, pages []string) map[int]string {
	t.Helper()
	bad, opened := map[int]string{}, 0
	var mu sync.Mutex
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		page, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/page/"))
		from, fromErr := strconv.Atoi(r.URL.Query().Get("page"))
		switch {
		case r.Host != "mail.test":
			// The browser's own errands go to hosts that no page names.
			for i, p := range pages {
				if host, _, _ := strings.Cut(r.Host, ":"); strings.Contains(p, host) {
					bad[i] = "asked for " + r.Method + " " + r.Host
				}
			}
			http.Error(w, "no", http.StatusForbidden)
		case r.URL.Path == "/ran" && fromErr == nil:
			bad[from] = "ran a script"
		case r.URL.Path == "/":
			for i := range pages {
				fmt.Fprintf(w, "<iframe src=/page/%d></iframe>\n", i)
			}
		case err == nil && page < len(pages):
			opened++
			fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><script>alert=function(){var x=new XMLHttpRequest();x.open('GET','/ran?page=%d',false);x.send()}</script><body>%s", page, pages[page])
		case r.URL.Path == "/pixel", r.URL.Path == "/favicon.ico":
		default:
			http.NotFound(w, r)
		}
	}))
	defer proxy.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--proxy-server="+proxy.Listener.Addr().String(), "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=20000", "--dump-dom", "http://mail.test/")
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("%v: %.500s", err, out)
	}
	mu.Lock()
	defer mu.Unlock()
	if opened != len(pages) {
		t.Errorf("the browser opened %d of %d pages", opened, len(pages))
	}
	return bad
}
