package wechattest

import (
	"slices"
	"time"
)

// The states of a kf session.
const (
	stateNew   = 0 // 未处理
	stateBot   = 1 // 由智能助手接待
	statePool  = 2 // 待接入池排队中
	stateSeat  = 3 // 由人工接待
	stateEnded = 4 // 已结束/未开始
)

// moves are the changes the API may make.
var moves = map[int][]int{
	stateNew:  {stateBot, statePool, stateSeat, stateEnded},
	stateBot:  {statePool, stateSeat, stateEnded},
	statePool: {stateSeat, stateEnded},
	stateSeat: {stateSeat, stateEnded},
}

// session is one customer's at one kf account.
type session struct {
	state        int
	servicer     string
	scene, param string // of the last enter_session
}

// eventCode allows one message beside the window.
type eventCode struct {
	chat  *chat
	until time.Time
	types []string
}

func (c *chat) code(life time.Duration, types ...string) string {
	text := "CODE" + random(28)
	c.app.desk.codes[text] = &eventCode{c, c.s.now().Add(life), types}
	return text
}

func (s *Server) kfStateGet(c *call) (any, *fault) {
	var req struct {
		OpenKfID string `json:"open_kfid"`
		External string `json:"external_userid"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	to, f := s.customer(c, req.OpenKfID, req.External)
	if f != nil {
		return nil, f
	}
	return ok(obj{"service_state": to.session.state, "servicer_userid": to.session.servicer}), nil
}

func (s *Server) kfStateTrans(c *call) (any, *fault) {
	var req struct {
		OpenKfID string `json:"open_kfid"`
		External string `json:"external_userid"`
		State    int    `json:"service_state"`
		Servicer string `json:"servicer_userid"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	to, f := s.customer(c, req.OpenKfID, req.External)
	if f != nil {
		return nil, f
	}
	if !slices.Contains(moves[to.session.state], req.State) {
		return nil, refuse(95016)
	}
	if req.State == stateSeat {
		v := to.app.desk.servicer(req.Servicer)
		if v == nil {
			return nil, refuse(95014)
		}
		if v.Status != 0 {
			return nil, refuse(95019)
		}
	} else {
		req.Servicer = ""
	}
	to.session.state, to.session.servicer = req.State, req.Servicer
	o := obj{}
	switch req.State {
	case statePool, stateSeat:
		o["msg_code"] = to.code(kfCodeLife, "text")
	case stateEnded:
		o["msg_code"] = to.code(kfWelcome, "text", "msgmenu")
	}
	return ok(o), nil
}

func (d *desk) servicer(id string) *Servicer {
	for _, v := range d.servicers {
		if v.UserID == id {
			return v
		}
	}
	return nil
}

// Servicer adds a seat that receives customers.
func (a *App) Servicer(userID string) {
	a.onDesk(func(d *desk) { d.servicers = append(d.servicers, &Servicer{UserID: userID}) })
}

// Receive lets a seat begin or stop to receive customers.
func (a *App) Receive(userID string, on bool) Delivery {
	status := 1
	if on {
		status = 0
	}
	return a.seat(func() push {
		if v := a.desk.servicer(userID); v != nil {
			v.Status = status
		}
		return a.event("servicer_status_change", obj{"servicer_userid": userID, "status": status + 1, "stop_type": 0})
	})
}

// TakeOver lets a seat take a session, as a click in the WeCom client does:
// from then on the API may not send (95018).
func (a *App) TakeOver(u *User, userID string) Delivery {
	return a.seat(func() push {
		c := u.chat(a)
		old, change := c.session.servicer, 1
		switch c.session.state {
		case stateSeat:
			change = 2
		case stateEnded:
			change = 4
		}
		c.session.state, c.session.servicer = stateSeat, userID
		o := obj{"external_userid": c.ext, "change_type": change, "old_servicer_userid": old, "new_servicer_userid": userID}
		if change == 1 {
			o["msg_code"] = c.code(kfCodeLife, "text")
		}
		return a.event("session_status_change", o)
	})
}

// EndSession lets a seat end a session.
func (a *App) EndSession(u *User) Delivery {
	return a.seat(func() push {
		c := u.chat(a)
		old := c.session.servicer
		c.session.state, c.session.servicer = stateEnded, ""
		return a.event("session_status_change", obj{"external_userid": c.ext, "change_type": 3, "old_servicer_userid": old,
			"new_servicer_userid": "", "msg_code": c.code(kfWelcome, "text", "msgmenu")})
	})
}

// ServicerSay lets a seat write to a customer in the WeCom client.
func (a *App) ServicerSay(u *User, userID, text string) Delivery {
	return a.seat(func() push {
		c, id := u.chat(a), a.desk.id()
		c.add(Line{From: "servicer", Via: "kf", Kind: "text", Text: text, MsgID: id})
		return a.put(id, obj{"open_kfid": a.id, "external_userid": c.ext, "origin": fromServicer, "servicer_userid": userID,
			"msgtype": "text", "text": obj{"content": text}})
	})
}

// ServicerRecall lets a seat take its message back.
func (a *App) ServicerRecall(u *User, userID, msgID string) Delivery {
	return a.seat(func() push {
		c := u.chat(a)
		if l := c.find(msgID); l != nil {
			c.recall(l)
		}
		return a.event("servicer_recall_msg", obj{"external_userid": c.ext, "recall_msgid": msgID, "servicer_userid": userID})
	})
}

// RejectSwitch lets a seat stop (or take again) a customer's messages.
func (a *App) RejectSwitch(u *User, userID string, on bool) Delivery {
	reject := 0
	if on {
		reject = 1
	}
	return a.seat(func() push {
		return a.event("reject_customer_msg_switch_change", obj{"external_userid": u.chat(a).ext, "servicer_userid": userID, "reject_switch": reject})
	})
}

func (a *App) seat(fn func() push) Delivery {
	a.s.mu.Lock()
	p := fn()
	a.s.mu.Unlock()
	return a.s.deliver(p)
}
