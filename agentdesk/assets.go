package agentdesk

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// asset is one file of the web app as it is sent. The app is part of the
// binary, so each file is read and packed once.
type asset struct {
	kind       string // content type
	tag        string // of the plain bytes, without quotes
	plain, zip []byte // zip is nil where packing gains nothing
}

// packed are the files that compress well.
var packed = map[string]bool{".js": true, ".css": true, ".html": true, ".svg": true, ".json": true, ".txt": true}

// asset returns one file of the app, nil when there is none.
func (d *Desk) asset(name string) *asset {
	if a, ok := d.assets.Load(name); ok {
		return a.(*asset)
	}
	if d.cfg.Web == nil || !fs.ValidPath(name) {
		return nil
	}
	plain, err := fs.ReadFile(d.cfg.Web, name)
	if err != nil {
		return nil // also a folder
	}
	sum := sha256.Sum256(plain)
	a := &asset{kind: mime.TypeByExtension(path.Ext(name)), tag: hex.EncodeToString(sum[:8]), plain: plain}
	if packed[path.Ext(name)] {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is known
		_, _ = w.Write(plain)                                 // into memory
		_ = w.Close()
		if b.Len() < len(plain) {
			a.zip = b.Bytes()
		}
	}
	got, _ := d.assets.LoadOrStore(name, a)
	return got.(*asset)
}

// serveAsset writes one file of the app; false when there is none. What
// carries a hash in its name never changes.
func (d *Desk) serveAsset(c *gin.Context, name string) bool {
	a := d.asset(name)
	if a == nil {
		return false
	}
	h := c.Writer.Header()
	if a.kind != "" {
		h.Set("Content-Type", a.kind)
	}
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body, tag := a.plain, a.tag
	if a.zip != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(c.GetHeader("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body, tag = a.zip, a.tag+"-gz"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(c.Writer, c.Request, name, time.Time{}, bytes.NewReader(body))
	return true
}

// takesGzip reads an Accept-Encoding header (RFC 9110, 12.5.3).
func takesGzip(accept string) bool {
	star := false
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(part, ";")
		q, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		yes := !given || err == nil && weight > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return yes
		case "*":
			star = yes
		}
	}
	return star
}
