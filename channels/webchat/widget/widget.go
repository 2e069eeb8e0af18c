// Package widget holds the built widget.js, the one script that a web page
// includes. Without a build it serves a script that says so.
package widget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// missing is served until the widget is built.
const missing = `console.error("zongji: the widget is not built: run make widget");`

// Handler serves the script at /widget.js: any site may load it, browsers ask
// again after five minutes, and the ETag makes that cheap.
func Handler() http.Handler {
	script, err := dist.ReadFile("dist/widget.js")
	if err != nil {
		script = []byte(missing)
	}
	var zipped bytes.Buffer
	z, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	z.Write(script)
	z.Close()
	sum := sha256.Sum256(script)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			w.Write(zipped.Bytes())
			return
		}
		w.Write(script)
	})
}
