package agentdesk

import (
	"net"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zongji/internal/zongji"
)

// unbuilt is what the web app's place says when the app was not built.
const unbuilt = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>总机 Zongji</title>
<body style="font:16px/1.6 sans-serif;max-width:36em;margin:4em auto"><h1>总机 Zongji</h1>
<p>网页还没有构建。请运行 <code>make web</code>，然后重新构建并启动。</p>
<p>The web app has not been built: run <code>make web</code>, then build and start again.</p>`

// web serves the app for every path that is no route: its files, and
// index.html for the pages that the app itself knows.
func (d *Desk) web(c *gin.Context) {
	p := path.Clean(c.Request.URL.Path)
	for _, prefix := range []string{"/api", "/ws", "/f", "/c"} {
		if p == prefix || strings.HasPrefix(p, prefix+"/") {
			d.fail(c, &Problem{Status: http.StatusNotFound, Code: "no_route", Detail: "no such address"})
			return
		}
	}
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		d.fail(c, &Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: c.Request.Method + " is not known here"})
		return
	}
	if p == "/" && d.cfg.Demo != nil {
		c.Redirect(http.StatusFound, "/demo") // the demo begins at its cockpit
		return
	}
	name := strings.TrimPrefix(p, "/")
	if name != "" && d.serveAsset(c, name) {
		return
	}
	if ext := path.Ext(name); ext != "" && ext != ".html" {
		c.Data(http.StatusNotFound, "text/plain; charset=utf-8", []byte("not found"))
		return
	}
	if !d.serveAsset(c, "index.html") {
		c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(unbuilt))
	}
}

// widgetJS is loaded by foreign pages.
func (d *Desk) widgetJS(c *gin.Context, _ zongji.Actor) error {
	if d.cfg.Widget == nil {
		return zongji.Errorf(zongji.NotFound, "not_built", "there is no widget in this build")
	}
	c.Writer.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	d.cfg.Widget.ServeHTTP(c.Writer, c.Request)
	return nil
}

func (d *Desk) healthz(c *gin.Context, _ zongji.Actor) error {
	c.String(http.StatusOK, "ok\n")
	return nil
}

func (d *Desk) readyz(c *gin.Context, _ zongji.Actor) error {
	r := d.ready(c.Request.Context())
	status := http.StatusOK
	if !r.OK {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, r)
	return nil
}

// metrics are for those inside: what came through a proxy is from outside.
func (d *Desk) metrics(c *gin.Context, _ zongji.Actor) error {
	if proxied(c.Request) {
		return errDenied
	}
	promhttp.HandlerFor(d.cfg.Gather, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
	return nil
}

func (d *Desk) openapi(c *gin.Context, _ zongji.Actor) error {
	b, err := d.api.OpenAPI().MarshalJSON()
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/openapi+json", b)
	return nil
}

// account hands a request on to the handler of an open channel account, which
// sees path without the prefix.
func (d *Desk) account(key, path string) func(*gin.Context, zongji.Actor) error {
	return func(c *gin.Context, _ zongji.Actor) error {
		k, p := c.Param("key"), c.Param("rest")
		if key != "" {
			k, p = c.Query(key), path
		}
		h, err := d.cfg.Router.ChannelHandler(k)
		if err != nil {
			return err
		}
		if p == "" {
			p = "/"
		}
		r := c.Request.Clone(c.Request.Context())
		r.URL.Path, r.URL.RawPath = p, ""
		r.RemoteAddr = net.JoinHostPort(callerOf(r.Context()).ip, "0") // as trusted proxies say
		c.Writer.Header().Del("Content-Security-Policy")
		c.Writer.Header().Del("X-Frame-Options")
		h.ServeHTTP(c.Writer, r)
		return nil
	}
}

// download serves an attachment to whoever knows its link.
func (d *Desk) download(c *gin.Context, _ zongji.Actor) error {
	return d.cfg.Blobs.Serve(c.Writer, c.Request, c.Param("token"))
}

// upload stores one file of an agent.
func (d *Desk) upload(c *gin.Context, me zongji.Actor) error {
	name, src, err := formFile(c, zongji.MaxFile)
	if err != nil {
		return err
	}
	f, err := d.cfg.Blobs.PutBy(c.Request.Context(), me.User, name, src, zongji.MaxFile)
	if err != nil {
		return tooLarge(err, zongji.MaxFile)
	}
	c.JSON(http.StatusOK, f)
	return nil
}
