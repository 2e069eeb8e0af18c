package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"zongji/channels/wechat/wxapi"
	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// What a customer's deeds allow, since 2023-06-12.
var (
	byMessage = &zongji.Grant{Count: 5, For: 48 * time.Hour}
	byDeed    = &zongji.Grant{Count: 3, For: time.Minute, Brief: true} // a click, scan or subscribe
	byEnter   = &zongji.Grant{Count: 2, For: time.Minute, Brief: true} // entering a mini-program's session
)

const (
	maxID  = 128      // bytes of an ExtID; longer ones are hashed
	maxRaw = 16 << 10 // bytes kept of what cannot be shown
	// A CreateTime further from our clock than these is not believed.
	maxOld   = 3 * 24 * time.Hour
	maxAhead = 5 * time.Minute
)

// inbound reads a callback. ok is false when it names no customer. raw is the
// whole message, kept where its kind is unknown.
func (a *Account) inbound(ctx context.Context, f wxcrypt.Fields, raw []byte) (in zongji.Inbound, ok bool) {
	openid := f["FromUserName"]
	if openid == "" || f["MsgType"] == "" {
		return in, false
	}
	in = zongji.Inbound{Channel: a.set.ID, ChanKind: "wechat", ExtID: idOf(f), Thread: openid,
		From: zongji.Identity{Ext: openid}, At: a.when(f["CreateTime"])}
	if strings.EqualFold(f["MsgType"], "event") {
		a.event(ctx, &in, f)
	} else {
		message(&in, f, raw)
	}
	return in, true
}

// idOf is what repeats of a callback have in common: messages their MsgId,
// events who, when and what.
func idOf(f wxcrypt.Fields) string {
	var id string
	switch {
	case !strings.EqualFold(f["MsgType"], "event") && f["MsgId"] != "":
		id = "MsgId:" + f["MsgId"]
	case !strings.EqualFold(f["MsgType"], "event"):
		id = strings.Join([]string{f["FromUserName"], f["CreateTime"], f["MsgType"], f["Content"] + f["MediaId"]}, ":")
	default:
		key := f["EventKey"]
		for _, k := range []string{"MsgID", "MsgId", "ScanCodeInfo.ScanResult", "SessionFrom"} {
			if key == "" {
				key = f[k]
			}
		}
		id = strings.Join([]string{f["FromUserName"], f["CreateTime"], f["Event"], key}, ":")
	}
	if len(id) > maxID {
		h := sha256.Sum256([]byte(id))
		return hex.EncodeToString(h[:])
	}
	return id
}

// when is CreateTime, seconds since 1970, or now when it cannot be.
func (a *Account) when(created string) zongji.Ms {
	now := zongji.NowMs(a.Clock)
	s, err := strconv.ParseInt(created, 10, 64)
	at := zongji.Ms(s * 1000)
	if err != nil || s > 1<<40 || s < 0 || now.Sub(at) > maxOld || at.Sub(now) > maxAhead {
		return now
	}
	return at
}

// object is v as JSON; v is a struct of strings and numbers.
func object(v any) json.RawMessage {
	b, _ := json.Marshal(v) // cannot fail
	return b
}

// fetch is what Fetch gets to bring a message's media.
type fetch struct {
	Kind  string `json:"kind"` // image | voice | video
	Media string `json:"media"`
	Thumb string `json:"thumb,omitempty"`
}

// message reads what a customer wrote.
func message(in *zongji.Inbound, f wxcrypt.Fields, raw []byte) {
	in.Kind, in.Grant, in.Text = zongji.InMessage, byMessage, f["Content"]
	media := func(kind zongji.MessageKind, what string) {
		in.Msg, in.Fetch = kind, string(object(fetch{Kind: what, Media: f["MediaId"], Thumb: f["ThumbMediaId"]}))
	}
	switch strings.ToLower(f["MsgType"]) {
	case "text":
		tap(in, f["bizmsgmenuid"])
	case "image":
		media(zongji.KindImage, "image")
	case "voice":
		in.Text = f["Recognition"]
		media(zongji.KindVoice, "voice")
		in.Extra = object(zongji.Voice{Text: f["Recognition"]})
	case "video", "shortvideo":
		media(zongji.KindVideo, "video")
	case "location":
		lat, lon := wxapi.Degrees(f["Location_X"]), wxapi.Degrees(f["Location_Y"])
		in.Msg, in.Text = zongji.KindLocation, f["Label"]
		in.Extra = object(zongji.Location{Lat: lat, Lon: lon, Label: f["Label"]})
	case "link":
		in.Msg, in.Text = zongji.KindLink, f["Title"]
		in.Extra = object(zongji.Link{Title: f["Title"], Text: f["Description"], URL: f["Url"]})
	case "miniprogrampage":
		in.Msg, in.Text = zongji.KindMiniPage, f["Title"]
		in.Extra = object(zongji.MiniPage{App: f["AppId"], Path: f["PagePath"], Title: f["Title"], Media: f["ThumbMediaId"]})
	default:
		in.Msg = zongji.KindOther
	}
	if in.Kind == zongji.InMessage && in.Msg == "" && in.Choice == "" && strings.TrimSpace(in.Text) == "" || in.Fetch != "" && f["MediaId"] == "" {
		in.Fetch, in.Msg = "", zongji.KindOther
	}
	if in.Msg == zongji.KindOther {
		in.Extra = object(zongji.Other{Type: f["MsgType"], Raw: string(wxcrypt.Clean(raw[:min(len(raw), maxRaw)]))})
	}
}

