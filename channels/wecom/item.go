package wecom

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

// What a customer's message allows: five of ours within 48 hours
// (https://developer.work.weixin.qq.com/document/path/94677).
const (
	grantCount = 5
	grantFor   = 48 * time.Hour
)

const (
	passFor = 20 * time.Second // life of a welcome_code
	passOld = 3 * passFor      // an event as old as that has no living code, however wrong the clocks are
	maxID   = 200              // bytes of an id that is kept as it came; the router takes 256
	maxRaw  = 16 << 10         // bytes of zongji.Other.Raw
	maxName = 200              // characters of a seat's or customer's name
)

// Origins of an item.
const (
	byCustomer = "3"
	bySystem   = "4"
	bySeat     = "5" // somebody who serves customers in WeCom itself
)

// word is a JSON scalar as text. Documents and servers disagree about which
// ids are numbers, and some are larger than a float can hold.
type word = wxapi.Text

// item is one entry of sync_msg: a message, or an event whose account and
// customer stand inside of it
// (https://developer.work.weixin.qq.com/document/path/94670).
type item struct {
	ID       word `json:"msgid"`
	Customer word `json:"external_userid"`
	Sent     word `json:"send_time"` // seconds since 1970
	Origin   word `json:"origin"`
	Seat     word `json:"servicer_userid"`
	Type     word `json:"msgtype"`

	Text struct {
		Content word `json:"content"`
		Menu    word `json:"menu_id"`
	} `json:"text"`
	Image    media `json:"image"`
	Voice    media `json:"voice"`
	Video    media `json:"video"`
	File     media `json:"file"`
	Location struct {
		Lat     word `json:"latitude"`
		Lon     word `json:"longitude"`
		Name    word `json:"name"`
		Address word `json:"address"`
	} `json:"location"`
	Link struct {
		Title word `json:"title"`
		Desc  word `json:"desc"`
		URL   word `json:"url"`
		Pic   word `json:"pic_url"`
	} `json:"link"`
	Mini struct {
		Title word `json:"title"`
		App   word `json:"appid"`
		Path  word `json:"pagepath"`
		Thumb word `json:"thumb_media_id"`
	} `json:"miniprogram"`
	Product struct {
		Title word `json:"title"`
		Price word `json:"sales_price"` // fen
		Shop  word `json:"shop_nickname"`
	} `json:"channels_shop_product"`
	Order struct {
		ID    word `json:"order_id"`
		Title word `json:"product_titles"`
		Price word `json:"price_wording"`
		State word `json:"state"`
		Shop  word `json:"shop_nickname"`
	} `json:"channels_shop_order"`
	Channels struct { // 视频号
		Name  word `json:"nickname"`
		Title word `json:"title"`
	} `json:"channels"`
	Merged struct {
		Title word `json:"title"`
		Items []struct {
			Type word `json:"msgtype"`
			Name word `json:"sender_name"`
			Body word `json:"msg_content"` // an item in JSON once more
		} `json:"item"`
	} `json:"merged_msg"`
	Event event `json:"event"`
}

type media struct {
	ID word `json:"media_id"`
}

type event struct {
	Type     word `json:"event_type"`
	Customer word `json:"external_userid"`
	Seat     word `json:"servicer_userid"`

	Scene   word `json:"scene"`       // enter_session
	Param   word `json:"scene_param"` //
	Welcome word `json:"welcome_code"`

	FailID   word `json:"fail_msgid"` // msg_send_fail
	FailType word `json:"fail_type"`  //

	Change word `json:"change_type"` // session_status_change
	Old    word `json:"old_servicer_userid"`
	New    word `json:"new_servicer_userid"`

	Recall word `json:"recall_msgid"`  // user_recall_msg, servicer_recall_msg
	Reject word `json:"reject_switch"` // reject_customer_msg_switch_change
	Status word `json:"status"`        // servicer_status_change
}

// fetch is Inbound.Fetch: what the media of a message is.
type fetch struct {
	Media string `json:"media"`
	Kind  string `json:"kind"` // image | voice | video | file
}

// decode reads one entry of sync_msg at now. It never fails: what it does not
// know is kept as it came. What is about no customer gives nothing.
func decode(raw json.RawMessage, now zongji.Ms) []zongji.Inbound {
	var it item
	_ = json.Unmarshal(raw, &it) // a field of the wrong shape stays empty, the others are read
	if it.Customer == "" {
		it.Customer = it.Event.Customer
	}
	if it.Customer == "" || len(it.Customer) > maxID {
		return nil
	}
	in := zongji.Inbound{ExtID: idOf(it.ID, raw), Thread: string(it.Customer), From: zongji.Identity{Ext: string(it.Customer)}, At: it.at()}
	switch {
	case it.Type == "event":
		it.event(&in, raw, now)
	case it.Origin == bySeat:
		in.Kind, in.Shown, in.Event = zongji.InEvent, true, "kf_seat"
		in.Value = cut(short(it.Seat)+": "+it.line(), zongji.MaxText)
	default:
		return it.message(in, raw)
	}
	return []zongji.Inbound{in}
}

