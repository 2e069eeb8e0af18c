package wechattest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the longest request that is read: a video or file with its form.
const maxBody = 24 << 20 // bytes

// who says whose token an endpoint takes.
type who int

const (
	nobody   who = 0
	official who = 1 << iota
	mini
	corp
)

// endpoint is one path of the API.
type endpoint struct {
	method string
	who    who
	daily  int // calls a day and account; 0: no limit
	do     func(*Server, *call) (any, *fault)
}

// table lists all paths, with the daily limits of a verified account.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/API_Call_Limits.html
func table() map[string]endpoint {
	return map[string]endpoint{
		"/cgi-bin/token":                             {"GET", nobody, 2000, (*Server).token},
		"/cgi-bin/stable_token":                      {"POST", nobody, 500_000, (*Server).stableToken},
		"/cgi-bin/gettoken":                          {"GET", nobody, 0, (*Server).corpToken},
		"/cgi-bin/message/custom/send":               {"POST", official | mini, 500_000, (*Server).customSend},
		"/cgi-bin/message/custom/typing":             {"POST", official | mini, 0, (*Server).typing},
		"/cgi-bin/message/custom/business/typing":    {"POST", mini, 0, (*Server).typing},
		"/cgi-bin/message/template/send":             {"POST", official, 100_000, (*Server).templateSend},
		"/cgi-bin/message/subscribe/bizsend":         {"POST", official, 100_000, (*Server).subscribeSend},
		"/cgi-bin/message/subscribe/send":            {"POST", mini, 100_000, (*Server).subscribeSend},
		"/cgi-bin/template/api_add_template":         {"POST", official, 0, (*Server).templateAdd},
		"/cgi-bin/template/get_all_private_template": {"GET", official, 0, (*Server).templateList},
		"/cgi-bin/template/del_private_template":     {"POST", official, 0, (*Server).templateDelete},
		"/wxaapi/newtmpl/gettemplate":                {"GET", official | mini, 0, (*Server).noticeList},
		"/cgi-bin/media/upload":                      {"POST", official | mini | corp, 5000, (*Server).mediaUpload},
		"/cgi-bin/media/get":                         {"GET", official | mini | corp, 10_000, (*Server).mediaGet},
		"/cgi-bin/user/info":                         {"GET", official, 5_000_000, (*Server).userInfo},
		"/cgi-bin/user/info/batchget":                {"POST", official, 0, (*Server).userBatch},
		"/cgi-bin/qrcode/create":                     {"POST", official, 100_000, (*Server).qrCreate},
		"/cgi-bin/menu/create":                       {"POST", official, 1000, (*Server).menuCreate},
		"/cgi-bin/menu/get":                          {"GET", official, 10_000, (*Server).menuGet},
		"/cgi-bin/menu/delete":                       {"GET", official, 1000, (*Server).menuDelete},
		"/cgi-bin/menu/addconditional":               {"POST", official, 2000, (*Server).menuAddConditional},
		"/cgi-bin/menu/delconditional":               {"POST", official, 2000, (*Server).menuDelConditional},
		"/cgi-bin/get_current_selfmenu_info":         {"GET", official, 10_000, (*Server).menuCurrent},
		"/cgi-bin/openapi/quota/get":                 {"POST", official | mini, 0, (*Server).quotaGet},
		"/cgi-bin/clear_quota":                       {"POST", official | mini, 0, (*Server).quotaClear},
		"/cgi-bin/getcallbackip":                     {"GET", official | mini | corp, 0, (*Server).callbackIP},
		"/cgi-bin/get_api_domain_ip":                 {"GET", official | mini | corp, 0, (*Server).callbackIP},
		"/cgi-bin/kf/sync_msg":                       {"POST", corp, 0, (*Server).kfSync},
		"/cgi-bin/kf/send_msg":                       {"POST", corp, 0, (*Server).kfSend},
		"/cgi-bin/kf/send_msg_on_event":              {"POST", corp, 0, (*Server).kfSendOnEvent},
		"/cgi-bin/kf/service_state/get":              {"POST", corp, 0, (*Server).kfStateGet},
		"/cgi-bin/kf/service_state/trans":            {"POST", corp, 0, (*Server).kfStateTrans},
		"/cgi-bin/kf/account/list":                   {"", corp, 0, (*Server).kfAccounts},
		"/cgi-bin/kf/servicer/list":                  {"GET", corp, 0, (*Server).kfServicers},
		"/cgi-bin/kf/customer/batchget":              {"POST", corp, 0, (*Server).kfCustomers},
		"/cgi-bin/kf/add_contact_way":                {"POST", corp, 0, (*Server).kfContactWay},
	}
}

