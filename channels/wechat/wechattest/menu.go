package wechattest

import "slices"

// Button is one button of an account's menu.
type Button struct {
	Type     string   `json:"type,omitempty"`
	Name     string   `json:"name"`
	Key      string   `json:"key,omitempty"`
	URL      string   `json:"url,omitempty"`
	MediaID  string   `json:"media_id,omitempty"`
	Article  string   `json:"article_id,omitempty"`
	AppID    string   `json:"appid,omitempty"`
	PagePath string   `json:"pagepath,omitempty"`
	Sub      []Button `json:"sub_button,omitempty"`
}

// conditional is a menu for some followers only.
type conditional struct {
	ID     int64    `json:"menuid"`
	Button []Button `json:"button"`
	Rule   obj      `json:"matchrule"`
}

// Limits of a menu; lengths in bytes.
const (
	maxButtons = 3
	maxSubs    = 5
	maxName    = 16
	maxSubName = 60
	maxKey     = 128
	maxURL     = 1024
)

// keyTypes are the buttons that need a key.
var keyTypes = []string{"click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"}

// menuFaults are the codes for buttons and for those inside them.
type menuFaults struct{ size, kind, name, key, url int }

var outer, inner = menuFaults{40016, 40017, 40018, 40019, 40020}, menuFaults{40023, 40024, 40025, 40026, 40027}

func checkButtons(list []Button, codes menuFaults, most, longest int) *fault {
	if len(list) == 0 || len(list) > most {
		return refuse(codes.size)
	}
	for _, b := range list {
		if f := checkButton(b, codes, longest); f != nil {
			return f
		}
	}
	return nil
}

func checkButton(b Button, codes menuFaults, longest int) *fault {
	if b.Name == "" || len(b.Name) > longest {
		return refuse(codes.name)
	}
	if len(b.Sub) > 0 {
		if codes == inner {
			return refuse(codes.kind)
		}
		return checkButtons(b.Sub, inner, maxSubs, maxSubName)
	}
	switch {
	case slices.Contains(keyTypes, b.Type):
		if b.Key == "" || len(b.Key) > maxKey {
			return refuse(codes.key)
		}
	case b.Type == "view", b.Type == "miniprogram":
		if b.URL == "" || len(b.URL) > maxURL {
			return refuse(codes.url)
		}
		if b.Type == "miniprogram" && (b.AppID == "" || b.PagePath == "") {
			return refuse(codes.kind)
		}
	case b.Type == "media_id", b.Type == "view_limited":
		return need(b.MediaID, 40007)
	case b.Type == "article_id", b.Type == "article_view_limited":
		return need(b.Article, 40007)
	default:
		return refuse(codes.kind)
	}
	return nil
}

func (s *Server) menuCreate(c *call) (any, *fault) {
	if c.app.cfg.Unverified {
		return nil, refuse(48001)
	}
	var req struct{ Button []Button }
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if f := checkButtons(req.Button, outer, maxButtons, maxName); f != nil {
		return nil, f
	}
	c.app.menu = req.Button
	return ok(nil), nil
}

func (s *Server) menuGet(c *call) (any, *fault) {
	if len(c.app.menu) == 0 {
		return nil, refuse(46003)
	}
	o := obj{"menu": obj{"button": c.app.menu, "menuid": 1}}
	if len(c.app.extra) > 0 {
		o["conditionalmenu"] = c.app.extra
	}
	return o, nil
}

func (s *Server) menuDelete(c *call) (any, *fault) {
	c.app.menu, c.app.extra = nil, nil
	return ok(nil), nil
}

func (s *Server) menuAddConditional(c *call) (any, *fault) {
	var req conditional
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if len(c.app.menu) == 0 {
		return nil, refuse(65303)
	}
	if len(req.Rule) == 0 {
		return nil, refuse(65304)
	}
	if f := checkButtons(req.Button, outer, maxButtons, maxName); f != nil {
		return nil, f
	}
	req.ID = s.nextID()
	c.app.extra = append(c.app.extra, req)
	return obj{"menuid": req.ID}, nil
}

func (s *Server) menuDelConditional(c *call) (any, *fault) {
	var req struct {
		ID intText `json:"menuid"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	n := len(c.app.extra)
	c.app.extra = slices.DeleteFunc(c.app.extra, func(m conditional) bool { return string(encode(m.ID)) == string(req.ID) })
	if len(c.app.extra) == n {
		return nil, refuse(65301)
	}
	return ok(nil), nil
}

// menuCurrent is the menu as followers see it, in a shape of its own.
func (s *Server) menuCurrent(c *call) (any, *fault) {
	list := []obj{}
	for _, b := range c.app.menu {
		list = append(list, current(b))
	}
	return obj{"is_menu_open": min(1, len(list)), "selfmenu_info": obj{"button": list}}, nil
}

func current(b Button) obj {
	o := obj{"name": b.Name}
	if len(b.Sub) > 0 {
		list := []obj{}
		for _, sub := range b.Sub {
			list = append(list, current(sub))
		}
		o["sub_button"] = obj{"list": list}
		return o
	}
	o["type"] = b.Type
	if b.Key != "" {
		o["key"] = b.Key
	}
	if b.URL != "" {
		o["url"] = b.URL
	}
	return o
}

// Menu returns the published menu.
func (a *App) Menu() []Button {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return slices.Clone(a.menu)
}

// Publish sets the menu as the console does; mistakes are not looked for.
func (a *App) Publish(menu []Button) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.menu = menu
}
