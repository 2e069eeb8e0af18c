package wechattest

import (
	"fmt"
	"strconv"
	"strings"
)

// Say writes a text.
func (u *User) Say(a *App, text string) Delivery {
	return u.write(a, Line{Kind: "text", Text: text}, fields("Content", text), obj{"content": text})
}

// Image sends a picture; nil sends a sample.
func (u *User) Image(a *App, data []byte) Delivery {
	id := u.bring(a, "image", data, "image.png")
	return u.write(a, Line{Kind: "image", MediaID: id}, fields("PicUrl", u.s.url+cdn+id, "MediaId", id), obj{"media_id": id})
}

// Voice sends a recording (AMR; nil: a sample of one second). recognized is
// what WeChat understood, where an account has that switched on.
func (u *User) Voice(a *App, data []byte, recognized string) Delivery {
	id := u.bring(a, "voice", data, "voice.amr")
	list := fields("MediaId", id, "Format", "amr")
	if recognized != "" {
		list = append(list, field{"Recognition", recognized})
	}
	return u.write(a, Line{Kind: "voice", MediaID: id, Seconds: 1}, list, obj{"media_id": id})
}

// Video sends a film (MP4; nil: a sample).
func (u *User) Video(a *App, data []byte) Delivery {
	id, thumb := u.bring(a, "video", data, "video.mp4"), u.bring(a, "thumb", nil, "thumb.png")
	return u.write(a, Line{Kind: "video", MediaID: id}, fields("MediaId", id, "ThumbMediaId", thumb), obj{"media_id": id})
}

// ShortVideo sends what the camera button of a chat records.
func (u *User) ShortVideo(a *App, data []byte) Delivery {
	id, thumb := u.bring(a, "video", data, "video.mp4"), u.bring(a, "thumb", nil, "thumb.png")
	return u.write(a, Line{Kind: "shortvideo", MediaID: id}, fields("MediaId", id, "ThumbMediaId", thumb), obj{"media_id": id})
}

// File sends a file to a kf account; other accounts cannot get one.
func (u *User) File(a *App, name string, data []byte) Delivery {
	id := u.bring(a, "file", data, name)
	return u.write(a, Line{Kind: "file", Title: name, MediaID: id}, nil, obj{"media_id": id})
}

// Location sends a place.
func (u *User) Location(a *App, lat, lon float64, label string) Delivery {
	return u.write(a, Line{Kind: "location", Text: label}, fields("Location_X", number(lat), "Location_Y", number(lon), "Scale", num("20"), "Label", label),
		obj{"latitude": lat, "longitude": lon, "name": label, "address": label})
}

func number(f float64) num { return num(strconv.FormatFloat(f, 'f', -1, 64)) }

// Link sends a shared article.
func (u *User) Link(a *App, title, description, url string) Delivery {
	return u.write(a, Line{Kind: "link", Title: title, Text: description, URL: url},
		fields("Title", title, "Description", description, "Url", url), obj{"title": title, "desc": description, "url": url})
}

// Card sends a page of a mini-program.
func (u *User) Card(a *App, title, page string) Delivery {
	thumb := u.bring(a, "thumb", nil, "thumb.png")
	kind := "miniprogrampage"
	if a.kind == KF {
		kind = "miniprogram"
	}
	return u.write(a, Line{Kind: kind, Title: title, URL: page},
		fields("Title", title, "AppId", a.id, "PagePath", page, "ThumbUrl", u.s.url+cdn+thumb, "ThumbMediaId", thumb),
		obj{"title": title, "appid": "wx-card", "pagepath": page, "thumb_media_id": thumb})
}

// Other sends a message of a type that is not known yet, with text fields by
// name and value in turns.
func (u *User) Other(a *App, kind string, pairs ...string) Delivery {
	var list []field
	item := obj{}
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, field{pairs[i], pairs[i+1]})
		item[pairs[i]] = pairs[i+1]
	}
	return u.write(a, Line{Kind: kind}, list, item)
}

// TapMenu taps an item of the newest msgmenu that has it: its content is sent
// as text with the item's id.
func (u *User) TapMenu(a *App, id string) Delivery {
	u.s.mu.Lock()
	item, found := u.chat(a).item(id)
	u.s.mu.Unlock()
	if !found {
		return Delivery{Err: fmt.Errorf("no msgmenu with an item %q", id)}
	}
	list := fields("Content", item.Content)
	if !a.cfg.Subscription {
		list = append(list, menuID(id))
	}
	return u.write(a, Line{Kind: "text", Text: item.Content, Via: "event"}, list, obj{"content": item.Content, "menu_id": id})
}

// menuID is a number in WeChat's own samples; other ids come as text.
func menuID(id string) field {
	if strings.Trim(id, "0123456789") == "" {
		return field{"bizmsgmenuid", num(id)}
	}
	return field{"bizmsgmenuid", id}
}

func (c *chat) item(id string) (MenuItem, bool) {
	for i := len(c.lines) - 1; i >= 0; i-- {
		for _, it := range c.lines[i].Menu {
			if it.ID == id && it.Type == "click" {
				return it, true
			}
		}
	}
	return MenuItem{}, false
}

// bring makes the media of a message; nil data takes a sample.
func (u *User) bring(a *App, kind string, data []byte, name string) string {
	if data == nil {
		data = sample(kind)
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.s.keep(a.owner(), kind, name, data).id
}

// write sends a message: as a callback of its own, or as an item of kf.
func (u *User) write(a *App, l Line, list []field, item obj) Delivery {
	u.s.mu.Lock()
	c := u.chat(a)
	if a.kind == Official && !c.followed {
		u.s.mu.Unlock()
		return Delivery{Err: ErrNotFollowing}
	}
	l.From = "me"
	if l.MediaID != "" {
		u.s.show(&l, l.MediaID)
		if m := u.s.media[l.MediaID]; a.kind == KF && len(m.data) > kfIncoming[m.kind] {
			l.Kind, item = "text", obj{"content": "[该消息超过大小限制，请在企业微信中查看]"}
		}
	}
	tap := l.Via == "event"
	var p push
	if a.kind == KF {
		l.MsgID = a.desk.id()
		p = c.bringItem(l.MsgID, l.Kind, item)
	} else {
		l.MsgID = strconv.FormatInt(u.s.nextID(), 10)
		p = a.prepare(c, c.ext, c.envelope(l.Kind, append(list, field{"MsgId", num(l.MsgID)})))
		p.msgID = l.MsgID
	}
	c.add(l)
	if tap && a.kind != KF {
		c.clicked(eventLeft) // a tap is a click, not a message
	} else {
		c.wrote()
	}
	u.s.mu.Unlock()
	return u.s.deliver(p)
}

// envelope puts what all callbacks have before a message's own fields.
func (c *chat) envelope(kind string, list []field) []field {
	return append(fields("ToUserName", c.app.cfg.Original, "FromUserName", c.ext,
		"CreateTime", num(strconv.FormatInt(c.s.now().Unix(), 10)), "MsgType", kind), list...)
}
