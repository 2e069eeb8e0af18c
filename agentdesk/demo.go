package agentdesk

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"zongji/internal/zongji"
)

// Demo is what the cockpit of the demo shows and does. The demo listens on
// this machine only.
type Demo interface {
	// Info is the cockpit's state as JSON: logins, counters, progress.
	Info(ctx context.Context) (any, error)
	// Do runs one of DemoActions.
	Do(ctx context.Context, action string, args json.RawMessage) error
	// WeChat passes a request on to the demo's WeChat; its path is what stands
	// behind /api/v1/demo/wechat.
	WeChat(w http.ResponseWriter, r *http.Request)
	// Mail passes a request on to the demo's mailboxes; its path is what stands
	// behind /api/v1/demo/mail.
	Mail(w http.ResponseWriter, r *http.Request)
}

// Of a phone's and a mailbox's requests: the largest, files in base64, and how
// long one may take, for an inbox without news is held.
const (
	maxPhone  = 24 << 20 // bytes
	phoneWait = time.Minute
)

// DemoActions are the paths below /api/v1/demo/ that POST runs.
var DemoActions = []string{"play", "stop", "flush", "kill", "history/load", "history/remove"}

// demoRoutes stand in the list only while the demo runs.
func (d *Desk) demoRoutes() []route {
	list := []route{raw("GET", base+"/demo", zongji.PermPublic, rowsDemo, "state of the cockpit", d.demoInfo)}
	for _, method := range []string{"GET", "POST"} {
		list = append(list, raw(method, base+"/demo/wechat/{rest}", zongji.PermPublic, rowsDemo, "the phones of the demo's WeChat", demoPass(d.cfg.Demo.WeChat)),
			raw(method, base+"/demo/mail/{rest}", zongji.PermPublic, rowsDemo, "the customers' mailboxes of the demo", demoPass(d.cfg.Demo.Mail)))
	}
	for _, action := range DemoActions {
		list = append(list, raw("POST", base+"/demo/"+action, zongji.PermPublic, rowsDemo, "the demo's "+action, d.demoDo(action)))
	}
	return list
}

// local refuses whoever is not on this machine, also a page elsewhere whose
// name resolves to it.
func local(r *http.Request) error {
	if !isLocal(r.RemoteAddr) || !isLocal(r.Host) || proxied(r) {
		return errDenied
	}
	if o := r.Header.Get("Origin"); o != "" {
		if u, err := url.Parse(o); err != nil || !isLocal(u.Host) {
			return errDenied
		}
	}
	return nil
}

// proxied reports whether a proxy passed the request on and says so.
func proxied(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(h) != "" {
			return true
		}
	}
	return false
}

func isLocal(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// meant lets a POST in that a page of this demo, or a script here, sent.
func meant(c *gin.Context) error {
	if err := local(c.Request); err != nil {
		return err
	}
	if c.GetHeader("X-Zongji-Demo") != "1" {
		return zongji.Errorf(zongji.Denied, "denied", "the header X-Zongji-Demo: 1 is missing")
	}
	return nil
}

func (d *Desk) demoInfo(c *gin.Context, _ zongji.Actor) error {
	if err := local(c.Request); err != nil {
		return err
	}
	info, err := d.cfg.Demo.Info(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, info)
	return nil
}

func (d *Desk) demoDo(action string) func(*gin.Context, zongji.Actor) error {
	return func(c *gin.Context, _ zongji.Actor) error {
		if err := meant(c); err != nil {
			return err
		}
		args, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10))
		if err != nil {
			return tooLarge(err, 64<<10)
		}
		if len(args) > 0 && !json.Valid(args) {
			return zongji.Errorf(zongji.Invalid, "invalid", "the body is not JSON")
		}
		if err := d.cfg.Demo.Do(c.Request.Context(), action, args); err != nil {
			if zongji.KindOf(err) == zongji.Internal {
				err = zongji.Errorf(zongji.Conflict, "demo", "%s", err)
			}
			return err
		}
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return nil
	}
}

// demoPass passes what a page of the demo does and asks on to the demo's world.
func demoPass(to http.HandlerFunc) func(*gin.Context, zongji.Actor) error {
	return func(c *gin.Context, _ zongji.Actor) error {
		check := meant
		if c.Request.Method == http.MethodGet {
			check = func(c *gin.Context) error { return local(c.Request) }
		}
		if err := check(c); err != nil {
			return err
		}
		// An inbox is held longer than a request may take to be read.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(phoneWait)) // not every server can
		r := c.Request.Clone(c.Request.Context())
		r.URL.Path, r.URL.RawPath = c.Param("rest"), ""
		r.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxPhone)
		to(c.Writer, r)
		return nil
	}
}
