package wechattest

import (
	"strconv"
)

// tell sends an event of a user to an account; note is what his phone shows of
// it, and left the messages it opens for a minute.
func (u *User) tell(a *App, event string, left int, note *Line, list []field, change func(*chat)) Delivery {
	u.s.mu.Lock()
	c := u.chat(a)
	if change != nil {
		change(c)
	}
	if left > 0 {
		c.clicked(left)
	}
	if note != nil {
		note.From, note.Via, note.Kind = "me", "event", event
		c.add(*note)
	}
	p := a.prepare(c, c.ext, c.envelope("event", append(fields("Event", event), list...)))
	u.s.mu.Unlock()
	return u.s.deliver(p)
}

// Follow follows an official account; scene is that of a QR code, or "".
func (u *User) Follow(a *App, scene string) Delivery {
	var list []field
	by := "ADD_SCENE_SEARCH"
	if scene != "" {
		by = "ADD_SCENE_QR_CODE"
		list = fields("EventKey", "qrscene_"+scene, "Ticket", u.s.ticket(a, scene))
	}
	return u.tell(a, "subscribe", eventLeft, &Line{Text: scene}, list, func(c *chat) {
		c.followed, c.since, c.scene, c.by = true, u.s.now(), scene, by
	})
}

// Unfollow ends it: nothing can be sent any more.
func (u *User) Unfollow(a *App) Delivery {
	return u.tell(a, "unsubscribe", 0, &Line{}, nil, func(c *chat) {
		c.followed = false
		c.closed()
	})
}

// Scan scans a QR code with a scene: whoever does not follow yet follows by it.
func (u *User) Scan(a *App, scene string) Delivery {
	u.s.mu.Lock()
	followed := u.chat(a).followed
	u.s.mu.Unlock()
	if !followed {
		return u.Follow(a, scene)
	}
	return u.tell(a, "SCAN", eventLeft, &Line{Text: scene}, fields("EventKey", scene, "Ticket", u.s.ticket(a, scene)), nil)
}

// Click presses a menu button with a key.
func (u *User) Click(a *App, key string) Delivery {
	return u.tell(a, "CLICK", eventLeft, &Line{Text: key}, fields("EventKey", key), nil)
}

// View presses a menu button that opens a page; it opens no window.
func (u *User) View(a *App, url string) Delivery {
	return u.tell(a, "VIEW", 0, &Line{URL: url}, fields("EventKey", url), nil)
}

// ScanCode presses a menu button of type scancode_waitmsg (wait) or
// scancode_push; result is what the code says.
func (u *User) ScanCode(a *App, key, result string, wait bool) Delivery {
	event := "scancode_push"
	if wait {
		event = "scancode_waitmsg"
	}
	return u.tell(a, event, eventLeft, &Line{Text: key}, fields("EventKey", key,
		"ScanCodeInfo", fields("ScanType", "qrcode", "ScanResult", result)), nil)
}

// Position is what WeChat reports by itself to accounts that asked for it.
func (u *User) Position(a *App, lat, lon, precision float64) Delivery {
	return u.tell(a, "LOCATION", 0, nil, fields("Latitude", number(lat), "Longitude", number(lon), "Precision", number(precision)), nil)
}

// Event sends any other event, with text fields by name and value in turns;
// it opens no window.
func (u *User) Event(a *App, event string, pairs ...string) Delivery {
	var list []field
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, field{pairs[i], pairs[i+1]})
	}
	return u.tell(a, event, 0, nil, list, nil)
}

// Consent accepts one subscription message of a template.
func (u *User) Consent(a *App, template string) Delivery {
	item := fields("TemplateId", template, "SubscribeStatusString", "accept", "PopupScene", num("2"))
	return u.tell(a, "subscribe_msg_popup_event", 0, nil, fields("SubscribeMsgPopupEvent", fields("List", item)),
		func(c *chat) { c.consents[template]++ })
}

// Block refuses (or takes again) an account's messages: 48002, and for kf a
// msg_send_fail afterwards.
func (u *User) Block(a *App, on bool) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.chat(a).blocked = on
}

// Enter opens the chat of a mini-program (scene is its session-from) or of a
// kf account (by a contact link with scene and scene_param).
func (u *User) Enter(a *App, scene, param string) Delivery {
	if a.kind == Mini {
		return u.tell(a, "user_enter_tempsession", enterLeft, &Line{Text: scene}, fields("SessionFrom", scene), nil)
	}
	u.s.mu.Lock()
	p := u.chat(a).enter(scene, param)
	u.s.mu.Unlock()
	return u.s.deliver(p)
}

// finished tells what became of a template message.
func (c *chat) finished(msgID int64, status string) push {
	return c.app.prepare(c, c.ext, c.envelope("event", fields("Event", "TEMPLATESENDJOBFINISH",
		"MsgID", num(strconv.FormatInt(msgID, 10)), "Status", status)))
}

// recall takes a line back.
func (c *chat) recall(l *Line) {
	*l = Line{N: l.N, At: l.At, From: l.From, Kind: l.Kind, MsgID: l.MsgID, Recalled: true}
	c.wake()
}
