package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// REST speaks /api/v1 with one session.
type REST struct {
	Base  string
	More  []string // other nodes, asked when Base does not answer
	Token string
	HTTP  *http.Client // nil = one with a deadline of 15 s
}

var defaultHTTP = &http.Client{Timeout: 15 * time.Second}

// Login opens a session.
func Login(ctx context.Context, base, login, password string) (*REST, error) {
	r := &REST{Base: base}
	var out struct {
		Token string `json:"token"`
	}
	if err := r.Do(ctx, http.MethodPost, "/api/v1/login", map[string]string{"login": login, "password": password}, &out); err != nil {
		return nil, err
	}
	r.Token = out.Token
	return r, nil
}

// Do sends one request, to the next node when one does not answer; problems
// come back as *Error with their code.
func (r *REST) Do(ctx context.Context, method, path string, body, answer any) (err error) {
	var b []byte
	if body != nil {
		if b, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for _, base := range append([]string{r.Base}, r.More...) {
		if err = r.do(ctx, base, method, path, b, answer); err == nil || CodeOf(err) != "" {
			return err
		}
	}
	return err
}

func (r *REST) do(ctx context.Context, base, method, path string, body []byte, answer any) error {
	var rd io.Reader
	if body != nil {
		rd = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, rd)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	c := r.HTTP
	if c == nil {
		c = defaultHTTP
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		var p struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		}
		if json.Unmarshal(b, &p) != nil || p.Code == "" {
			return fmt.Errorf("%s %s: %s", method, path, resp.Status)
		}
		return &Error{p.Code, p.Detail}
	}
	if answer == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, answer)
}
