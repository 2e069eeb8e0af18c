package agentdesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gin-gonic/gin"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router/bus"
)

// Problem is how REST answers errors: RFC 9457 with a stable code.
type Problem struct {
	Status  int            `json:"status"`
	Title   string         `json:"title"`
	Detail  string         `json:"detail,omitempty"`
	Code    string         `json:"code" doc:"stable; screens translate it"`
	Params  map[string]any `json:"params,omitempty" doc:"figures that the words for the code take, by name"`
	Errors  []mistake      `json:"errors,omitempty"`
	headers http.Header
}

// mistake is one thing that is wrong with a request. Screens put Code and
// Params into words; Message is the same in English.
type mistake struct {
	Location string `json:"location,omitempty" doc:"such as body.name"`
	Message  string `json:"message"`
	Code     string `json:"code" doc:"stable; screens translate it"`
	Params   []any  `json:"params,omitempty" doc:"what the words for the code take, in this order"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus is asked by huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is asked by huma.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is asked by huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// newProblem makes a problem of what huma itself refuses.
func newProblem(status int, detail string, errs ...error) huma.StatusError {
	p := &Problem{Status: status, Title: http.StatusText(status), Detail: detail, Code: codes[status]}
	if p.Code == "" {
		p.Code = "invalid"
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) { // its value may be secret, and long: not repeated
			e := d.ErrorDetail()
			p.Errors = append(p.Errors, mistake{e.Location, e.Message, "schema", []any{e.Message}})
		} else if err != nil {
			p.Errors = append(p.Errors, mistake{Message: err.Error(), Code: "schema", Params: []any{err.Error()}})
		}
	}
	for _, e := range p.Errors {
		if e.Message == validation.MsgUnexpectedProperty {
			p.Code = "unknown_field"
			p.Detail = "unknown field " + strings.TrimPrefix(e.Location, "body.")
		}
	}
	return p
}

var codes = map[int]string{
	http.StatusBadRequest: "bad_request", http.StatusUnauthorized: "unauthenticated", http.StatusForbidden: "denied",
	http.StatusNotFound: "not_found", http.StatusRequestTimeout: "timeout", http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType: "type_not_allowed", http.StatusInternalServerError: "internal",
}

// problemOf says what an error is to whoever caused it. Internal ones show
// nothing.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		if p.Title == "" {
			p.Title = http.StatusText(p.Status)
		}
		return p
	}
	p = &Problem{Code: zongji.CodeOf(err), Params: zongji.ParamsOf(err)}
	switch kind := zongji.KindOf(err); {
	case kind == zongji.Invalid && p.Code == "type_not_allowed":
		p.Status = http.StatusUnsupportedMediaType
	case kind == zongji.Invalid:
		p.Status = http.StatusUnprocessableEntity
	case kind == zongji.Unauthenticated:
		p.Status = http.StatusUnauthorized
	case kind == zongji.Denied:
		p.Status = http.StatusForbidden
	case kind == zongji.NotFound:
		p.Status = http.StatusNotFound
	case kind == zongji.Conflict:
		p.Status = http.StatusConflict
	case kind == zongji.TooLarge:
		p.Status = http.StatusRequestEntityTooLarge
	case kind == zongji.Busy && (p.Code == "try_later" || p.Code == "rate"):
		p.Status, p.headers = http.StatusTooManyRequests, http.Header{"Retry-After": {"60"}}
	case kind == zongji.Busy, down(err), errors.Is(err, bus.ErrDown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p.Status, p.headers = http.StatusServiceUnavailable, http.Header{"Retry-After": {"2"}}
		if kind != zongji.Busy {
			p.Code, p.Detail = "unavailable", "a part of the service is down: try again"
		}
	default:
		p.Status = http.StatusInternalServerError
	}
	p.Title = http.StatusText(p.Status)
	if zongji.KindOf(err) != zongji.Internal {
		p.Detail = text(err)
	}
	var m mistakes
	if errors.As(err, &m) {
		p.Errors = m
	}
	return p
}

// down reports whether what is stored cannot be reached or added to now.
func down(err error) bool {
	return store.Down(err) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS)
}

// text returns the part of an error that may be shown.
func text(err error) string {
	var e *zongji.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return ""
}

// fail answers a raw request with a problem.
func (d *Desk) fail(c *gin.Context, err error) {
	p := d.logged(c.Request.Method+" "+c.FullPath(), err)
	for k, v := range p.headers {
		c.Writer.Header()[k] = v
	}
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(p.Status, p)
}

// logged turns err into a problem and logs it here, once, when somebody has to
// look.
func (d *Desk) logged(what string, err error) *Problem {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError || down(err) {
		d.log.Error("request failed", "what", what, "err", err)
	}
	return p
}

// mistakes are what is wrong with a request, field by field.
type mistakes []mistake

// add adds a mistake: args fill the format and are the params of the code.
func (m *mistakes) add(field, code, format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = err.Error()
		}
	}
	*m = append(*m, mistake{"body." + field, fmt.Sprintf(format, args...), code, args})
}

// need adds a mistake when s is empty or longer than max characters.
func (m *mistakes) need(field, s string, max int) {
	switch n := len([]rune(strings.TrimSpace(s))); {
	case n == 0:
		m.add(field, "empty", "is empty: fill it in")
	case n > max:
		m.add(field, "long", "has %d characters: at most %d are allowed", n, max)
	}
}

// between adds a mistake when n is out of range.
func (m *mistakes) between(field string, n, low, high int) {
	if n < low || n > high {
		m.add(field, "between", "is %d: %d to %d are allowed", n, low, high)
	}
}

// oneOf adds a mistake when s is none of the allowed.
func (m *mistakes) oneOf(field, s string, allowed ...string) {
	if !slices.Contains(allowed, s) {
		m.add(field, "one_of", "is %q: allowed are %s", s, strings.Join(allowed, ", "))
	}
}

func (m mistakes) Error() string {
	parts := make([]string, len(m))
	for i, e := range m {
		parts[i] = strings.TrimPrefix(e.Location, "body.") + " " + e.Message
	}
	return strings.Join(parts, "; ")
}

// Unwrap makes mistakes an Invalid error.
func (m mistakes) Unwrap() error {
	return zongji.Errorf(zongji.Invalid, "invalid", "%s", m.Error())
}

// err returns m, nil when nothing is wrong.
func (m mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	return m
}
