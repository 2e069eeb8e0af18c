package wechattest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// kfSync gives the items after a cursor, a page at a time. Without a cursor,
// and after one that is too old, it begins three days ago.
func (s *Server) kfSync(c *call) (any, *fault) {
	var req struct {
		Cursor   string `json:"cursor"`
		Token    string `json:"token"`
		Limit    int    `json:"limit"`
		Format   int    `json:"voice_format"`
		OpenKfID string `json:"open_kfid"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	a, f := s.kfAccount(c, req.OpenKfID)
	if f != nil {
		return nil, f
	}
	pos, valid := a.position(req.Cursor)
	if !valid || req.Limit < 0 || req.Limit > kfPage || req.Format < 0 || req.Format > 1 {
		return nil, refuse(40058)
	}
	if f := a.desk.checkToken(req.Token, s.now()); f != nil {
		return nil, f
	}
	return a.pageFrom(pos, req.Limit), nil
}

// checkToken refuses a token that is unknown or over, and too many calls
// without one.
func (d *desk) checkToken(token string, now time.Time) *fault {
	if token != "" {
		if !now.Before(d.tokens[token]) {
			return refuse(95007)
		}
		return nil
	}
	for len(d.bare) > 0 && now.Sub(d.bare[0]) >= time.Minute {
		d.bare = d.bare[1:]
	}
	if len(d.bare) >= kfNoToken {
		return refuse(45009)
	}
	d.bare = append(d.bare, now)
	return nil
}

func (a *App) pageFrom(pos, limit int) obj {
	d, now := a.desk, a.s.now()
	for pos < len(d.items) && now.Sub(d.items[pos].at) > kfHorizon {
		pos++
	}
	if d.empty > 0 {
		d.empty--
		return ok(obj{"next_cursor": a.cursor(pos), "has_more": 1, "msg_list": []int{}})
	}
	if limit == 0 {
		limit = kfPage
	}
	if d.page > 0 {
		limit = min(limit, d.page)
	}
	end := min(pos+limit, len(d.items))
	list := []json.RawMessage{}
	for _, it := range d.items[pos:end] {
		list = append(list, it.data)
	}
	next := end
	if d.repeat > 0 && end > pos {
		d.repeat--
		next = pos
	}
	more := 0
	if next < len(d.items) {
		more = 1
	}
	return ok(obj{"next_cursor": a.cursor(next), "has_more": more, "msg_list": list})
}

// cursor is opaque to callers: the account and a place in its items, counted
// from the server's beginning, so that an older server's are all too old.
func (a *App) cursor(pos int) string {
	return "4gw7" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", sign(a.id)[:8], a.s.began+int64(pos)))
}

func (a *App) position(cursor string) (pos int, valid bool) {
	if cursor == "" {
		return 0, true
	}
	text, found := strings.CutPrefix(cursor, "4gw7")
	data, err := base64.RawURLEncoding.DecodeString(text)
	id, n, split := strings.Cut(string(data), ":")
	if !found || err != nil || !split || id != sign(a.id)[:8] {
		return 0, false
	}
	at, err := strconv.ParseInt(n, 10, 64)
	pos = int(max(0, at-a.s.began))
	return pos, err == nil && pos <= len(a.desk.items)
}

// Pages limits sync_msg to so many items a page; 0 ends it.
func (a *App) Pages(items int) { a.onDesk(func(d *desk) { d.page = items }) }

// EmptyPages makes the next n pages empty, with has_more.
func (a *App) EmptyPages(n int) { a.onDesk(func(d *desk) { d.empty = n }) }

// RepeatPages gives each of the next n pages twice.
func (a *App) RepeatPages(n int) { a.onDesk(func(d *desk) { d.repeat = n }) }

// FailLater lets the next sends succeed and then fail with msg_send_fail.
func (a *App) FailLater(failType, times int) {
	a.onDesk(func(d *desk) {
		for range times {
			d.fails = append(d.fails, failType)
		}
	})
}

// Greets says that a welcome text is set in the console, so that
// enter_session bears no welcome_code.
func (a *App) Greets(on bool) { a.onDesk(func(d *desk) { d.greets = on }) }

// AutoServicer lets a seat take each new session by itself; "" ends it.
func (a *App) AutoServicer(userID string) { a.onDesk(func(d *desk) { d.auto = userID }) }

func (a *App) onDesk(fn func(*desk)) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	fn(a.desk)
}
