package wechattest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of kf. https://developer.work.weixin.qq.com/document/path/94670
const (
	kfHorizon   = 3 * 24 * time.Hour // how long items can be read
	kfTokenLife = 10 * time.Minute   // of a callback's token
	kfWelcome   = 20 * time.Second   // of a welcome_code, and of the code at a session's end
	kfCodeLife  = 48 * time.Hour     // of the other codes
	kfPage      = 1000               // items
	kfNoToken   = 60                 // calls of sync_msg a minute without a token
)

// kfIncoming are the largest media, in bytes, that sync_msg gives; of larger
// ones comes a text that says so.
var kfIncoming = map[string]int{"image": 2 << 20, "voice": 2 << 20, "video": 10 << 20, "file": 20 << 20}

// Origins of items.
const (
	fromCustomer = 3
	fromSystem   = 4
	fromServicer = 5
)

// desk is what only a kf account has.
type desk struct {
	items     []item
	tokens    map[string]time.Time // until
	codes     map[string]*eventCode
	sent      map[string]bool // msgids of the API
	servicers []*Servicer
	auto      string   // takes new sessions by itself
	ways      []string // scenes of contact links
	greets    bool     // a welcome text is set in the console: no welcome_code
	page      int      // items on a page; 0: as asked
	empty     int      // so many empty pages to come
	repeat    int      // so many pages to be given twice
	fails     []int    // fail_types of the next sends
	bare      []time.Time
}

// item is what sync_msg gives.
type item struct {
	at   time.Time
	data json.RawMessage
}

// Servicer is one seat (接待人员) in the WeCom client.
type Servicer struct {
	UserID string `json:"userid"`
	Status int    `json:"status"` // 0 接待中, 1 停止接待
}

// id makes a msgid as WeCom does: letters that mean nothing.
func (d *desk) id() string { return "msg" + random(20) }

// put adds an item and makes the callback that tells of it. The lock is held.
func (a *App) put(msgID string, o obj) push {
	s := a.s
	o["msgid"], o["send_time"] = msgID, s.now().Unix()
	a.desk.items = append(a.desk.items, item{s.now(), encode(o)})
	token := "ENC" + random(45)
	a.desk.tokens[token] = s.now().Add(kfTokenLife)
	p := a.corp.prepare(a, fields("ToUserName", a.corp.cfg.CorpID, "CreateTime", num(strconv.FormatInt(s.now().Unix(), 10)),
		"MsgType", "event", "Event", "kf_msg_or_event", "Token", token, "OpenKfId", a.id))
	p.msgID = msgID
	return p
}

// event adds an event item; its account and customer are inside it.
func (a *App) event(kind string, o obj) push {
	o["event_type"], o["open_kfid"] = kind, a.id
	return a.put(a.desk.id(), obj{"origin": fromSystem, "msgtype": "event", "event": o})
}

// bringItem adds a customer's message: it opens a session that had ended.
func (c *chat) bringItem(msgID, kind string, content obj) push {
	if c.session.state == stateEnded {
		c.session = session{state: stateNew, scene: c.session.scene, param: c.session.param}
		if c.app.desk.auto != "" {
			c.session.state, c.session.servicer = stateSeat, c.app.desk.auto
		}
	}
	return c.app.put(msgID, obj{"open_kfid": c.app.id, "external_userid": c.ext, "origin": fromCustomer, "msgtype": kind, kind: content})
}

// enter tells that a customer opened the chat. Who wrote nothing for 48 h may
// be welcomed, where no text does it already.
func (c *chat) enter(scene, param string) push {
	c.session.scene, c.session.param = scene, param
	c.add(Line{From: "me", Via: "event", Kind: "enter", Text: scene})
	o := obj{"external_userid": c.ext, "scene": scene, "scene_param": param}
	if !c.message.open(c.s.now()) && !c.app.desk.greets {
		o["welcome_code"] = c.code(kfWelcome, "text", "msgmenu")
	}
	return c.app.event("enter_session", o)
}

