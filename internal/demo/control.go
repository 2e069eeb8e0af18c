package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"strings"
	"time"
)

// The cockpit's state lives in the parent process, which survives the kills.
// The served child asks it over a unix socket: GET / is the state, POST
// /<action> does something, /_sim/ is the demo's WeChat,
// /_mail/ its mailboxes.

// Info is what the cockpit shows.
type Info struct {
	Logins   []Login  `json:"logins"`
	Counters Counters `json:"counters"`
	Play     Progress `json:"play"`
	Starts   int      `json:"starts"`   // of the served process
	ReadyMs  int64    `json:"ready_ms"` // of its last start
	Flushes  int      `json:"flushes"`
	Bus      string   `json:"bus"`
	Channel  string   `json:"channel"` // key of the sample shop's channel
}

// Login is one of the demo's accounts.
type Login struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Team     string `json:"team,omitempty"`
	Password string `json:"password"`
}

// Progress is how far something long is.
type Progress struct {
	Running bool    `json:"running"`
	Done    int     `json:"done"`
	Total   int     `json:"total"`
	Speed   float64 `json:"speed,omitempty"`
}

// Control is what the child may ask of the parent.
type Control interface {
	Info(ctx context.Context) Info
	Do(ctx context.Context, action string, args json.RawMessage) error
}

// serveControl answers the child on a unix socket until ctx ends; sim is the
// demo's WeChat, mail its mailboxes.
func serveControl(ctx context.Context, path string, c Control, sim, mail http.Handler) error {
	_ = os.Remove(path) // left by a run that was killed
	ln, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.Info(r.Context())) // the child is gone
	})
	mux.HandleFunc("POST /{action}", func(w http.ResponseWriter, r *http.Request) {
		var args json.RawMessage
		_ = json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&args) // no body: no arguments
		if err := c.Do(r.Context(), r.PathValue("action"), args); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	mux.Handle(simPath, sim)
	mux.Handle(mailPath, mail)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// simPath is where the parent's WeChat is moved from outside.
const simPath = "/_sim/"

// Remote is the parent as the child sees it.
type Remote struct {
	http      *http.Client
	sim, mail http.Handler
}

// NewRemote returns the parent that listens on the unix socket path.
func NewRemote(path string) *Remote {
	over := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	pass := func(below string) http.Handler {
		return &httputil.ReverseProxy{Transport: over, Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "parent"
			r.Out.URL.Path = below + strings.TrimPrefix(r.In.URL.Path, "/")
		}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
	}
	return &Remote{http: &http.Client{Timeout: 5 * time.Second, Transport: over}, sim: pass(simPath), mail: pass(mailPath)}
}

// WeChat passes a phone's request on to the parent's WeChat.
func (r *Remote) WeChat(w http.ResponseWriter, req *http.Request) { r.sim.ServeHTTP(w, req) }

// Mail passes a page's request on to the parent's mailboxes.
func (r *Remote) Mail(w http.ResponseWriter, req *http.Request) { r.mail.ServeHTTP(w, req) }

// Info asks for the cockpit's state.
func (r *Remote) Info(ctx context.Context) (Info, error) {
	var info Info
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://parent/", nil)
	if err != nil {
		return info, err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return info, err
	}
	defer resp.Body.Close()
	return info, json.NewDecoder(resp.Body).Decode(&info)
}

// Do asks for an action: play, stop, kill.
func (r *Remote) Do(ctx context.Context, action string, args json.RawMessage) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://parent/"+action, bytes.NewReader(args))
	if err != nil {
		return err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var b bytes.Buffer
		_, _ = b.ReadFrom(resp.Body)
		return errors.New(b.String())
	}
	return nil
}
