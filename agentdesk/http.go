package agentdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"zongji/internal/zongji"
)

const (
	base = "/api/v1"
	// maxBody is how large a JSON body may be, in bytes: a rule table or 500
	// quick replies, not a file.
	maxBody = 1 << 20
)

// rows says which rows a route may touch.
type rows string

const (
	rowsNone rows = "none"  // no conversations or customers in it
	rowsConv rows = "conv"  // one conversation, which must lie in the caller's scope
	rowsMsg  rows = "msg"   // messages, whose conversations must lie in the caller's scope
	rowsList rows = "list"  // a list, filtered by the caller's scope
	rowsSelf rows = "self"  // the caller's own rows
	rowsCust rows = "cust"  // a customer of whom a conversation lies in scope
	rowsLink rows = "link"  // whoever knows the 128-bit link
	rowsChan rows = "chan"  // the channel account's own rules (visitor tokens, signatures)
	rowsDemo rows = "local" // the demo's machine only
)

// route is one entry of the list of all routes.
type route struct {
	Method, Path string // Path with {name} for parameters
	Perm         zongji.Perm
	Rows         rows
	Does         string
	mount        func(*Desk, route)
}

// none is the answer of a handler that has nothing to say: 204.
type none struct{}

type reply[O any] struct{ Body O }

// typed is a route with a plain function: huma decodes, validates, encodes and
// describes it. path stands below /api/v1.
func typed[I, O any](method, path string, perm zongji.Perm, rows rows, does string, fn func(context.Context, zongji.Actor, *I) (O, error)) route {
	mount := func(d *Desk, r route) {
		op := *describe(r, path, nil)
		op.MaxBodyBytes, op.Middlewares = maxBody, huma.Middlewares{d.guardTyped(r)}
		call := func(ctx context.Context, in *I) (O, error) {
			out, err := fn(ctx, callerOf(ctx).me, in)
			if err != nil {
				err = d.logged(r.Method+" "+r.Path, err)
			}
			return out, err
		}
		if reflect.TypeFor[O]() == reflect.TypeFor[none]() {
			op.DefaultStatus = http.StatusNoContent
			huma.Register(d.api, op, func(ctx context.Context, in *I) (*struct{}, error) {
				_, err := call(ctx, in)
				return nil, err
			})
			return
		}
		op.DefaultStatus = http.StatusOK
		huma.Register(d.api, op, func(ctx context.Context, in *I) (*reply[O], error) {
			out, err := call(ctx, in)
			return &reply[O]{out}, err
		})
	}
	return route{method, base + path, perm, rows, does, mount}
}

// raw is a route that reads or writes bytes itself. An error it returns before
// it wrote is answered as a problem.
func raw(method, path string, perm zongji.Perm, rows rows, does string, fn func(*gin.Context, zongji.Actor) error) route {
	mount := func(d *Desk, r route) {
		if strings.HasPrefix(r.Path, base+"/") {
			d.api.OpenAPI().AddOperation(describe(r, strings.TrimPrefix(r.Path, base), map[string]*huma.Response{"200": {Description: r.Does}}))
		}
		d.engine.Handle(r.Method, ginPath(r.Path), func(c *gin.Context) {
			who, err := d.admit(c, r.Perm)
			if err == nil {
				c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), callerKey{}, who))
				err = fn(c, who.me)
			}
			if err != nil && !c.Writer.Written() {
				d.fail(c, err)
			}
		})
	}
	return route{method, path, perm, rows, does, mount}
}

func ginPath(path string) string {
	return strings.NewReplacer("{rest}", "*rest", "{", ":", "}", "").Replace(path)
}

// describe is r in the OpenAPI document.
func describe(r route, path string, responses map[string]*huma.Response) *huma.Operation {
	op := &huma.Operation{Method: r.Method, Path: r.Path, OperationID: operationID(r.Method, path), Summary: r.Does, Responses: responses,
		Tags: []string{strings.Split(path, "/")[1]}, Extensions: map[string]any{"x-permission": r.Perm, "x-rows": r.Rows}}
	if r.Perm == zongji.PermPublic {
		op.Security = []map[string][]string{}
	}
	return op
}

func operationID(method, path string) string {
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)
}

// caller is who sent a request.
type caller struct {
	me    zongji.Actor
	user  zongji.User
	token string
	ip    string
}

type callerKey struct{}

// callerOf returns who sent the request of ctx; zero outside one.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// guardTyped admits or refuses before anything of the body is read.
func (d *Desk) guardTyped(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		who, err := d.admit(c, r.Perm)
		if err != nil {
			d.fail(c, err)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, who))
	}
}

var errDenied = zongji.Errorf(zongji.Denied, "denied", "your role does not include this")

// admit checks session and permission of a request.
func (d *Desk) admit(c *gin.Context, perm zongji.Perm) (caller, error) {
	who := caller{ip: zongji.Network(c.ClientIP())}
	if p := c.Request.URL.Path; !utf8.ValidString(p) || strings.ContainsRune(p, 0) {
		return who, &Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the address is not valid UTF-8 text"}
	}
	if q, err := url.QueryUnescape(c.Request.URL.RawQuery); err != nil || !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return who, &Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the query is not valid UTF-8 text"}
	}
	if perm == zongji.PermPublic {
		return who, nil
	}
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	user, err := d.cfg.Auth.User(c.Request.Context(), token)
	if err != nil {
		return who, err
	}
	if !user.Role.May(perm) {
		return who, errDenied
	}
	who.user, who.token = user, token
	who.me, err = d.actor(c.Request.Context(), user)
	return who, err
}

// apiConfig is huma with strict JSON and without its links and pages.
func apiConfig(version string) huma.Config {
	cfg := huma.DefaultConfig("Zongji (总机)", version)
	cfg.CreateHooks = nil
	cfg.DocsPath, cfg.SchemasPath = "", ""
	cfg.OpenAPIPath = "" // served by a route of our own list
	cfg.FieldsOptionalByDefault = true
	cfg.Info.Description = "Customer-service switchboard. Sockets and limits: docs/protocol.md."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"session": {Type: "http", Scheme: "bearer"}}
	cfg.Security = []map[string][]string{{"session": {}}}
	strict := huma.Format{Unmarshal: unmarshal, Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}}
	cfg.Formats = map[string]huma.Format{"application/json": strict, "json": strict}
	return cfg
}

var errText = errors.New("bad UTF-8 or U+0000 in the text")

// unmarshal reads JSON that the database can hold.
func unmarshal(b []byte, v any) error {
	if !cleanJSON(b) {
		return errText
	}
	return json.Unmarshal(b, v)
}

// cleanJSON reports whether b is UTF-8 without a U+0000, also an escaped one.
func cleanJSON(b []byte) bool {
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return false
	}
	for rest := b; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return true
		}
		slashes := 0
		for j := i; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 1 {
			return false
		}
		rest = rest[i+1:]
	}
}

// csp is what pages of the web app may do.
const csp = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; object-src 'none'; base-uri 'self'; form-action 'self'"

// headers sets what every answer carries; downloads and the widget set their
// own over it.
func headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	if strings.HasPrefix(c.Request.URL.Path, base) {
		h.Set("Cache-Control", "no-store")
	}
}

// recover answers 500 for a handler that panicked and says where.
func (d *Desk) recover(c *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(r)
		}
		d.log.Error("handler panicked", "what", c.Request.Method+" "+c.FullPath(), "err", fmt.Sprint(r), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			d.fail(c, &Problem{Status: http.StatusInternalServerError, Code: "internal"})
		}
	}()
	c.Next()
}