// idOf is an item's id, or one made of its content.
func idOf(id word, raw []byte) string {
	if id != "" && len(id) <= maxID {
		return string(id)
	}
	h := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(h[:16])
}

func (it *item) at() zongji.Ms {
	s, err := strconv.ParseInt(string(it.Sent), 10, 64)
	if err != nil || s < 0 || s > 1<<40 {
		return 0
	}
	return zongji.Ms(s * 1000)
}

// age is how long ago the item was sent, 0 for one from the future or without
// a time.
func (it *item) age(now zongji.Ms) time.Duration {
	if at := it.at(); at != 0 && at < now {
		return now.Sub(at)
	}
	return 0
}

// message is what a customer wrote; a text longer than a message of ours is
// several.
func (it *item) message(in zongji.Inbound, raw json.RawMessage) []zongji.Inbound {
	in.Kind = zongji.InMessage
	in.Grant = &zongji.Grant{Count: grantCount, For: grantFor} // from At on
	var extra any
	switch it.Type {
	case "text":
		if stars, ok := starsOf(string(it.Text.Menu)); ok {
			in.Kind, in.Stars = zongji.InRating, stars
			return []zongji.Inbound{in}
		}
		in.Msg, in.Choice, in.Text = zongji.KindText, cut(string(it.Text.Menu), maxID), string(it.Text.Content)
		if !blank(in.Text) {
			return split(in)
		}
	case "image":
		in.Msg, in.Fetch = zongji.KindImage, it.Image.fetch("image")
	case "voice":
		in.Msg, in.Fetch, extra = zongji.KindVoice, it.Voice.fetch("voice"), zongji.Voice{}
	case "video":
		in.Msg, in.Fetch = zongji.KindVideo, it.Video.fetch("video")
	case "file":
		in.Msg, in.Fetch = zongji.KindFile, it.File.fetch("file")
	case "location":
		if l := it.Location; l.Lat != "" {
			in.Msg, extra = zongji.KindLocation, zongji.Location{Lat: wxapi.Degrees(string(l.Lat)), Lon: wxapi.Degrees(string(l.Lon)), Name: string(l.Name), Label: string(l.Address)}
		}
	case "link":
		if l := it.Link; l.URL != "" {
			in.Msg, extra = zongji.KindLink, zongji.Link{Title: string(l.Title), Text: string(l.Desc), URL: string(l.URL), Pic: string(l.Pic)}
		}
	case "miniprogram":
		if m := it.Mini; m.App != "" {
			in.Msg, extra = zongji.KindMiniPage, zongji.MiniPage{App: string(m.App), Path: string(m.Path), Title: string(m.Title), Media: string(m.Thumb)}
		}
	}
	if in.Msg == "" || in.Fetch == "" && extra == nil {
		in.Msg, in.Fetch, in.Choice = zongji.KindOther, "", ""
		in.Text, extra = cut(it.line(), zongji.MaxText), zongji.Other{Type: short(it.Type), Raw: wxapi.Cut(string(raw), maxRaw)}
	}
	if extra != nil {
		in.Extra, _ = json.Marshal(extra) // text and numbers always marshal
	}
	return []zongji.Inbound{in}
}

func (m media) fetch(kind string) string {
	if m.ID == "" {
		return ""
	}
	b, _ := json.Marshal(fetch{Media: string(m.ID), Kind: kind})
	return string(b)
}

// split parts a text that is longer than a message may be.
func split(in zongji.Inbound) []zongji.Inbound {
	var out []zongji.Inbound
	for id, rest := in.ExtID, in.Text; rest != ""; {
		in.Text = cut(rest, zongji.MaxText)
		rest = rest[len(in.Text):]
		if blank(in.Text) {
			continue
		}
		if len(out) > 0 {
			in.ExtID = id + "#" + strconv.Itoa(len(out)+1)
		}
		out = append(out, in)
	}
	return out
}

// line is a message in words, for where its kind cannot be shown.
func (it *item) line() string {
	var parts []word
	switch it.Type {
	case "text":
		return string(it.Text.Content)
	case "location":
		parts = []word{it.Location.Name, it.Location.Address}
	case "link":
		parts = []word{it.Link.Title, it.Link.URL}
	case "miniprogram":
		parts = []word{it.Mini.Title}
	case "channels_shop_product":
		parts = []word{it.Product.Title, yuan(it.Product.Price), it.Product.Shop}
	case "channels_shop_order":
		parts = []word{it.Order.ID, it.Order.Title, it.Order.Price, it.Order.State, it.Order.Shop}
	case "channels":
		parts = []word{it.Channels.Name, it.Channels.Title}
	case "merged_msg":
		return it.mergedLines()
	}
	var words []string
	for _, p := range parts {
		if p != "" {
			words = append(words, string(p))
		}
	}
	if len(words) == 0 && it.Origin == bySeat {
		return "[" + short(it.Type) + "]"
	}
	return strings.Join(words, " · ")
}

