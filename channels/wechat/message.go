package wechat

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"zongji/bot"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

// Limits of what is sent.
const (
	maxText  = 2048     // bytes of a text, and of what stands above the buttons of a menu
	maxImage = 10 << 20 // bytes; png, jpeg, gif
	maxVoice = 2 << 20  // bytes; amr, mp3
	maxVideo = 10 << 20 // bytes; mp4
	maxTitle = 64       // characters of the title of a link or page
	maxDesc  = 120      // characters of its text
)

// part is one message as custom/send takes it.
type part struct {
	kind  string // msgtype
	body  any    // under the key kind
	file  *zongji.File
	still *zongji.File    // of a video
	list  []zongji.Option // of a menu, for accounts that have none
}

type textBody struct {
	Content string `json:"content"`
}

type mediaBody struct {
	ID    string `json:"media_id"`
	Thumb string `json:"thumb_media_id,omitempty"`
	Title string `json:"title,omitempty"`
}

type menuBody struct {
	Head string     `json:"head_content"`
	List []menuItem `json:"list"`
	Tail string     `json:"tail_content"`
}

type menuItem struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

type newsBody struct {
	Articles []article `json:"articles"`
}

type article struct {
	Title string `json:"title"`
	Desc  string `json:"description"`
	URL   string `json:"url"`
	Pic   string `json:"picurl"`
}

type linkBody struct { // mini-programs
	Title string `json:"title"`
	Desc  string `json:"description"`
	URL   string `json:"url"`
	Thumb string `json:"thumb_url"`
}

type pageBody struct {
	Title string `json:"title"`
	App   string `json:"appid,omitempty"`
	Path  string `json:"pagepath"`
	Thumb string `json:"thumb_media_id"`
}

// Cost is how many of the five messages m takes.
func (a *Account) Cost(m *zongji.Message) int {
	if m.Kind == zongji.KindTemplate {
		return 0
	}
	return len(a.render(m, ""))
}

// render is what m becomes; nothing when the channel cannot show it. lang is
// the customer's language, for the words of a rating.
func (a *Account) render(m *zongji.Message, lang string) []part {
	switch m.Kind {
	case zongji.KindAnswer:
		var ans zongji.Answer
		_ = json.Unmarshal(m.Extra, &ans) // without options it is a text
		if len(m.Text) > maxText {        // one message fewer is dearer than the question whether it helped
			ans.Options = nil
		}
		return a.menu(m.Text, ans.Options)
	case zongji.KindCandidates:
		var c zongji.Candidates
		_ = json.Unmarshal(m.Extra, &c)
		return a.menu(m.Text, c.Options)
	case zongji.KindRate:
		return a.menu(m.Text, bot.StarOptions(lang))
	case zongji.KindLink:
		var l zongji.Link
		if json.Unmarshal(m.Extra, &l) == nil && l.URL != "" {
			return []part{a.link(l)}
		}
	case zongji.KindMiniPage:
		var p zongji.MiniPage
		if json.Unmarshal(m.Extra, &p) == nil && p.Path != "" {
			b := pageBody{Title: clip(p.Title, maxTitle), App: p.App, Path: p.Path, Thumb: p.Media}
			if a.mini { // its own pages only
				b.App = ""
			}
			return []part{{kind: "miniprogrampage", body: b}}
		}
	case zongji.KindLocation:
		var l zongji.Location
		if json.Unmarshal(m.Extra, &l) == nil {
			return a.texts(strings.TrimSpace(m.Text + "\n" + l.Name + "\n" + l.Label))
		}
	case "", zongji.KindText, zongji.KindImage, zongji.KindFile, zongji.KindVoice, zongji.KindVideo:
		return a.files(m)
	}
	return nil
}

// files are a text and what is attached: media as WeChat takes it, all else
// as an address in the text.
func (a *Account) files(m *zongji.Message) []part {
	text, list := m.Text, m.Files
	var still *zongji.File
	if m.Kind == zongji.KindVideo && len(list) > 1 {
		list, still = list[:1], &list[1]
	}
	var media []part
	for i := range list {
		f := &list[i]
		if kind := a.mediaKind(f); kind != "" {
			media = append(media, part{kind: kind, file: f, still: still})
		} else if a.URL != "" {
			text += "\n" + f.Name + "\n" + a.URL + f.URL
		} else {
			media = append(media, part{kind: "file", file: f})
		}
	}
	return append(a.texts(text), media...)
}

// mediaKind is how a file is uploaded, "" when WeChat does not take it.
func (a *Account) mediaKind(f *zongji.File) string {
	switch t := f.Type; {
	case (t == "image/png" || t == "image/jpeg" || t == "image/gif") && f.Size <= maxImage:
		return "image"
	case (t == "audio/amr" || t == "audio/mpeg") && f.Size <= maxVoice && !a.mini:
		return "voice"
	case t == "video/mp4" && f.Size <= maxVideo && !a.mini:
		return "video"
	}
	return ""
}

func (a *Account) link(l zongji.Link) part {
	title, desc := clip(l.Title, maxTitle), clip(l.Text, maxDesc)
	if title == "" {
		title = path.Base(l.URL)
	}
	if a.mini {
		return part{kind: "link", body: linkBody{title, desc, l.URL, l.Pic}}
	}
	return part{kind: "news", body: newsBody{[]article{{title, desc, l.URL, l.Pic}}}}
}

// menu is a text with buttons; a text that is too long goes before it. An
// account without menus shows the buttons' words, to be typed.
func (a *Account) menu(text string, options []zongji.Option) []part {
	if len(options) == 0 || a.mini || a.noMenu.Load() {
		return a.texts(spelled(text, options))
	}
	var before []part
	if len(text) > maxText {
		before, text = a.texts(text), ""
	}
	b := menuBody{Head: text}
	for _, o := range options {
		b.List = append(b.List, menuItem{menuID(o.Value), o.Text})
	}
	return append(before, part{kind: "msgmenu", body: b, list: options})
}

// spelled is a text with the words of its buttons.
func spelled(text string, options []zongji.Option) string {
	for _, o := range options {
		mark := "· "
		if n, ok := strings.CutPrefix(o.Value, bot.StarsPrefix); ok {
			mark = n + " "
		}
		text += "\n" + mark + o.Text
	}
	return strings.TrimSpace(text)
}

// anchor begins what a mini-program shows as a link or runs.
var anchor = regexp.MustCompile(`(?i)<(/?a)\b`)

// texts is s in as many messages as it takes.
func (a *Account) texts(s string) []part {
	if a.mini {
		s = anchor.ReplaceAllString(s, "＜$1")
	}
	var out []part
	for _, piece := range wxapi.Split(s, maxText) {
		out = append(out, part{kind: "text", body: textBody{piece}})
	}
	return out
}

// clip cuts s to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
