package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

const (
	noMenuYet   = 46003
	maxScene    = 64 // characters
	maxDays     = 30 // of a temporary QR code
	showQR      = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="
	noticesPath = "/wxaapi/newtmpl/gettemplate"
)

// Keys of Keep.
const (
	keepMenu     = "menu"       // what was published last, as JSON
	keepDraft    = "menu.draft" // what is being published, or was only saved
	keepCallback = "callback"   // ms of WeChat's last callback
)

// quotaPaths are the calls whose daily limits operators see.
var quotaPaths = []string{sendPath, uploadPath, mediaPath, templatePath, qrPath, userPath, menuPutPath}

// Operate does what an admin wants:
//
//	menu.get                     → {button, draft?}: what customers see, and what was saved and not published
//	menu.put {button, draft?}    → {}: publishes it; with draft true only saves it
//	menu.delete                  → {}
//	qr {scene, days}             → {ticket, url, image, until?}: days 0 for ever, at most 30
//	quota                        → {items: [{path, quota: {daily_limit, used, remain}}]}
//	templates                    → {items: [{id, title, content, form}]}
//	callback_ips                 → {items: [ip], api: [ip]}: where callbacks come from, where calls go
func (a *Account) Operate(ctx context.Context, deed string, in json.RawMessage) (any, error) {
	switch deed {
	case "templates":
		return a.templates(ctx)
	case "quota":
		return a.quota(ctx)
	case "callback_ips":
		return a.callbackIPs(ctx)
	}
	if a.mini {
		return nil, channels.ErrNoDeed
	}
	switch deed {
	case "menu.get":
		return a.menuGet(ctx)
	case "menu.put":
		return struct{}{}, a.menuPut(ctx, in)
	case "menu.delete":
		return struct{}{}, a.menuDelete(ctx)
	case "qr":
		return a.qr(ctx, in)
	}
	return nil, channels.ErrNoDeed
}

// Serve does what the agent of a conversation wants: templates, as in Operate.
func (a *Account) Serve(ctx context.Context, _ zongji.Conversation, _ zongji.Identity, deed string, _ json.RawMessage) (any, error) {
	if deed != "templates" {
		return nil, channels.ErrNoDeed
	}
	return a.templates(ctx)
}

// buttons are a menu's, as WeChat has them.
type buttons struct {
	Button []json.RawMessage `json:"button"`
}

type menus struct {
	Button json.RawMessage `json:"button"`
	Draft  json.RawMessage `json:"draft,omitempty"`
}

// menuGet returns the published menu and the draft.
func (a *Account) menuGet(ctx context.Context) (any, error) {
	live, err := a.liveMenu(ctx)
	if err != nil {
		return nil, a.api.Refusal(err)
	}
	out := menus{Button: object(live.Button)}
	draft, err := a.Keep.Get(ctx, keepDraft)
	if err != nil {
		return nil, err
	}
	var d buttons
	if json.Unmarshal([]byte(draft), &d) == nil && len(d.Button) > 0 {
		out.Draft = object(d.Button)
	}
	return out, nil
}

// liveMenu asks WeChat for the menu that was published by the API; one that
// was made in WeChat's console is none of ours and sends no clicks.
func (a *Account) liveMenu(ctx context.Context) (buttons, error) {
	var got struct {
		Menu buttons `json:"menu"`
	}
	err := a.api.Get(ctx, menuPath, nil, &got)
	if wxapi.CodeOf(err) == noMenuYet {
		err = nil
	}
	if got.Menu.Button == nil {
		got.Menu.Button = []json.RawMessage{}
	}
	return got.Menu, err
}

// menuPut publishes a menu. It is kept before, so that a click that comes
// while WeChat answers is known by its name.
func (a *Account) menuPut(ctx context.Context, in json.RawMessage) error {
	var req struct {
		buttons
		Draft bool `json:"draft"`
	}
	if err := channels.Input(in, &req); err != nil {
		return err
	}
	if n := len(req.Button); n == 0 || n > 3 {
		return zongji.Errorf(zongji.Invalid, "bad_menu", "a menu has one to three buttons")
	}
	raw := string(object(req.buttons))
	if err := a.Keep.Put(ctx, keepDraft, raw, 0); err != nil || req.Draft {
		return err
	}
	a.learnNames(req.buttons, false)
	if err := a.api.Post(ctx, menuPutPath, req.buttons, nil); err != nil {
		return a.api.Refusal(err)
	}
	if err := a.Keep.Put(ctx, keepMenu, raw, 0); err != nil {
		return err
	}
	a.learnNames(req.buttons, true)
	return a.Keep.Put(ctx, keepDraft, "", 0)
}

func (a *Account) menuDelete(ctx context.Context) error {
	if err := a.api.Get(ctx, menuDropPath, nil, nil); err != nil {
		return a.api.Refusal(err)
	}
	return a.Keep.Put(ctx, keepMenu, "", 0) // the names stay known: old menus live on phones for a day
}

// learnNames notes what the keys of a menu are called, instead of what was
// known before or beside it.
func (a *Account) learnNames(b buttons, instead bool) {
	names := map[string]string{}
	var walk func(list []json.RawMessage)
	walk = func(list []json.RawMessage) {
		for _, raw := range list {
			var one struct {
				Name, Key string
				Sub       []json.RawMessage `json:"sub_button"`
			}
			if json.Unmarshal(raw, &one) != nil {
				continue
			}
			if one.Key != "" {
				names[one.Key] = one.Name
			}
			walk(one.Sub)
		}
	}
	walk(b.Button)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names == nil || instead && len(names) > 0 {
		a.names = map[string]string{}
	}
	for k, v := range names {
		a.names[k] = v
	}
}

