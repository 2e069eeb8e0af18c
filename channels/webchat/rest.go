package webchat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zongji/internal/zongji"
)

// uploadWait is how long one upload may take: 20 MiB over a slow phone.
const uploadWait = 5 * time.Minute

// routes are the paths under /c/{key}/.
func (c *Chat) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /ws", c.serveSocket)
	for pattern, fn := range map[string]func(http.ResponseWriter, *http.Request) (any, error){
		"POST /hello": c.postHello, "POST /send": c.postSend, "POST /files": c.postFile,
		"GET /messages": c.getMessages, "GET /config": c.getConfig,
	} {
		m.HandleFunc(pattern, c.rest(fn))
		m.HandleFunc("OPTIONS "+pattern[strings.Index(pattern, "/"):], c.rest(nil))
	}
	return m
}

// rest answers fn's result as JSON and its error as a problem, with the CORS
// headers that let the widget live on other sites.
func (c *Chat) rest(fn func(http.ResponseWriter, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		hd := w.Header()
		hd.Set("Vary", "Origin")
		hd.Set("Cache-Control", "no-store")
		if origin := r.Header.Get("Origin"); origin != "" && c.origins.allow(r) {
			hd.Set("Access-Control-Allow-Origin", origin)
			hd.Set("Access-Control-Allow-Headers", "Content-Type, X-Visitor")
			hd.Set("Access-Control-Max-Age", "600")
		}
		var body any
		var err error
		switch {
		case c.acct.Disabled:
			err = zongji.Errorf(zongji.Denied, "disabled", "this channel is switched off")
		case !c.origins.allow(r):
			err = zongji.Errorf(zongji.Denied, "origin", "this site may not use the channel")
		case fn == nil:
			w.WriteHeader(http.StatusNoContent)
			return
		default:
			body, err = fn(w, r)
		}
		if err != nil {
			c.problem(w, err)
			return
		}
		hd.Set("Content-Type", "application/json")
		w.Write(encode(body))
	}
}

// statuses are the HTTP words for the kinds of error.
var statuses = map[zongji.ErrorKind]int{zongji.Invalid: 400, zongji.Unauthenticated: 401, zongji.Denied: 403,
	zongji.NotFound: 404, zongji.Conflict: 409, zongji.TooLarge: 413, zongji.Busy: 503}

// problem answers an error as RFC 9457.
func (c *Chat) problem(w http.ResponseWriter, err error) {
	if zongji.KindOf(err) == zongji.Internal {
		c.Log.Error("request ended", "err", err)
		err = unavailable(err)
	}
	status, code := statuses[zongji.KindOf(err)], zongji.CodeOf(err)
	var slow *rateError
	switch {
	case errors.As(err, &slow):
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(slow.retry.Seconds())+1))
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	case code == "type_not_allowed":
		status = http.StatusUnsupportedMediaType
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": err.Error(), "code": code})
}

// body decodes a request's JSON as strictly as a frame.
func body(w http.ResponseWriter, r *http.Request, into any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFrame))
	switch {
	case err != nil:
		return zongji.Errorf(zongji.TooLarge, "too_big", "at most %d bytes", maxFrame)
	case !utf8.Valid(b) || hasNUL(b):
		return zongji.Errorf(zongji.Invalid, "bad_frame", "want UTF-8 without U+0000")
	}
	return decode(b, into)
}

func (c *Chat) postHello(w http.ResponseWriter, r *http.Request) (any, error) {
	var f helloFrame
	if err := body(w, r, &f); err != nil {
		return nil, err
	}
	v, err := c.greet(r.Context(), c.clientIP(r), &f)
	if err != nil {
		return nil, err
	}
	return c.welcome(r.Context(), v, &f)
}

// guestOf is the visitor of the X-Visitor header.
func (c *Chat) guestOf(r *http.Request) (*visitor, error) {
	ext, err := c.byToken(r.Context(), r.Header.Get("X-Visitor"))
	if err != nil {
		return nil, err
	}
	return &visitor{Identity: zongji.Identity{Ext: ext, Verified: strings.HasPrefix(ext, "u:")}}, nil
}

func (c *Chat) postSend(w http.ResponseWriter, r *http.Request) (any, error) {
	var f sendFrame
	if err := body(w, r, &f); err != nil {
		return nil, err
	}
	v, err := c.guestOf(r)
	if err != nil {
		return nil, err
	}
	return c.send(r.Context(), v, &f)
}

func (c *Chat) getMessages(_ http.ResponseWriter, r *http.Request) (any, error) {
	v, err := c.guestOf(r)
	if err != nil {
		return nil, err
	}
	conv, _ := strconv.ParseInt(r.FormValue("conv"), 10, 64)
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64)
	return c.view(r.Context(), v.Ext, conv, after)
}

func (c *Chat) getConfig(_ http.ResponseWriter, r *http.Request) (any, error) {
	return c.look(r.Context(), language(r.FormValue("lang"))), nil
}

// postFile stores one upload. Its type is what its bytes say, not what the
// browser claims.
func (c *Chat) postFile(w http.ResponseWriter, r *http.Request) (any, error) {
	v, err := c.guestOf(r)
	if err != nil {
		return nil, err
	}
	if err := c.limits.take(r.Context(), "file:"+v.Ext, fileBurst, fileRate); err != nil {
		return nil, err
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadWait)) // not every server can; the limit of bytes holds anyway
	tooLarge := zongji.Errorf(zongji.TooLarge, "too_large", "at most %d bytes", zongji.MaxFile)
	if r.ContentLength > zongji.MaxFile+maxFrame {
		return nil, tooLarge
	}
	r.Body = http.MaxBytesReader(w, r.Body, zongji.MaxFile+maxFrame)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, zongji.Errorf(zongji.Invalid, "bad_form", "want multipart/form-data with a part \"file\"")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, zongji.Errorf(zongji.Invalid, "bad_form", "want a part \"file\"")
		}
		if part.FormName() != "file" {
			continue
		}
		f, err := c.Blobs.Put(r.Context(), cleanName(part.FileName()), part, zongji.MaxFile)
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, tooLarge
		}
		return f, err
	}
}

// cleanName makes a file name that is only a name: no path, no control or
// direction characters, not longer than zongji.MaxName bytes with its ending.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = path.Base("/" + strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if ext := path.Ext(name); len(name) > zongji.MaxName && len(ext) <= 16 {
		name = clip(name[:len(name)-len(ext)], zongji.MaxName-len(ext)) + ext
	}
	if name = clip(name, zongji.MaxName); name == "" {
		return "file"
	}
	return name
}
