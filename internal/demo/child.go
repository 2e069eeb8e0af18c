package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	"zongji/agentdesk"
	"zongji/internal/app"
	"zongji/internal/zongji"
)

// controlEnv names the parent's socket in the child's environment.
const controlEnv = "ZONGJI_DEMO_CONTROL"

// FromEnv returns what makes a served process a demo's child, nil when it was
// not started by a demo.
func FromEnv() func(*app.Parts) agentdesk.Demo {
	path := os.Getenv(controlEnv)
	if path == "" {
		return nil
	}
	return func(p *app.Parts) agentdesk.Demo {
		return &child{remote: NewRemote(path), parts: p, history: newHistory(p.Store, p.Clock, p.Log, os.Getenv("ZONGJI_DEMO_HISTORY") == "true")}
	}
}

// child is the cockpit's server side: what the parent knows, and what only
// the served process can do.
type child struct {
	remote  *Remote
	parts   *app.Parts
	history *history
}

// cockpit is GET /api/v1/demo.
type cockpit struct {
	Info
	History HistoryState `json:"history"`
}

// Info returns the cockpit's state.
func (c *child) Info(ctx context.Context) (any, error) {
	info, err := c.remote.Info(ctx)
	if err != nil {
		return nil, zongji.Errorf(zongji.Busy, "unavailable", "the demo's parent process does not answer")
	}
	info.Bus = c.parts.Bus.Kind
	return cockpit{Info: info, History: c.history.State()}, nil
}

// Do runs one action.
func (c *child) Do(ctx context.Context, action string, args json.RawMessage) error {
	switch action {
	case "flush":
		if err := c.parts.Bus.Flush(ctx); err != nil {
			return err
		}
		return c.remote.Do(ctx, "flushed", nil)
	case "history/load":
		return c.history.Load()
	case "history/remove":
		return c.history.Remove()
	}
	return c.remote.Do(ctx, action, args)
}

// WeChat passes a phone's request on to the parent's WeChat.
func (c *child) WeChat(w http.ResponseWriter, r *http.Request) { c.remote.WeChat(w, r) }

// Mail passes a page's request on to the parent's mailboxes.
func (c *child) Mail(w http.ResponseWriter, r *http.Request) { c.remote.Mail(w, r) }

// Run loads and removes history in the background until ctx ends.
func (c *child) Run(ctx context.Context) error { return c.history.Run(ctx) }
