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

// Do sends one request; problems come back as *Error with their code.
func (r *REST) Do(ctx context.Context, method, path string, body, answer any) error {
	var rd io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		rd = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.Base+path, rd)
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
