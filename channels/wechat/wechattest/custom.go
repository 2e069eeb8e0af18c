package wechattest

import (
	"slices"
	"strings"
)

// maxText is the longest text of a message: bytes, not characters.
const maxText = 2048

// outgoing is a customer message as an account sends it, of all types.
type outgoing struct {
	ToUser string `json:"touser"`
	Type   string `json:"msgtype"`
	Text   struct {
		Content string `json:"content"`
	} `json:"text"`
	Image, Voice, MPNews mediaRef
	Video                struct {
		MediaID     string `json:"media_id"`
		Thumb       string `json:"thumb_media_id"`
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"video"`
	Music struct {
		Title, Description, MusicURL, HQMusicURL string
		Thumb                                    string `json:"thumb_media_id"`
	} `json:"music"`
	News struct {
		Articles []struct{ Title, Description, URL, PicURL string } `json:"articles"`
	} `json:"news"`
	Article struct {
		ID string `json:"article_id"`
	} `json:"mpnewsarticle"`
	Menu struct {
		Head string `json:"head_content"`
		List []struct {
			ID      intText `json:"id"`
			Content string  `json:"content"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
	Card struct {
		ID string `json:"card_id"`
	} `json:"wxcard"`
	Page struct {
		Title, AppID, PagePath string
		Thumb                  string `json:"thumb_media_id"`
	} `json:"miniprogrampage"`
	Link struct {
		Title, Description, URL string
		Thumb                   string `json:"thumb_url"`
	} `json:"link"`
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

var officialTypes = strings.Fields("text image voice video music news mpnews mpnewsarticle msgmenu wxcard miniprogrampage")
var miniTypes = strings.Fields("text image link miniprogrampage")

// customSend takes one customer message: content first, then the recipient,
// then the window, so that a refused message costs nothing.
func (s *Server) customSend(c *call) (any, *fault) {
	if c.app.kind == Official && c.app.cfg.Unverified {
		return nil, refuse(48001)
	}
	var m outgoing
	if f := c.decode(&m); f != nil {
		return nil, f
	}
	to, f := s.recipient(c, m.ToUser)
	if f != nil {
		return nil, f
	}
	line, f := s.customLine(c.app, m)
	if f != nil {
		return nil, f
	}
	if to.blocked {
		return nil, refuse(48002)
	}
	if c.app.kind == Official && !to.followed {
		return nil, refuse(45015)
	}
	if f := to.spend(); f != nil {
		return nil, f
	}
	to.add(*line)
	return ok(nil), nil
}

// recipient finds the chat of an openid.
func (s *Server) recipient(c *call, openid string) (*chat, *fault) {
	u := s.byExt[c.app.owner()+"/"+openid]
	if u == nil {
		return nil, refuse(40003)
	}
	c.user = u
	return u.chat(c.app), nil
}

// customLine checks the content and makes what the customer will see.
func (s *Server) customLine(a *App, m outgoing) (*Line, *fault) {
	types := officialTypes
	if a.kind == Mini {
		types = miniTypes
	}
	if !slices.Contains(types, m.Type) {
		return nil, refuse(40008)
	}
	l := &Line{From: "account", Via: "custom", Kind: m.Type}
	switch m.Type {
	case "text":
		l.Text = m.Text.Content
		return l, s.checkText(l.Text)
	case "image":
		return l, s.attach(l, a, "image", m.Image.MediaID)
	case "voice":
		return l, s.attach(l, a, "voice", m.Voice.MediaID)
	case "video":
		l.Title, l.Text = m.Video.Title, m.Video.Description
		return l, s.attach(l, a, "video", m.Video.MediaID)
	case "music":
		l.Title, l.Text, l.URL = m.Music.Title, m.Music.Description, m.Music.MusicURL
		return l, s.attach(&Line{}, a, "thumb", m.Music.Thumb)
	case "news":
		if len(m.News.Articles) != 1 {
			return nil, refuse(45008)
		}
		it := m.News.Articles[0]
		l.Title, l.Text, l.URL = it.Title, it.Description, it.URL
	case "mpnews":
		l.MediaID = m.MPNews.MediaID
		return l, need(l.MediaID, 40007)
	case "mpnewsarticle":
		l.Title = m.Article.ID
		return l, need(l.Title, 40007)
	case "msgmenu":
		if a.cfg.Test {
			return nil, refuse(40200)
		}
		l.Text, l.Tail = m.Menu.Head, m.Menu.Tail
		for _, it := range m.Menu.List {
			l.Menu = append(l.Menu, MenuItem{ID: string(it.ID), Type: "click", Content: it.Content})
		}
		if len(l.Menu) == 0 || len(l.Text)+len(l.Tail) > maxText {
			return nil, refuse(45002)
		}
	case "wxcard":
		l.Title = m.Card.ID
	case "miniprogrampage":
		l.Title, l.URL = m.Page.Title, m.Page.AppID+":"+m.Page.PagePath
		return l, s.attach(l, a, "thumb", m.Page.Thumb)
	case "link":
		l.Title, l.Text, l.URL = m.Link.Title, m.Link.Description, m.Link.URL
	}
	return l, nil
}

func need(text string, code int) *fault {
	if text == "" {
		return refuse(code)
	}
	return nil
}

func (s *Server) checkText(text string) *fault {
	switch {
	case text == "":
		return refuse(44004)
	case len(text) > maxText:
		return refuse(45002)
	}
	for _, word := range s.opt.Risky {
		if strings.Contains(text, word) {
			return refuse(87014)
		}
	}
	return nil
}

// typing shows "对方正在输入" for a moment.
func (s *Server) typing(c *call) (any, *fault) {
	var req struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	to, f := s.recipient(c, req.ToUser)
	if f != nil {
		return nil, f
	}
	now := s.now()
	switch {
	case req.Command != "Typing" && req.Command != "CancelTyping":
		return nil, refuse(45072)
	case now.Sub(to.touched) > touchLife:
		return nil, refuse(45080)
	case req.Command == "Typing" && now.Before(to.typing):
		return nil, refuse(45081)
	case req.Command == "Typing":
		to.typing = now.Add(typingLife)
	default:
		to.typing = now
	}
	to.wake()
	return ok(nil), nil
}