// mergedLines writes forwarded messages one a line.
func (it *item) mergedLines() string {
	lines := []string{string(it.Merged.Title)}
	for _, m := range it.Merged.Items {
		var inner item
		_ = json.Unmarshal([]byte(m.Body), &inner)
		inner.Merged.Items = nil // one level is enough
		text := inner.line()
		if text == "" {
			text = "[" + short(m.Type) + "]"
		}
		lines = append(lines, short(m.Name)+": "+text)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// yuan is a price in fen as people write it.
func yuan(fen word) word {
	n, err := strconv.ParseInt(string(fen), 10, 64)
	if err != nil {
		return fen
	}
	return word("¥" + strconv.FormatFloat(float64(n)/100, 'f', 2, 64))
}

// sessionChanges are the events for change_type of session_status_change: a
// seat of WeCom took, passed on, ended or took again the session.
var sessionChanges = map[word]string{"1": "kf_joined", "2": "kf_moved", "3": "kf_ended", "4": "kf_back"}

// event is what the platform reports of a customer.
func (it *item) event(in *zongji.Inbound, raw json.RawMessage, now zongji.Ms) {
	e := &it.Event
	in.Kind = zongji.InEvent
	switch e.Type {
	case "enter_session":
		in.Shown, in.Event, in.Scene = true, "enter", sceneOf(e.Scene, e.Param)
		in.Value = in.Scene
		if e.Welcome != "" && it.age(now) < passOld {
			in.Pass = &zongji.Pass{Code: string(e.Welcome), Until: now.Add(passFor)}
		}
	case "msg_send_fail":
		in.Kind, in.State, in.Reason = zongji.InStatus, zongji.StateFailed, code("fail:"+short(e.FailType))+" "+failWords(e.FailType)
		if in.RefMsg = messageOf(string(e.FailID)); in.RefMsg == 0 {
			in.Ref = cut(string(e.FailID), maxID)
		}
	case "user_recall_msg", "servicer_recall_msg":
		in.Kind, in.State, in.Ref = zongji.InStatus, zongji.StateRecalled, cut(string(e.Recall), maxID)
	case "session_status_change":
		who := e.New
		if who == "" {
			who = e.Old
		}
		if in.Shown, in.Event, in.Value = true, sessionChanges[e.Change], short(who); in.Event == "" {
			other(in, e.Type, raw)
		}
		if in.Event != "other" {
			held := e.Change != "3"
			in.Held = &held
		}
	case "reject_customer_msg_switch_change":
		in.Shown, in.Event, in.Value = true, "reject", short(e.Seat)
		if in.Ends = e.Reject == "1"; !in.Ends {
			in.Event = "accept"
		}
	default:
		other(in, e.Type, raw)
	}
	if in.Kind == zongji.InStatus && in.Ref == "" && in.RefMsg == 0 {
		other(in, e.Type, raw)
	}
}

// other keeps an event as it came.
func other(in *zongji.Inbound, name word, raw json.RawMessage) {
	in.Kind, in.State, in.Reason = zongji.InEvent, "", ""
	in.Shown, in.Event, in.Value = true, "other", cut(short(name)+" "+string(raw), zongji.MaxText)
}

// sceneOf names where a customer came from: the scene of the link, with the
// parameter of the page behind a colon.
func sceneOf(scene, param word) string {
	if param == "" {
		return cut(string(scene), maxName)
	}
	return cut(string(scene)+":"+string(param), maxName)
}

// failWords says why a message did not arrive after it had been taken.
func failWords(t word) string {
	if s, ok := map[word]string{
		"1": "客服账号已删除", "2": "应用已关闭", "4": "会话已过期，超过 48 小时", "5": "会话已关闭", "6": "超过 5 条限制",
		"7": "未绑定视频号", "8": "主体未验证", "9": "未绑定视频号且主体未验证", "10": "用户拒收",
		"11": "企业未有成员登录企业微信 App", "12": "客服组件禁发的消息类型",
	}[t]; ok {
		return s
	}
	return "未知原因"
}

// blank reports whether nothing is left of s when it is stored.
func blank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return r == 0 || unicode.IsSpace(r) }) == ""
}

// cut returns the first n characters of s.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

func short(w word) string { return cut(string(w), maxName) }
