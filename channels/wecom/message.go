package wecom

import (
	"encoding/json"
	"strconv"
	"strings"

	"zongji/bot"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

// Limits of what is sent (https://developer.work.weixin.qq.com/document/path/94677).
const (
	maxText    = 2048 // bytes
	maxHead    = 1024 // bytes above the buttons of a menu
	maxButtons = 10
	maxMenuID  = 64  // bytes
	maxButton  = 128 // bytes
	minFile    = 6   // bytes: each file is larger than 5
	maxImage   = 10 << 20
	maxVoice   = 2 << 20
	maxVideo   = 10 << 20
)

// part is one message as send_msg takes it.
type part struct {
	kind string // msgtype
	body any    // under the key kind; nil for files, which are uploaded first
	file *zongji.File
}

type textBody struct {
	Content string `json:"content"`
}

type menuBody struct {
	Head string     `json:"head_content,omitempty"`
	List []menuItem `json:"list"`
}

type menuItem struct {
	Type  string    `json:"type"` // click
	Click menuClick `json:"click"`
}

type menuClick struct {
	ID      string `json:"id,omitempty"`
	Content string `json:"content"`
}

type locationBody struct {
	Name    string  `json:"name,omitempty"`
	Address string  `json:"address,omitempty"`
	Lat     float64 `json:"latitude"`
	Lon     float64 `json:"longitude"`
}

type linkBody struct {
	Title string `json:"title"`
	Desc  string `json:"desc,omitempty"`
	URL   string `json:"url"`
	Thumb string `json:"thumb_media_id"`
}

type miniBody struct {
	App   string `json:"appid"`
	Title string `json:"title,omitempty"`
	Thumb string `json:"thumb_media_id"`
	Path  string `json:"pagepath"`
}

// parts are the messages that m becomes; none when the channel cannot show it.
// lang is the customer's language, for the words of a rating.
func parts(m *zongji.Message, lang string) []part {
	var out []part
	add := func(kind string, body any) { out = append(out, part{kind: kind, body: body}) }
	switch m.Kind {
	case zongji.KindAnswer:
		var a zongji.Answer
		_ = json.Unmarshal(m.Extra, &a) // without options it is a text
		if len(m.Text) <= maxHead {
			return menu(m.Text, a.Options)
		}
		return texts(m.Text) // one message fewer is dearer than the question whether it helped
	case zongji.KindCandidates:
		var c zongji.Candidates
		_ = json.Unmarshal(m.Extra, &c)
		return menu(m.Text, c.Options)
	case zongji.KindRate:
		return menu(m.Text, bot.StarOptions(lang))
	case zongji.KindLocation:
		var l zongji.Location
		if json.Unmarshal(m.Extra, &l) == nil {
			add("location", locationBody{Name: l.Name, Address: l.Label, Lat: l.Lat, Lon: l.Lon})
		}
	case zongji.KindLink:
		var l zongji.Link
		if json.Unmarshal(m.Extra, &l) == nil && l.URL != "" {
			add("link", linkBody{Title: wxapi.Cut(l.Title, 128), Desc: wxapi.Cut(l.Text, 512), URL: l.URL})
		}
	case zongji.KindMiniPage:
		var p zongji.MiniPage
		if json.Unmarshal(m.Extra, &p) == nil && p.App != "" {
			add("miniprogram", miniBody{App: p.App, Title: wxapi.Cut(p.Title, 64), Thumb: p.Media, Path: p.Path})
		}
	case "", zongji.KindText, zongji.KindImage, zongji.KindFile, zongji.KindVoice:
		out = texts(m.Text)
		for i := range m.Files {
			out = append(out, part{kind: uploadKind(&m.Files[i]), file: &m.Files[i]})
		}
	case zongji.KindVideo: // Files[1] is its still
		if out = texts(m.Text); len(m.Files) > 0 {
			out = append(out, part{kind: uploadKind(&m.Files[0]), file: &m.Files[0]})
		}
	}
	return out
}

// uploadKind is how a file goes out: as what it is where WeCom takes that,
// else as a file.
func uploadKind(f *zongji.File) string {
	switch {
	case (f.Type == "image/jpeg" || f.Type == "image/png") && f.Size <= maxImage:
		return "image"
	case f.Type == "audio/amr" && f.Size <= maxVoice:
		return "voice"
	case f.Type == "video/mp4" && f.Size <= maxVideo:
		return "video"
	}
	return "file"
}

// texts is s in as many messages as it takes.
func texts(s string) []part {
	var out []part
	for _, piece := range wxapi.Split(s, maxText) {
		out = append(out, part{kind: "text", body: textBody{piece}})
	}
	return out
}

// menu is a text with buttons; a text that is too long goes before it.
func menu(text string, options []zongji.Option) []part {
	if len(options) == 0 {
		return texts(text)
	}
	if n := len(options); n > maxButtons { // the last one calls a person
		options = append(append([]zongji.Option(nil), options[:maxButtons-1]...), options[n-1])
	}
	var before []part
	if len(text) > maxHead {
		before, text = texts(text), ""
	}
	b := menuBody{Head: text}
	for _, o := range options {
		c := menuClick{ID: o.Value, Content: wxapi.Cut(o.Text, maxButton)}
		if len(c.ID) > maxMenuID {
			c.ID = "" // the button's words are asked instead
		}
		b.List = append(b.List, menuItem{Type: "click", Click: c})
	}
	return append(before, part{kind: "msgmenu", body: b})
}

// starsOf returns the stars of a pressed button.
func starsOf(menu string) (int, bool) {
	s, ok := strings.CutPrefix(menu, bot.StarsPrefix)
	n, err := strconv.Atoi(s)
	return n, ok && err == nil && n >= 1 && n <= 5
}

// idPrefix begins the msgid of what we send. The same message has the same
// ids however often it is tried, so WeCom shows it once.
const idPrefix = "zj_"

// partID is the msgid of a message's n-th part, at most 32 bytes.
func partID(msg int64, n int) string {
	return idPrefix + strconv.FormatInt(msg, 10) + "_" + strconv.Itoa(n)
}

// messageOf returns the message of a msgid of ours, 0 for another's.
func messageOf(msgid string) int64 {
	s, ok := strings.CutPrefix(msgid, idPrefix)
	s, _, found := strings.Cut(s, "_")
	n, err := strconv.ParseInt(s, 10, 64)
	if !ok || !found || err != nil || n < 0 {
		return 0
	}
	return n
}