// call is one request to the API.
type call struct {
	r     *http.Request
	path  string
	q     func(string) string
	body  []byte
	daily int      // the endpoint's limit a day
	app   *App     // whose token it is; nil for a corp's
	corp  *Corp    // and the other way round
	user  *User    // whom it is about, for the list of refused calls
	later []func() // done in the background after the answer
}

// decode reads the JSON body into v.
func (c *call) decode(v any) *fault {
	if len(c.body) == 0 {
		return refuse(44002)
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse(47001)
	}
	return nil
}

// obj is a JSON object.
type obj map[string]any

// ok adds what successful answers begin with.
func ok(o obj) obj {
	if o == nil {
		o = obj{}
	}
	o["errcode"], o["errmsg"] = 0, "ok"
	return o
}

// raw is an answer that is not JSON.
type raw struct {
	kind, name string
	data       []byte
}

// ServeHTTP answers API calls, /_sim/ and the URLs of pictures.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, known := s.endpoints[r.URL.Path]
	switch {
	case strings.HasPrefix(r.URL.Path, simPrefix):
		s.sim.ServeHTTP(w, r)
	case r.URL.Path == "/cgi-bin/showqrcode":
		s.showQR(w, r)
	case strings.HasPrefix(r.URL.Path, cdn):
		s.serveMedia(w, r, strings.TrimPrefix(r.URL.Path, cdn))
	case !known:
		http.NotFound(w, r)
	default:
		s.serveCall(w, r, e)
	}
}

func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // too long, or gone
	}
	c := &call{r: r, path: r.URL.Path, q: r.URL.Query().Get, body: body, daily: e.daily}
	answer, wait, drop := s.run(c, e)
	for _, fn := range c.later {
		s.background(fn)
	}
	if wait > 0 {
		s.sleep(wait)
	}
	if drop {
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	if f, isRaw := answer.(raw); isRaw {
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		_, _ = w.Write(f.data) // the caller is gone
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(encode(answer)) // the caller is gone
}

// run does the call under the lock and counts it.
func (s *Server) run(c *call, e endpoint) (answer any, wait time.Duration, drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait, drop = s.knobs.delay(c.path), s.knobs.drop(c.path)
	f := s.admit(c, e)
	if f == nil {
		answer, f = e.do(s, c)
	}
	code := 0
	if f != nil {
		code = f.code
		answer = obj{"errcode": f.code, "errmsg": f.msg + " rid: " + sign(random(8))[:8] + "-" + sign(random(8))[:8]}
		s.refuseCall(c, f)
	}
	s.calls[Count{Endpoint: c.path, Code: code}]++
	return answer, wait, drop
}

// admit checks what all endpoints check: method, token, address, quotas.
func (s *Server) admit(c *call, e endpoint) *fault {
	if e.method == "POST" && c.r.Method != http.MethodPost {
		return refuse(43002)
	}
	if e.method == "GET" && c.r.Method != http.MethodGet {
		return refuse(43001)
	}
	if e.who != nobody {
		if f := s.authorize(c, e.who); f != nil {
			return f
		}
	}
	if code, failing := s.knobs.fail(c.path); failing {
		return refuse(code)
	}
	if e.who == nobody {
		return nil // the token's endpoints count when they know the account
	}
	if c.corp != nil && !allowed(c.corp.cfg.Whitelist, c.r) {
		return refuse(60020)
	}
	return s.count(c, c.daily)
}

// allowed checks the caller's address; an empty whitelist allows all.
func allowed(list []string, r *http.Request) bool {
	return len(list) == 0 || slices.Contains(list, remote(r))
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// intText is an id that callers write as a number or as a string.
type intText string

func (t *intText) UnmarshalJSON(b []byte) error {
	text := string(b)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	} else if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return fmt.Errorf("%s is no id", text)
	}
	*t = intText(text)
	return nil
}
