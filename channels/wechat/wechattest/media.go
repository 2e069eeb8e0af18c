package wechattest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// mediaLife is how long a media_id is good.
const mediaLife = 3 * 24 * time.Hour

// cdn is where pictures and films have a URL of their own.
const cdn = "/cdn/"

// media is one temporary file.
type media struct {
	id, owner  string // appid or corpid
	kind       string // image voice video thumb file
	name, mime string
	data       []byte
	made       time.Time
}

// mediaLimits are the largest sizes in bytes; the smallest is 5.
var mediaLimits = map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10, "file": 20 << 20}

// sizeCodes are what WeChat (not WeCom) says to a wrong size.
var sizeCodes = map[string]int{"image": 40009, "voice": 40010, "video": 40011, "thumb": 40012}

// keep stores bytes as temporary media. The lock is held.
func (s *Server) keep(owner, kind, name string, data []byte) *media {
	m := &media{id: random(64), owner: owner, kind: kind, name: filepath.Base(name), mime: sniff(data), data: data, made: s.now()}
	s.media[m.id] = m
	return m
}

// use finds media that an account may still use; nil else.
func (s *Server) use(owner, id string) *media {
	m := s.media[id]
	if m == nil || m.owner != owner || s.now().Sub(m.made) >= mediaLife {
		return nil
	}
	return m
}

// attach puts media of a kind into a line.
func (s *Server) attach(l *Line, a *App, kind, id string) *fault {
	m := s.use(a.owner(), id)
	if m == nil || m.kind != kind && !(kind == "thumb" && m.kind == "image") {
		return refuse(40007)
	}
	s.show(l, id)
	return nil
}

// show says where a phone finds the media.
func (s *Server) show(l *Line, id string) {
	l.MediaID = id
	if m := s.media[id]; m != nil {
		l.Media = "media/" + id
		if l.Title == "" && m.kind == "file" {
			l.Title = m.name
		}
	}
}

// sniff tells what bytes are; WeChat believes them, not the name.
func sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("#!AMR")), bytes.HasPrefix(data, []byte("#!SILK")):
		return "audio/amr"
	case bytes.HasPrefix(data, []byte("ID3")), len(data) > 1 && data[0] == 0xff && data[1]&0xe0 == 0xe0 && data[1] != 0xd8:
		return "audio/mp3"
	}
	return http.DetectContentType(data)
}

// fits tells whether the bytes are what their kind takes.
func fits(kind, mime string, corp bool) bool {
	switch kind {
	case "image":
		return mime == "image/png" || mime == "image/jpeg" || mime == "image/gif" && !corp
	case "voice":
		return mime == "audio/amr" || mime == "audio/mp3" && !corp
	case "video":
		return mime == "video/mp4"
	case "thumb":
		return mime == "image/jpeg"
	}
	return true
}

func (s *Server) mediaUpload(c *call) (any, *fault) {
	kind := c.q("type")
	isCorp := c.corp != nil
	if _, known := mediaLimits[kind]; !known || isCorp && kind == "thumb" || !isCorp && kind == "file" {
		return nil, refuse(40004)
	}
	name, data, f := form(c)
	if f != nil {
		return nil, f
	}
	switch {
	case len(data) <= 5 && isCorp, len(data) == 0:
		return nil, refuse(44001)
	case len(data) > mediaLimits[kind] && isCorp:
		return nil, refuse(45001)
	case len(data) > mediaLimits[kind]:
		return nil, refuse(sizeCodes[kind])
	case !fits(kind, sniff(data), isCorp):
		return nil, refuse(40005)
	}
	owner := ""
	if isCorp {
		owner = c.corp.cfg.CorpID
	} else {
		owner = c.app.id
	}
	m := s.keep(owner, kind, name, data)
	if isCorp {
		return ok(obj{"type": kind, "media_id": m.id, "created_at": fmt.Sprint(m.made.Unix())}), nil
	}
	id := "media_id"
	if kind == "thumb" {
		id = "thumb_media_id"
	}
	return obj{"type": kind, id: m.id, "created_at": m.made.Unix()}, nil
}

// form reads the file of a multipart body.
func form(c *call) (name string, data []byte, f *fault) {
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return "", nil, refuse(44001)
	}
	for mr := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]); ; {
		part, err := mr.NextPart()
		if err != nil {
			return "", nil, refuse(44001)
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		if data, err = io.ReadAll(part); err != nil {
			return "", nil, refuse(44001)
		}
		return part.FileName(), data, nil
	}
}

// mediaGet gives the bytes; a film of an official account as JSON with its URL.
func (s *Server) mediaGet(c *call) (any, *fault) {
	id, owner := c.q("media_id"), ""
	if c.corp != nil {
		owner = c.corp.cfg.CorpID
	} else {
		owner = c.app.id
	}
	if id == "" {
		return nil, refuse(41006)
	}
	m := s.use(owner, id)
	if m == nil {
		return nil, refuse(40007)
	}
	if c.corp == nil && m.kind == "video" {
		return obj{"video_url": s.base(c.r) + cdn + m.id}, nil
	}
	return raw{m.mime, m.name, m.data}, nil
}

// base is how the caller reaches this server.
func (s *Server) base(r *http.Request) string {
	if s.url != "" {
		return s.url
	}
	return "http://" + r.Host
}

// serveMedia gives bytes to whoever knows the id, as WeChat's picture hosts do.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	m := s.media[id]
	s.mu.Unlock()
	if m == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", m.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if m.kind == "file" || strings.Contains(m.mime, "html") || strings.Contains(m.mime, "xml") {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.name}))
	}
	http.ServeContent(w, r, "", m.made, bytes.NewReader(m.data))
}

// sample makes small valid bytes of a kind.
func sample(kind string) []byte {
	switch kind {
	case "voice": // a second of silence: 50 frames of AMR's lowest rate
		return append([]byte("#!AMR\n"), bytes.Repeat(append([]byte{0x04}, make([]byte, 12)...), 50)...)
	case "video":
		return []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08free")
	case "file":
		return []byte("order;amount\n1001;25.00\n")
	}
	return picture(240, 160, "sample")
}

// picture draws squares that differ by seed.
func picture(w, h int, seed string) []byte {
	img, sum := image.NewRGBA(image.Rect(0, 0, w, h)), sign(seed)
	for y := range h {
		for x := range w {
			if v := sum[(x/20*7+y/20*13)%len(sum)]; v%2 == 0 {
				img.Set(x, y, color.RGBA{7, 193, 96, 255})
			} else {
				img.Set(x, y, color.White)
			}
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}
