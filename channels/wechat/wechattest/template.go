package wechattest

import (
	"slices"
	"strings"
)

const (
	maxTemplates = 25
	maxThing     = 20 // characters of a "thing" value
)

// Template is one of an account's templates.
type Template struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Content string `json:"-"` // with {{thing1.DATA}}
}

// Template gives the account a template, as one picks it at the console.
func (a *App) Template(id, title, content string) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	a.templates = append(a.templates, &Template{id, title, content})
}

func (a *App) template(id string) *Template {
	for _, t := range a.templates {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (s *Server) templateAdd(c *call) (any, *fault) {
	var req struct {
		Short    string   `json:"template_id_short"`
		Keywords []string `json:"keyword_name_list"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if req.Short == "" {
		return nil, refuse(40037)
	}
	if len(c.app.templates) >= maxTemplates {
		return nil, refuse(45026)
	}
	t := &Template{ID: random(43), Title: req.Short}
	for i, k := range req.Keywords {
		t.Content += k + ":{{thing" + string(rune('1'+i%9)) + ".DATA}}\n"
	}
	c.app.templates = append(c.app.templates, t)
	return ok(obj{"template_id": t.ID}), nil
}

func (s *Server) templateList(c *call) (any, *fault) {
	list := []obj{}
	for _, t := range c.app.templates {
		list = append(list, obj{"template_id": t.ID, "title": t.Title, "primary_industry": "", "deputy_industry": "", "content": t.Content, "example": ""})
	}
	return obj{"template_list": list}, nil
}

// noticeList lists a mini-program's templates of subscription messages; an
// official account's are all for template messages.
func (s *Server) noticeList(c *call) (any, *fault) {
	list := []obj{}
	if c.app.kind == Mini {
		for _, t := range c.app.templates {
			list = append(list, obj{"priTmplId": t.ID, "title": t.Title, "content": t.Content, "example": "", "type": 2})
		}
	}
	return ok(obj{"data": list}), nil
}

func (s *Server) templateDelete(c *call) (any, *fault) {
	var req struct {
		ID string `json:"template_id"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if c.app.template(req.ID) == nil {
		return nil, refuse(40037)
	}
	c.app.templates = slices.DeleteFunc(c.app.templates, func(t *Template) bool { return t.ID == req.ID })
	return ok(nil), nil
}

// notice is a template or subscription message.
type notice struct {
	ToUser   string `json:"touser"`
	Template string `json:"template_id"`
	URL      string `json:"url"`
	Page     string `json:"page"`
	Data     map[string]struct {
		Value string `json:"value"`
	} `json:"data"`
}

// line checks a notice and fills its template.
func (n notice) line(a *App, via string) (*Line, *fault) {
	t := a.template(n.Template)
	if t == nil {
		return nil, refuse(40037)
	}
	text := t.Content
	for key, d := range n.Data {
		if strings.HasPrefix(key, "thing") && len([]rune(d.Value)) > maxThing || d.Value == "" {
			f := refuse(47003)
			f.msg = "argument invalid! data." + key + ".value invalid"
			return nil, f
		}
		text = strings.ReplaceAll(text, "{{"+key+".DATA}}", d.Value)
	}
	return &Line{From: "account", Via: via, Kind: "template", Title: t.Title, Text: strings.TrimSpace(text), URL: n.URL + n.Page}, nil
}

// templateSend needs no window, but a follower; what became of it is told by
// an event.
func (s *Server) templateSend(c *call) (any, *fault) {
	to, _, l, f := s.notice(c, "template")
	if f != nil {
		return nil, f
	}
	if !to.followed {
		return nil, refuse(43004)
	}
	id, status := s.nextID(), "success"
	if to.blocked {
		status = "failed:user block"
	} else {
		to.add(*l)
	}
	p := to.finished(id, status)
	p.apology = false
	c.later = append(c.later, func() { s.deliver(p) })
	return ok(obj{"msgid": id}), nil
}

// subscribeSend spends one consent.
func (s *Server) subscribeSend(c *call) (any, *fault) {
	to, id, l, f := s.notice(c, "subscribe")
	if f != nil {
		return nil, f
	}
	if to.consents[id] == 0 || to.blocked {
		return nil, refuse(43101)
	}
	to.consents[id]--
	to.add(*l)
	return ok(nil), nil
}

func (s *Server) notice(c *call, via string) (to *chat, template string, l *Line, f *fault) {
	var n notice
	if f = c.decode(&n); f != nil {
		return nil, "", nil, f
	}
	if to, f = s.recipient(c, n.ToUser); f != nil {
		return nil, "", nil, f
	}
	l, f = n.line(c.app, via)
	return to, n.Template, l, f
}
