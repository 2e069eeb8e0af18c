package wechattest

import (
	"regexp"
	"slices"
)

// Limits of a kf msgmenu, in bytes; of its items, in number.
const (
	maxMenuItems   = 10
	maxMenuHead    = 1024
	maxMenuID      = 64
	maxMenuContent = 128
)

// msgIDForm is what a caller's msgid may look like.
var msgIDForm = regexp.MustCompile(`^[0-9a-zA-Z_-]{1,32}$`)

// kfMessage is a message as an account sends it, of all types.
type kfMessage struct {
	ToUser   string `json:"touser"`
	OpenKfID string `json:"open_kfid"`
	Code     string `json:"code"` // send_msg_on_event
	MsgID    string `json:"msgid"`
	Type     string `json:"msgtype"`
	Text     struct {
		Content string `json:"content"`
	} `json:"text"`
	Image, Voice, Video, File mediaRef
	Link                      struct {
		Title, Desc, URL string
		Thumb            string `json:"thumb_media_id"`
	} `json:"link"`
	Page struct {
		Title, AppID, PagePath string
		Thumb                  string `json:"thumb_media_id"`
	} `json:"miniprogram"`
	Menu struct {
		Head string   `json:"head_content"`
		List []kfMenu `json:"list"`
		Tail string   `json:"tail_content"`
	} `json:"msgmenu"`
	Location struct {
		Name, Address       string
		Latitude, Longitude float64
	} `json:"location"`
	CALink struct {
		URL string `json:"link_url"`
	} `json:"ca_link"`
}

type kfMenu struct {
	Type  string `json:"type"`
	Click struct {
		ID      intText `json:"id"`
		Content string  `json:"content"`
	} `json:"click"`
	View struct{ URL, Content string }             `json:"view"`
	Mini struct{ AppID, PagePath, Content string } `json:"miniprogram"`
	Text struct{ Content string }                  `json:"text"`
}

// kfSend takes one message. A msgid that was taken before is answered again
// and not sent again. "ok" is no promise: msg_send_fail may follow.
func (s *Server) kfSend(c *call) (any, *fault) {
	var m kfMessage
	if f := c.decode(&m); f != nil {
		return nil, f
	}
	to, f := s.customer(c, m.OpenKfID, m.ToUser)
	if f != nil {
		return nil, f
	}
	d := to.app.desk
	if m.MsgID != "" && !msgIDForm.MatchString(m.MsgID) {
		return nil, refuse(40058)
	}
	if d.sent[m.MsgID] {
		return ok(obj{"msgid": m.MsgID}), nil
	}
	l, f := s.kfLine(to.app, m)
	if f != nil {
		return nil, f
	}
	if f := to.spendKF(); f != nil {
		return nil, f
	}
	s.kfDeliver(c, to, l, m.MsgID)
	return ok(obj{"msgid": l.MsgID}), nil
}

// spendKF takes one message from the window: sessions of seats, of the pool and
// ended ones take none, and the first one makes the session the bot's.
func (c *chat) spendKF() *fault {
	now := c.s.now()
	switch {
	case c.session.state > stateBot:
		return refuse(95018)
	case !c.message.open(now):
		return refuse(95002)
	case c.message.left == 0:
		return refuse(95001)
	}
	c.message.left--
	c.touched, c.session.state = now, stateBot
	return nil
}

// kfDeliver shows a message to the customer, or lets it fail afterwards.
func (s *Server) kfDeliver(c *call, to *chat, l *Line, msgID string) {
	d := to.app.desk
	if l.MsgID = msgID; msgID == "" {
		l.MsgID = d.id()
	}
	d.sent[l.MsgID] = true
	failType, failed := 10, to.blocked
	if !failed && len(d.fails) > 0 {
		failType, failed = d.fails[0], true
		d.fails = d.fails[1:]
	}
	if !failed {
		to.add(*l)
		return
	}
	p := to.app.event("msg_send_fail", obj{"external_userid": to.ext, "fail_msgid": l.MsgID, "fail_type": failType})
	c.later = append(c.later, func() { s.deliver(p) })
}

// kfSendOnEvent sends the one message that a code allows.
func (s *Server) kfSendOnEvent(c *call) (any, *fault) {
	var m kfMessage
	if f := c.decode(&m); f != nil {
		return nil, f
	}
	for _, a := range c.corp.kfs {
		code := a.desk.codes[m.Code]
		if code == nil {
			continue
		}
		c.app, c.user = a, code.chat.user
		if !s.now().Before(code.until) {
			return nil, refuse(41050)
		}
		if m.MsgID != "" && !msgIDForm.MatchString(m.MsgID) {
			return nil, refuse(40058)
		}
		if !slices.Contains(code.types, m.Type) {
			return nil, refuse(40008)
		}
		l, f := s.kfLine(a, m)
		if f != nil {
			return nil, f
		}
		delete(a.desk.codes, m.Code)
		s.kfDeliver(c, code.chat, l, m.MsgID)
		return ok(obj{"msgid": l.MsgID}), nil
	}
	return nil, refuse(41050)
}

// kfLine checks the content and makes what the customer will see.
func (s *Server) kfLine(a *App, m kfMessage) (*Line, *fault) {
	l := &Line{From: "account", Via: "kf", Kind: m.Type}
	switch m.Type {
	case "text":
		l.Text = m.Text.Content
		return l, s.checkText(l.Text)
	case "image":
		return l, s.attach(l, a, "image", m.Image.MediaID)
	case "voice":
		return l, s.attach(l, a, "voice", m.Voice.MediaID)
	case "video":
		return l, s.attach(l, a, "video", m.Video.MediaID)
	case "file":
		return l, s.attach(l, a, "file", m.File.MediaID)
	case "link":
		l.Title, l.Text, l.URL = m.Link.Title, m.Link.Desc, m.Link.URL
		if l.Title == "" || l.URL == "" {
			return nil, refuse(40058)
		}
		return l, s.attach(&Line{}, a, "thumb", m.Link.Thumb)
	case "miniprogram":
		l.Title, l.URL = m.Page.Title, m.Page.AppID+":"+m.Page.PagePath
		return l, s.attach(l, a, "thumb", m.Page.Thumb)
	case "msgmenu":
		l.Text, l.Tail = m.Menu.Head, m.Menu.Tail
		return l, l.kfMenu(m.Menu.List)
	case "location":
		l.Title, l.Text = m.Location.Name, m.Location.Address
	case "ca_link":
		l.URL = m.CALink.URL
	default:
		return nil, refuse(40008)
	}
	return l, nil
}

func (l *Line) kfMenu(list []kfMenu) *fault {
	if len(list) > maxMenuItems {
		return refuse(95008)
	}
	if len(l.Text) > maxMenuHead || len(l.Tail) > maxMenuHead {
		return refuse(45002)
	}
	for _, it := range list {
		item := MenuItem{Type: it.Type}
		switch it.Type {
		case "click":
			item.ID, item.Content = string(it.Click.ID), it.Click.Content
		case "view":
			item.URL, item.Content = it.View.URL, it.View.Content
		case "miniprogram":
			item.URL, item.Content = it.Mini.AppID+":"+it.Mini.PagePath, it.Mini.Content
		case "text":
			item.Content = it.Text.Content
		default:
			return refuse(95009)
		}
		if item.Content == "" || len(item.Content) > maxMenuContent && it.Type != "text" || len(item.ID) > maxMenuID {
			return refuse(40058)
		}
		l.Menu = append(l.Menu, item)
	}
	return nil
}
