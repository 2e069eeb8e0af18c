// Package webchat is the channel of customers who write in the widget on a
// web page: tuned sockets for the live side, REST twins for scripts, uploads.
// The frames are in docs/protocol.md §2 and §3.
package webchat

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Kind is what internal/app lists.
func Kind() channels.Kind {
	return channels.Kind{
		Name: "webchat",
		Form: []channels.Field{
			{Key: "title", Type: "text", Max: 120},
			{Key: "greeting", Type: "area", Max: 500},
			{Key: "greeting_zh_tw", Type: "area", Max: 500},
			{Key: "greeting_en", Type: "area", Max: 500},
			{Key: "color", Type: "color", Default: "#1d6ff2", Max: 7},
			{Key: "launcher", Type: "text", Max: 60},
			{Key: "position", Type: "select", Default: "right", Options: []string{"right", "left"}},
			{Key: "lang", Type: "select", Default: "auto", Options: []string{"auto", zhCN, zhTW, en}},
			{Key: "menu", Type: "area", Max: 1000},
			{Key: "tags", Type: "area", Max: 500},
			{Key: "origins", Type: "area", Max: 2000},
		},
		Open: func(_ context.Context, a zongji.ChannelAccount, d channels.Deps) (channels.Channel, error) {
			return Open(a, d)
		},
	}
}

// The languages that the widget speaks.
const (
	zhCN = "zh-CN"
	zhTW = "zh-TW"
	en   = "en"
)

// language returns the spoken language nearest to a BCP 47 tag; "" stays "".
func language(tag string) string {
	t := strings.ToLower(tag)
	switch {
	case t == "":
		return ""
	case strings.HasPrefix(t, "zh-tw"), strings.HasPrefix(t, "zh-hk"), strings.HasPrefix(t, "zh-mo"), strings.HasPrefix(t, "zh-hant"):
		return zhTW
	case strings.HasPrefix(t, "zh"):
		return zhCN
	}
	return en
}

// look is the account as the widget shows it.
type look struct {
	Title    string          `json:"title"`
	Greeting string          `json:"greeting"`
	Color    string          `json:"color"`
	Launcher string          `json:"launcher"`
	Position string          `json:"position"`
	Menu     []zongji.Option `json:"menu"`
	Tags     []string        `json:"tags"` // offered with the stars
	Lang     string          `json:"lang"` // auto, or the only one
	Bot      bool            `json:"bot"`
	Open     bool            `json:"open"`           // people answer now
	Next     zongji.Ms       `json:"next,omitempty"` // when they will
}

// look returns the account's texts in lang, with the hours of its people.
func (c *Chat) look(ctx context.Context, lang string) look {
	set := c.acct.Settings
	l := look{Title: channels.InLang(set["title"], lang), Color: set["color"], Launcher: channels.InLang(set["launcher"], lang),
		Position: set["position"], Lang: set["lang"], Bot: c.acct.Bot, Greeting: set["greeting"],
		Menu: channels.Menu(set["menu"], lang), Tags: []string{}}
	switch {
	case lang == zhTW && set["greeting_zh_tw"] != "":
		l.Greeting = set["greeting_zh_tw"]
	case lang == en && set["greeting_en"] != "":
		l.Greeting = set["greeting_en"]
	}
	for _, t := range channels.Lines(set["tags"]) {
		l.Tags = append(l.Tags, channels.InLang(t, lang))
	}
	l.Open, l.Next = c.Desk.Staffed(ctx, c.acct.ID)
	return l
}

// origins is the allow list of an account; empty allows any.
type origins []string

// parseOrigins reads one origin per line or comma: "https://shop.example",
// "https://*.example" or a bare host name.
func parseOrigins(text string) origins {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune("\r\n,; ", r) })
}

// allow reports whether a request may come from where it says it comes from.
// The host itself always may (previews in the console); a client without an
// Origin is no browser, and forging one would cost it nothing.
func (o origins) allow(r *http.Request) bool {
	from := r.Header.Get("Origin")
	if from == "" || len(o) == 0 {
		return true
	}
	u, err := url.Parse(strings.ToLower(from))
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if u.Host == strings.ToLower(r.Host) {
		return true
	}
	for _, want := range o {
		scheme, host, ok := strings.Cut(strings.TrimSuffix(want, "/"), "://")
		if !ok {
			scheme, host = u.Scheme, scheme
		}
		if tail, wild := strings.CutPrefix(host, "*"); scheme == u.Scheme && (host == u.Host ||
			wild && strings.HasPrefix(tail, ".") && strings.HasSuffix(u.Host, tail)) {
			return true
		}
	}
	return false
}
