package wechattest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of QR codes with a scene.
const (
	maxQRLife     = 2_592_000 // seconds, of a temporary one
	defaultQRLife = 60
	maxScene      = 64 // characters of scene_str
	maxPermanent  = 100_000
)

// qr is one code; its zero expires is a permanent one.
type qr struct {
	app     *App
	scene   string
	made    time.Time
	expires time.Time
}

func (s *Server) qrCreate(c *call) (any, *fault) {
	if c.app.cfg.Unverified {
		return nil, refuse(48001)
	}
	var req struct {
		Expire int    `json:"expire_seconds"`
		Action string `json:"action_name"`
		Info   struct {
			Scene struct {
				ID  json.Number `json:"scene_id"`
				Str string      `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	scene, limit := req.Info.Scene.Str, strings.Contains(req.Action, "_LIMIT_")
	switch req.Action {
	case "QR_SCENE", "QR_LIMIT_SCENE":
		id, err := strconv.ParseUint(req.Info.Scene.ID.String(), 10, 32)
		if err != nil || id == 0 || limit && id > maxPermanent {
			return nil, refuse(40035)
		}
		scene = strconv.FormatUint(id, 10)
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
		if scene == "" || len([]rune(scene)) > maxScene {
			return nil, refuse(40035)
		}
	default:
		return nil, refuse(40035)
	}
	code := &qr{app: c.app, scene: scene, made: s.now()}
	ticket := "gQ" + random(94)
	o := obj{"ticket": ticket, "url": "http://weixin.qq.com/q/" + random(24)}
	if !limit {
		life := min(max(req.Expire, 0), maxQRLife)
		if life == 0 {
			life = defaultQRLife
		}
		code.expires = s.now().Add(time.Duration(life) * time.Second)
		o["expire_seconds"] = life
	}
	s.qrs[ticket] = code
	return o, nil
}

// ticket returns the ticket of an account's newest code with a scene, or one
// that nobody made.
func (s *Server) ticket(a *App, scene string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, at := "gQ"+random(94), time.Time{}
	for t, code := range s.qrs {
		if code.app == a && code.scene == scene && code.made.After(at) {
			found, at = t, code.made
		}
	}
	return found
}

// showQR gives a picture for a ticket. It cannot be scanned: users of this
// server scan by naming the scene.
func (s *Server) showQR(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	code := s.qrs[ticket]
	gone := code == nil || !code.expires.IsZero() && !s.now().Before(code.expires)
	s.mu.Unlock()
	if gone {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(picture(420, 420, ticket)) // the caller is gone
}

// Code makes a permanent QR code with a scene and returns its ticket.
func (a *App) Code(scene string) (ticket string) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	ticket = "gQ" + random(94)
	a.s.qrs[ticket] = &qr{app: a, scene: scene, made: a.s.now()}
	return ticket
}