// readMenu learns the menu that WeChat has, which may have been published
// elsewhere, and finds out whether the account works.
func (a *Account) readMenu(ctx context.Context) error {
	if a.mini {
		return a.api.Get(ctx, apiIPPath, nil, nil)
	}
	live, err := a.liveMenu(ctx)
	if err == nil {
		a.learnNames(live, false)
	}
	return err
}

// pressed is what a click on a menu's button asks: its name, which the bot
// and people read. A key that is a bot's option is that.
func (a *Account) pressed(ctx context.Context, key string) (text, choice string) {
	if text = a.name(key); text == "" { // published by another node, or before this one started
		for _, k := range []string{keepDraft, keepMenu} {
			var b buttons
			if raw, err := a.Keep.Get(ctx, k); err == nil && json.Unmarshal([]byte(raw), &b) == nil {
				a.learnNames(b, false)
			}
		}
		text = a.name(key)
	}
	if text == "" {
		text = key
	}
	if key == "human" || strings.HasPrefix(key, "faq:") && menuID(key) != idOther {
		return text, key
	}
	return text, "menu:" + key
}

func (a *Account) name(key string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names[key]
}

// qr makes a QR code with a scene.
func (a *Account) qr(ctx context.Context, in json.RawMessage) (any, error) {
	var req struct {
		Scene string `json:"scene"`
		Days  int    `json:"days"`
	}
	if err := channels.Input(in, &req); err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(req.Scene); n == 0 || n > maxScene || req.Days < 0 || req.Days > maxDays {
		return nil, zongji.Errorf(zongji.Invalid, "bad_scene", "a scene has 1 to %d characters, a code lasts for ever (0) or 1 to %d days", maxScene, maxDays)
	}
	ask := map[string]any{"action_name": "QR_LIMIT_STR_SCENE", "action_info": map[string]any{"scene": map[string]string{"scene_str": req.Scene}}}
	out := struct {
		Ticket string    `json:"ticket"`
		URL    string    `json:"url"`   // what the code says
		Image  string    `json:"image"` // a picture of it
		Until  zongji.Ms `json:"until,omitempty"`
	}{}
	if req.Days > 0 {
		life := time.Duration(req.Days) * 24 * time.Hour
		ask["action_name"], ask["expire_seconds"] = "QR_STR_SCENE", int(life.Seconds())
		out.Until = zongji.NowMs(a.Clock).Add(life)
	}
	if err := a.api.Post(ctx, qrPath, ask, &out); err != nil {
		return nil, a.api.Refusal(err)
	}
	out.Image = showQR + url.QueryEscape(out.Ticket)
	return out, nil
}

// items is a list as the answer of a deed.
type items[T any] struct {
	Items []T `json:"items"`
}

type quota struct {
	Path  string          `json:"path"`
	Quota json.RawMessage `json:"quota"` // daily_limit, used, remain
}

func (a *Account) quota(ctx context.Context) (any, error) {
	out := items[quota]{Items: []quota{}}
	var last error
	for _, p := range quotaPaths {
		var got struct {
			Quota json.RawMessage `json:"quota"`
		}
		if err := a.api.Post(ctx, quotaPath, map[string]string{"cgi_path": p}, &got); err != nil {
			last = err // not every account may use every call
			continue
		}
		out.Items = append(out.Items, quota{p, got.Quota})
	}
	if len(out.Items) == 0 {
		return nil, a.api.Refusal(last)
	}
	return out, nil
}

type template struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Content string `json:"content"`
	Form    string `json:"form"` // template | subscribe
}

// templates lists what may be sent outside the window.
func (a *Account) templates(ctx context.Context) (any, error) {
	out := items[template]{Items: []template{}}
	if !a.mini {
		var got struct {
			List []struct {
				ID      string `json:"template_id"`
				Title   string `json:"title"`
				Content string `json:"content"`
			} `json:"template_list"`
		}
		if err := a.api.Get(ctx, templatesPath, nil, &got); err != nil {
			return nil, a.api.Refusal(err)
		}
		for _, t := range got.List {
			out.Items = append(out.Items, template{t.ID, t.Title, t.Content, "template"})
		}
	}
	var got struct {
		List []struct {
			ID      string `json:"priTmplId"`
			Title   string `json:"title"`
			Content string `json:"content"`
		} `json:"data"`
	}
	if err := a.api.Get(ctx, noticesPath, nil, &got); err != nil && a.mini {
		return nil, a.api.Refusal(err) // an official account need not have these
	}
	for _, t := range got.List {
		out.Items = append(out.Items, template{t.ID, t.Title, t.Content, "subscribe"})
	}
	return out, nil
}

func (a *Account) callbackIPs(ctx context.Context) (any, error) {
	out := struct {
		items[string]
		API []string `json:"api"`
	}{}
	for path, to := range map[string]*[]string{callbackIPPath: &out.Items, apiIPPath: &out.API} {
		var got struct {
			List []string `json:"ip_list"`
		}
		if err := a.api.Get(ctx, path, nil, &got); err != nil {
			return nil, a.api.Refusal(err)
		}
		*to = append([]string{}, got.List...)
		slices.Sort(*to)
	}
	return out, nil
}

// apiError is err as one of the API, nil for others.
func apiError(err error) *wxapi.Error {
	var e *wxapi.Error
	errors.As(err, &e)
	return e
}
