// Package wxapi calls the HTTP API of WeChat and WeCom for one account:
// typed JSON with WeChat's error codes, tokens that all nodes share, media up
// and down. No error and no log of it carries a token, a secret, a customer's
// id or a text.
package wxapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/channels"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// Where the real ones are.
const (
	WeChat = "https://api.weixin.qq.com"
	WeCom  = "https://qyapi.weixin.qq.com"
)

// How long a call may take, and how large an answer may be.
const (
	dialWait  = 5 * time.Second
	callWait  = 10 * time.Second
	mediaWait = 60 * time.Second
	maxAnswer = 8 << 20 // bytes: sync_msg gives 1,000 messages at once
)

// Config is whose client it is.
type Config struct {
	Corp       bool   // WeCom: gettoken and corpid; else stable_token and appid
	Base       string // without a slash at the end; "": the real one
	App        string // appid or corpid
	Secret     string
	Keep       channels.Keep // holds the token for all nodes; nil: this client alone
	Clock      zongji.Clock  // nil: the real one
	Idempotent bool          // a send of unknown outcome may be tried again (kf's msgid)
}

// Client calls WeChat for one account. Safe for concurrent use.
type Client struct {
	cfg    Config
	name   string // "wechat" or "wecom": begins the codes of errors
	http   *http.Client
	tokens tokens
}

// New returns a client; it calls nobody yet. The only error is a base that is
// no http address.
func New(cfg Config) (*Client, error) {
	name := "wechat"
	if cfg.Corp {
		name = "wecom"
	}
	if cfg.Base == "" {
		if cfg.Base = WeChat; cfg.Corp {
			cfg.Base = WeCom
		}
	}
	cfg.Base = strings.TrimRight(cfg.Base, "/")
	if u, err := url.Parse(cfg.Base); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return nil, zongji.Errorf(zongji.Invalid, "bad_api_base", "api_base: want an address like %s", WeChat)
	}
	if cfg.Clock == nil {
		cfg.Clock = zongji.Wall{}
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialWait, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: dialWait, ResponseHeaderTimeout: callWait,
		MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
	}
	c := &Client{cfg: cfg, name: name, http: &http.Client{Transport: t,
		// A token goes to the host that it is for, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	c.tokens.c = c
	return c, nil
}

// Close drops the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Post calls path with the account's token and in as JSON, and decodes the
// answer into out (nil: only its code matters). Errors are *Error.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	return c.call(ctx, path, out, func(ctx context.Context, token string) (*http.Request, error) {
		return c.request(ctx, http.MethodPost, path, url.Values{"access_token": {token}}, bytes.NewReader(body), "application/json")
	})
}

// Get calls path with the account's token and query.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, path, out, func(ctx context.Context, token string) (*http.Request, error) {
		return c.request(ctx, http.MethodGet, path, with(query, token), nil, "")
	})
}