// Recall takes a message back (kf).
func (u *User) Recall(a *App, msgID string) Delivery {
	u.s.mu.Lock()
	c := u.chat(a)
	if l := c.find(msgID); l != nil {
		c.recall(l)
	}
	p := a.event("user_recall_msg", obj{"external_userid": c.ext, "recall_msgid": msgID})
	u.s.mu.Unlock()
	return u.s.deliver(p)
}

func (s *Server) kfAccount(c *call, openKfID string) (*App, *fault) {
	if openKfID == "" {
		return nil, refuse(95000)
	}
	a := c.corp.kf(openKfID)
	if a == nil {
		return nil, refuse(95004)
	}
	c.app = a
	return a, nil
}

// customer finds the chat of an external_userid.
func (s *Server) customer(c *call, openKfID, ext string) (*chat, *fault) {
	a, f := s.kfAccount(c, openKfID)
	if f != nil {
		return nil, f
	}
	u := s.byExt[c.corp.cfg.CorpID+"/"+ext]
	if u == nil {
		return nil, refuse(40096)
	}
	c.user = u
	return u.chat(a), nil
}

func (s *Server) kfAccounts(c *call) (any, *fault) {
	list := []obj{}
	for _, a := range c.corp.kfs {
		list = append(list, obj{"open_kfid": a.id, "name": a.name, "avatar": "", "manage_privilege": true})
	}
	var req struct{ Offset, Limit int }
	_ = json.Unmarshal(c.body, &req) // old callers send none
	list = list[min(max(req.Offset, 0), len(list)):]
	if req.Limit > 0 {
		list = list[:min(req.Limit, len(list))]
	}
	return ok(obj{"account_list": list}), nil
}

func (s *Server) kfServicers(c *call) (any, *fault) {
	a, f := s.kfAccount(c, c.q("open_kfid"))
	if f != nil {
		return nil, f
	}
	list := []obj{}
	for _, v := range a.desk.servicers {
		list = append(list, obj{"userid": v.UserID, "status": v.Status, "stop_type": 0})
	}
	return ok(obj{"servicer_list": list}), nil
}

// kfCustomers tells who customers are: kf still gives names.
func (s *Server) kfCustomers(c *call) (any, *fault) {
	var req struct {
		List    []string `json:"external_userid_list"`
		Context int      `json:"need_enter_session_context"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if len(req.List) == 0 || len(req.List) > maxBatch {
		return nil, refuse(40058)
	}
	list, bad := []obj{}, []string{}
	for _, ext := range req.List {
		u := s.byExt[c.corp.cfg.CorpID+"/"+ext]
		if u == nil {
			bad = append(bad, ext)
			continue
		}
		o := obj{"external_userid": ext, "nickname": u.Name, "avatar": "", "gender": 0, "unionid": u.UnionID}
		if req.Context == 1 {
			o["enter_session_context"] = c.corp.entered(u)
		}
		list = append(list, o)
	}
	return ok(obj{"customer_list": list, "invalid_external_userid": bad}), nil
}

// entered is how a customer last came to one of the company's kf accounts.
func (c *Corp) entered(u *User) obj {
	for _, a := range c.kfs {
		if chat := u.chats[a]; chat != nil && chat.session.scene != "" {
			return obj{"scene": chat.session.scene, "scene_param": chat.session.param}
		}
	}
	return obj{}
}

func (s *Server) kfContactWay(c *call) (any, *fault) {
	var req struct {
		OpenKfID string `json:"open_kfid"`
		Scene    string `json:"scene"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	a, f := s.kfAccount(c, req.OpenKfID)
	if f != nil {
		return nil, f
	}
	if len(req.Scene) > 32 || strings.Trim(req.Scene, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != "" {
		return nil, refuse(40058)
	}
	if !slices.Contains(a.desk.ways, req.Scene) {
		a.desk.ways = append(a.desk.ways, req.Scene)
	}
	return ok(obj{"url": "https://work.weixin.qq.com/kfid/kfc" + sign(a.id)[:14] + "?enc_scene=ENC" + sign(req.Scene)}), nil
}
