package wechattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// action is what a page lets a user, or a seat in the WeCom client, do.
type action struct {
	Account, Act                string
	Text, Title, Name, URL, Key string
	Scene                       string
	Param                       string `json:"scene_param"`
	ID, MsgID, Page, Template   string
	Label                       string
	Data                        []byte // base64
	Lat, Lon                    float64
	On                          bool
	User, Servicer              string
}

// acts are the words of POST /_sim/users/{id}/act; only names the kinds of
// accounts that know it, "" all.
var acts = map[string]struct {
	only string
	do   func(u *User, a *App, x action) Delivery
}{
	"say":      {"", func(u *User, a *App, x action) Delivery { return u.Say(a, x.Text) }},
	"image":    {"", func(u *User, a *App, x action) Delivery { return u.Image(a, x.Data) }},
	"voice":    {"", func(u *User, a *App, x action) Delivery { return u.Voice(a, x.Data, x.Text) }},
	"video":    {"", func(u *User, a *App, x action) Delivery { return u.Video(a, x.Data) }},
	"file":     {"kf", func(u *User, a *App, x action) Delivery { return u.File(a, x.fileName(), x.Data) }},
	"location": {"", func(u *User, a *App, x action) Delivery { return u.Location(a, x.Lat, x.Lon, x.Label) }},
	"link":     {"", func(u *User, a *App, x action) Delivery { return u.Link(a, x.Title, x.Text, x.URL) }},
	"card":     {"mini kf", func(u *User, a *App, x action) Delivery { return u.Card(a, x.Title, x.Page) }},
	"tap":      {"", func(u *User, a *App, x action) Delivery { return u.TapMenu(a, x.ID) }},
	"follow":   {"oa", func(u *User, a *App, x action) Delivery { return u.Follow(a, x.Scene) }},
	"unfollow": {"oa", func(u *User, a *App, x action) Delivery { return u.Unfollow(a) }},
	"scan":     {"oa", func(u *User, a *App, x action) Delivery { return u.Scan(a, x.Scene) }},
	"consent":  {"oa mini", func(u *User, a *App, x action) Delivery { return u.Consent(a, x.Template) }},
	"enter":    {"mini kf", func(u *User, a *App, x action) Delivery { return u.Enter(a, x.Scene, x.Param) }},
	"recall":   {"kf", func(u *User, a *App, x action) Delivery { return u.Recall(a, x.MsgID) }},
	"block":    {"", block},
	"reject":   {"", block},
	"click": {"oa", func(u *User, a *App, x action) Delivery {
		if x.URL != "" {
			return u.View(a, x.URL)
		}
		return u.Click(a, x.Key)
	}},
}

func block(u *User, a *App, x action) Delivery {
	u.Block(a, x.On)
	return Delivery{}
}

func (x action) fileName() string {
	if x.Name == "" {
		return "orders.csv"
	}
	return x.Name
}

func (s *Server) simAct(r *http.Request) (any, error) {
	var x action
	if err := json.NewDecoder(r.Body).Decode(&x); err != nil {
		return nil, err
	}
	u, a, err := s.named(r, x.Account)
	if err != nil {
		return nil, err
	}
	act, known := acts[x.Act]
	if !known || act.only != "" && !slices.Contains(strings.Fields(act.only), string(a.kind)) {
		return nil, fmt.Errorf("no act %q at this account", x.Act)
	}
	return act.do(u, a, x).report(), nil
}

// report is a delivery as JSON tells it.
func (d Delivery) report() obj {
	o := obj{"msgid": d.MsgID, "attempts": d.Attempts, "status": d.Status, "took_ms": d.Took.Milliseconds()}
	if d.Err != nil {
		o["error"] = d.Err.Error()
	}
	return o
}

// simServicer does what a seat in the WeCom client does.
func (s *Server) simServicer(r *http.Request) (any, error) {
	var x action
	if err := json.NewDecoder(r.Body).Decode(&x); err != nil {
		return nil, err
	}
	s.mu.Lock()
	u, a := s.userByID(x.User), s.anyApp(r.PathValue("id"))
	s.mu.Unlock()
	if a == nil || a.kind != KF {
		return nil, errNoAccount
	}
	if x.Act == "status" {
		return a.Receive(x.Servicer, x.On).report(), nil
	}
	if u == nil {
		return nil, errNoUser
	}
	switch x.Act {
	case "take":
		return a.TakeOver(u, x.Servicer).report(), nil
	case "say":
		return a.ServicerSay(u, x.Servicer, x.Text).report(), nil
	case "recall":
		return a.ServicerRecall(u, x.Servicer, x.MsgID).report(), nil
	case "end":
		return a.EndSession(u).report(), nil
	}
	return nil, errors.New("a seat can take, say, recall, end, status")
}
