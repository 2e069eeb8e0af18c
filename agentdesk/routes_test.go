package agentdesk

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zongji/internal/zongji"
)

// noDemo is a demo that does nothing.
type noDemo struct{}

func (noDemo) Info(context.Context) (any, error) { return map[string]bool{"enabled": true}, nil }
func (noDemo) WeChat(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
}
func (noDemo) Mail(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
}
func (noDemo) Do(context.Context, string, json.RawMessage) error { return nil }

func TestListAndRouterAreTheSame(t *testing.T) {
	d := New(Config{Demo: noDemo{}})
	var listed, served []string
	for _, r := range d.routes() {
		listed = append(listed, r.Method+" "+ginPath(r.Path))
		if !slices.Contains(append(zongji.RoleAdmin.Perms(), zongji.PermPublic), r.Perm) {
			t.Errorf("%s %s: permission %q is not known", r.Method, r.Path, r.Perm)
		}
		if r.Rows == "" || r.Does == "" {
			t.Errorf("%s %s has no row scope or no description", r.Method, r.Path)
		}
	}
	for _, r := range d.engine.Routes() {
		served = append(served, r.Method+" "+r.Path)
	}
	slices.Sort(listed)
	slices.Sort(served)
	for _, r := range served {
		if !slices.Contains(listed, r) {
			t.Errorf("%s is served but stands in no list", r)
		}
	}
	if !slices.Equal(slices.Compact(slices.Clone(listed)), served) || len(listed) != len(served) {
		t.Errorf("list has %d routes, router %d: %v", len(listed), len(served), listed)
	}
}

// documented reads the addresses of a page: methods, and after them each path
// of the same line, in backticks or after a space.
func documented(page string) map[string]bool {
	token := regexp.MustCompile("\\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\\b|[` ](/[a-z][^\\s`?]*)")
	out := map[string]bool{}
	for line := range strings.Lines(page) {
		var methods []string
		after := false // a path
		for _, m := range token.FindAllStringSubmatch(line, -1) {
			if m[1] != "" {
				if after {
					methods = nil
				}
				methods, after = append(methods, m[1]), false
				continue
			}
			after = true
			for _, method := range methods {
				out[method+" "+strings.TrimPrefix(m[2], base)] = true
			}
		}
	}
	return out
}

func TestEveryRouteStandsInTheProtocol(t *testing.T) {
	page, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	known := documented(string(page))
	for _, r := range New(Config{Demo: noDemo{}}).routes() {
		if !known[r.Method+" "+strings.TrimPrefix(r.Path, base)] {
			t.Errorf("docs/protocol.md does not name %s %s", r.Method, r.Path)
		}
	}
}

func TestPathsWithARowNameWhatTheyNeed(t *testing.T) {
	for _, r := range New(Config{}).routes() {
		conv := strings.Contains(r.Path, "{conv}")
		if conv != (r.Rows == rowsConv) {
			t.Errorf("%s %s: row scope %q", r.Method, r.Path, r.Rows)
		}
		if strings.Contains(r.Path, "{contact}") != (r.Rows == rowsCust) {
			t.Errorf("%s %s: row scope %q", r.Method, r.Path, r.Rows)
		}
	}
}

func TestDescriptionHasEveryTypedRoute(t *testing.T) {
	b, err := OpenAPI("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi = %s", doc.OpenAPI)
	}
	op := doc.Paths["/api/v1/conversations/{conv}/messages"]["post"]
	if op["x-permission"] != "reply" || op["x-rows"] != "conv" {
		t.Errorf("permission and rows of a reply = %v, %v", op["x-permission"], op["x-rows"])
	}
}