// Upload posts a file as multipart field "media". open is called once per
// try.
func (c *Client) Upload(ctx context.Context, path string, query url.Values, name, mediaType string, open func() (io.ReadCloser, error), out any) error {
	ctx, cancel := context.WithTimeout(ctx, mediaWait)
	defer cancel()
	return c.call(ctx, path, out, func(ctx context.Context, token string) (*http.Request, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		defer f.Close()
		var body bytes.Buffer // at most 20 MiB; WeChat refuses chunked bodies
		w := multipart.NewWriter(&body)
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="media"; filename=%q`, quotable(name)))
		h.Set("Content-Type", mediaType)
		part, err := w.CreatePart(h)
		if err == nil {
			_, err = io.Copy(part, f)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, err
		}
		return c.request(ctx, http.MethodPost, path, with(query, token), &body, w.FormDataContentType())
	})
}

// quotable is a file name that stands between quotes in a header.
func quotable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
}

// Media is a download under way; Body is to be closed.
type Media struct {
	Body io.ReadCloser
	Type string // as WeChat says
	Name string // "" when WeChat gives none
}

// Media downloads from path until ctx ends. An error that comes with status 200 is an error;
// an answer that only names the address of a video is followed.
func (c *Client) Media(ctx context.Context, path string, query url.Values) (*Media, error) {
	var m *Media
	err := c.retry(ctx, func(token string) error {
		req, err := c.request(ctx, http.MethodGet, path, with(query, token), nil, "")
		if err != nil {
			return err
		}
		m, err = c.download(req, path)
		return err
	})
	return m, err
}

func (c *Client) download(req *http.Request, path string) (*Media, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(path, err)
	}
	if to := res.Header.Get("Location"); to != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
		res.Body.Close()
		return c.follow(req, path, to, maxHops)
	}
	m := &Media{Body: res.Body, Type: res.Header.Get("Content-Type"), Name: fileName(res.Header)}
	start := bufio.NewReader(res.Body)
	m.Body = &pushed{start, res.Body}
	if _, err := start.Peek(1); err != nil {
		res.Body.Close()
		return nil, &Error{Path: path, Status: res.StatusCode, Msg: "no file came", api: c.name, Unsure: true}
	}
	if res.StatusCode == http.StatusOK && (m.Name != "" || !says(start, m.Type)) {
		return m, nil
	}
	defer m.Body.Close()
	var a struct {
		VideoURL Text `json:"video_url"`
		DownURL  Text `json:"down_url"`
	}
	if err := c.decode(m.Body, path, res.StatusCode, &a); err != nil {
		return nil, err
	}
	return c.follow(req, path, string(a.VideoURL+a.DownURL), maxHops)
}

// says reports whether a body is an answer in JSON and no file.
func says(body *bufio.Reader, mediaType string) bool {
	if strings.Contains(mediaType, "json") {
		return true
	}
	for n := 1; n <= 16; n++ {
		b, err := body.Peek(n)
		if err != nil {
			return false
		}
		if c := b[n-1]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c == '{'
		}
	}
	return false
}

// maxHops is how often a file may lie elsewhere.
const maxHops = 3

// follow downloads a file from the address that the API gave; no token goes
// there.
func (c *Client) follow(from *http.Request, path, to string, hops int) (*Media, error) {
	u, err := from.URL.Parse(to)
	if err != nil || to == "" || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || hops == 0 {
		return nil, &Error{Path: path, Status: http.StatusOK, Msg: "no file came", api: c.name}
	}
	req, err := http.NewRequestWithContext(from.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{Path: path, Msg: "the address of the file is wrong", api: c.name}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(path, err)
	}
	if next := res.Header.Get("Location"); next != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
		res.Body.Close()
		return c.follow(req, path, next, hops-1)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, &Error{Path: path, Status: res.StatusCode, Msg: "the file did not come", api: c.name}
	}
	return &Media{Body: res.Body, Type: res.Header.Get("Content-Type"), Name: fileName(res.Header)}, nil
}

// pushed is a body whose first bytes were looked at already.
type pushed struct {
	io.Reader
	c io.Closer
}

// Close closes the body.
func (p *pushed) Close() error { return p.c.Close() }

func fileName(h http.Header) string {
	_, params, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return params["filename"]
}

// with is query and the token.
func with(query url.Values, token string) url.Values {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("access_token", token)
	return q
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body io.Reader, mediaType string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.Base+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, &Error{Path: path, Msg: "the request cannot be made", api: c.name}
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	return req, nil
}

// call makes one call, a second time with a new token when WeChat says that
// the token is not good.
func (c *Client) call(ctx context.Context, path string, out any, build func(ctx context.Context, token string) (*http.Request, error)) error {
	return c.retry(ctx, func(token string) error {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if _, ok := ctx.Deadline(); !ok {
			ctx, cancel = context.WithTimeout(ctx, callWait)
		}
		defer cancel()
		req, err := build(ctx, token)
		if err != nil {
			return err
		}
		return c.do(req, path, out)
	})
}

// retry runs fn with a token, and once more with another one.
func (c *Client) retry(ctx context.Context, fn func(token string) error) error {
	token, err := c.tokens.get(ctx, "")
	if err != nil {
		return err
	}
	err = fn(token)
	if e := (*Error)(nil); errors.As(err, &e) && slices.Contains(badToken, e.Code) {
		if token, err2 := c.tokens.get(ctx, token); err2 == nil {
			return fn(token)
		}
	}
	return err
}

// do sends a request and decodes the answer.
func (c *Client) do(req *http.Request, path string, out any) error {
	res, err := c.http.Do(req)
	if err != nil {
		return c.broken(path, err)
	}
	defer res.Body.Close()
	return c.decode(res.Body, path, res.StatusCode, out)
}

// answer is what each answer has.
type answer struct {
	ErrCode Number `json:"errcode"`
	ErrMsg  Text   `json:"errmsg"`
}

// Number is a JSON number that may come as text, true, null or with a
// fraction; 0 for what is none. Documents and servers disagree.
type Number int64

// UnmarshalJSON never fails.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `" `)
	i, err := strconv.ParseInt(s, 10, 64)
	if f, e := strconv.ParseFloat(s, 64); err != nil && e == nil && math.Abs(f) < 1<<53 {
		i = int64(f)
	}
	if *n = Number(i); s == "true" {
		*n = 1
	}
	return nil
}

// Degrees is a latitude or longitude, 0 for what is none.
func Degrees(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 360 {
		return 0
	}
	return f
}

// Text is a JSON string that may come as a number; null is "", an object or
// array stays as its JSON.
type Text string

// UnmarshalJSON never fails.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*t = Text(s)
	return nil
}

func (c *Client) decode(r io.Reader, path string, status int, out any) error {
	raw, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err != nil {
		return c.broken(path, err)
	}
	raw = bytes.TrimPrefix(wxcrypt.CleanJSON(raw), []byte("\ufeff"))
	var a answer
	broken := len(raw) > maxAnswer || json.Unmarshal(raw, &a) != nil
	if !broken && a.ErrCode != 0 {
		return &Error{Path: path, Status: status, Code: int(a.ErrCode), Msg: c.scrub(string(a.ErrMsg)), api: c.name}
	}
	if broken || status >= 300 {
		return &Error{Path: path, Status: status, Msg: "the answer is not one of the API", api: c.name, Unsure: status < 300 || status >= 500}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return &Error{Path: path, Status: status, Msg: "the answer has another shape than documented", api: c.name}
	}
	return nil
}

// encode is JSON without \u escapes, which WeChat shows to the customer or
// refuses (40033).
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return unescape(b.Bytes()), nil
}

// unescape writes what \uXXXX stands for itself: line separators and what
// was no UTF-8. Control characters, which nobody can see, are dropped.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		if b[i+1] != 'u' || i+6 > len(b) {
			out = append(out, b[i], b[i+1])
			i++
			continue
		}
		if r, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && r >= ' ' {
			out = utf8.AppendRune(out, rune(r))
		}
		i += 5
	}
	return out
}