// tap reads the press of a button of a message menu: a deed that allows
// little, and for stars no message at all.
func tap(in *zongji.Inbound, id string) {
	if id == "" {
		return
	}
	in.Grant = byDeed
	if n := starsOf(id); n > 0 {
		in.Kind, in.Stars, in.Text = zongji.InRating, n, ""
		return
	}
	in.Choice = choiceOf(id)
}

// event reads what a customer did, or what became of what we sent.
func (a *Account) event(ctx context.Context, in *zongji.Inbound, f wxcrypt.Fields) {
	in.Kind, in.Event, in.Value = zongji.InEvent, strings.ToLower(f["Event"]), f["EventKey"]
	switch in.Event {
	case "subscribe":
		in.Shown, in.Grant = true, byDeed
		in.Scene = strings.TrimPrefix(f["EventKey"], "qrscene_")
		in.Value = in.Scene
	case "scan":
		in.Shown, in.Grant, in.Scene = true, byDeed, f["EventKey"]
	case "unsubscribe":
		in.Shown, in.Ends = true, true
	case "user_enter_tempsession":
		in.Event, in.Shown, in.Grant = "enter", true, byEnter
		in.Value, in.Scene = f["SessionFrom"], f["SessionFrom"]
	case "click":
		in.Kind, in.Event, in.Value, in.Grant = zongji.InMessage, "", "", byDeed
		in.Text, in.Choice = a.pressed(ctx, f["EventKey"])
	case "scancode_push", "scancode_waitmsg":
		in.Shown, in.Grant, in.Value = true, byDeed, f["ScanCodeInfo.ScanResult"]
	case "location":
		in.Value = f["Latitude"] + "," + f["Longitude"]
	case "templatesendjobfinish":
		sent(in, f["MsgID"], f["Status"] == "success", f["Status"])
	case "subscribe_msg_sent_event":
		one := func(k string) string { return f["SubscribeMsgSentEvent.List."+k] + f["List."+k] }
		sent(in, one("MsgID"), one("ErrorCode") == "0" || one("ErrorStatus") == "success", one("ErrorCode")+" "+one("ErrorStatus"))
	case "kf_create_session", "kf_switch_session", "kf_close_session":
		in.Value = f["KfAccount"] + f["ToKfAccount"]
		if in.Event != "kf_close_session" {
			a.Problem(code("native"), "chats go to WeChat's own customer service tool: they cannot be answered here; remove its accounts in WeChat's console")
		}
	}
}

// sent makes in the status of a message that needed no window.
func sent(in *zongji.Inbound, id string, ok bool, status string) {
	in.Kind, in.Event, in.Value = zongji.InStatus, "", ""
	in.Ref, in.State = noticeRef+id, zongji.StateDelivered
	if !ok {
		in.State, in.Reason = zongji.StateFailed, strings.TrimSpace(strings.TrimPrefix(status, "failed:"))
	}
}

// noticeRef begins the channel's ids of template and subscribe messages.
const noticeRef = "notice:"

// after begins what a stored callback leads to.
func (a *Account) after(in *zongji.Inbound) {
	if in.Kind == zongji.InMessage || in.Kind == zongji.InEvent && in.Shown && !in.Ends {
		a.ask(in.From.Ext)
	}
}

// Ids of menu items are digits, since other software of the account reads
// them as a number: a digit for what it is, then the number in its value.
const (
	idHuman = "1"
	idStars = "6" // then how many
	idOther = "9" // its words are asked instead
)

var idPrefix = map[string]string{"faq": "2", "solved": "3", "unsolved": "4", "menu": "5", "stars": idStars}

// menuID is the id of an option's button.
func menuID(value string) string {
	if value == "human" {
		return idHuman
	}
	kind, n, _ := strings.Cut(value, ":")
	digit, ok := idPrefix[kind]
	if _, err := strconv.ParseUint(n, 10, 63); !ok || err != nil {
		return idOther
	}
	return digit + n
}

// choiceOf is the value of the option whose button has this id, "" for one
// that only has words.
func choiceOf(id string) string {
	if id == idHuman {
		return "human"
	}
	for kind, digit := range idPrefix {
		if n, ok := strings.CutPrefix(id, digit); ok {
			if _, err := strconv.ParseUint(n, 10, 63); err == nil {
				return kind + ":" + n
			}
		}
	}
	return ""
}

// starsOf is 1 to 5 for the buttons of a rating, else 0.
func starsOf(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, idStars))
	if err != nil || len(id) != 2 || !strings.HasPrefix(id, idStars) || n < 1 || n > 5 {
		return 0
	}
	return n
}
