package wechattest

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tries is how often WeChat sends a callback.
const tries = 3

// Delivery is what became of one callback.
type Delivery struct {
	MsgID    string        `json:"msgid,omitempty"` // of the message, or of the kf item
	Attempts int           `json:"attempts"`
	Status   int           `json:"status,omitempty"` // HTTP, of the last answer
	Took     time.Duration `json:"-"`                // of the last try
	Body     string        `json:"-"`                // of the last answer
	Err      error         `json:"-"`                // nil when it was answered as WeChat wants
}

var (
	// ErrNoCallback means that the account has no callback URL; the message
	// itself is kept (kf) or lost (the others), as at WeChat.
	ErrNoCallback = errors.New("no callback URL is set")
	// ErrNotFollowing means that one cannot write to an account before following it.
	ErrNotFollowing = errors.New("the user does not follow the account")
)

// push is a callback ready to be sent: retries repeat it byte by byte.
type push struct {
	app     *App
	chat    *chat // nil: about nobody
	msgID   string
	url     string
	kind    string // content type
	body    []byte
	overlap bool
	wait    time.Duration
	apology bool // after three failures the customer is told
}

// prepare signs and, by the account's mode, encrypts what goes to an official
// account's or mini-program's callback. The lock is held.
func (a *App) prepare(c *chat, openid string, list []field) push {
	now := strconv.FormatInt(a.s.now().Unix(), 10)
	write, p := asXML, push{app: a, chat: c, kind: "text/xml", apology: a.kind == Official}
	a.disturb(&p)
	if a.cfg.JSON {
		write, p.kind = asJSON, "application/json"
	}
	nonce := digits()
	q := url.Values{"signature": {sign(a.cfg.Token, now, nonce)}, "timestamp": {now}, "nonce": {nonce}, "openid": {openid}}
	p.body = write(list)
	if a.cfg.Mode != Plain {
		sealed, err := seal(a.key, nil, p.body, a.id)
		if err != nil {
			panic(err) // the key was checked when the account was opened
		}
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", sign(a.cfg.Token, now, nonce, sealed))
		if a.cfg.Mode == Safe {
			list = fields("ToUserName", a.cfg.Original)
		}
		p.body = write(append(list, field{"Encrypt", sealed}))
	}
	p.url = join(a.cfg.Callback, q)
	return p
}

// prepare makes the callback that tells of news at a kf account. The lock is held.
func (c *Corp) prepare(a *App, list []field) push {
	now, nonce := strconv.FormatInt(c.s.now().Unix(), 10), digits()
	sealed, err := seal(c.key, nil, asXML(list), c.cfg.CorpID)
	if err != nil {
		panic(err) // the key was checked when the corp was opened
	}
	q := url.Values{"msg_signature": {sign(c.cfg.Token, now, nonce, sealed)}, "timestamp": {now}, "nonce": {nonce}}
	p := push{app: a, kind: "text/xml", url: join(c.cfg.Callback, q), body: asXML(fields("ToUserName", c.cfg.CorpID, "Encrypt", sealed, "AgentID", ""))}
	a.disturb(&p)
	return p
}

// disturb takes what Overlap and Late ordered for the next callback.
func (a *App) disturb(p *push) {
	if a.overlap > 0 {
		a.overlap--
		p.overlap = true
	}
	if a.late > 0 {
		a.late--
		p.wait = a.lateBy
	}
}

// join adds q to a callback URL; "" stays "".
func join(callback string, q url.Values) string {
	if callback == "" {
		return ""
	}
	sep := "?"
	if strings.Contains(callback, "?") {
		sep = "&"
	}
	return callback + sep + q.Encode()
}

// deliver sends a callback until it is answered, three times at most; the lock
// is not held. What the answer says to the customer reaches his chat.
func (s *Server) deliver(p push) Delivery {
	d := Delivery{MsgID: p.msgID}
	if p.url == "" {
		d.Err = ErrNoCallback
		return d
	}
	if p.wait > 0 {
		s.sleep(p.wait)
	}
	if p.overlap {
		return s.deliverAtOnce(p)
	}
	for d.Attempts < tries {
		start := time.Now()
		d.Attempts++
		d.Status, d.Body, d.Err = s.post(p)
		if d.Took = time.Since(start); d.Err == nil || s.ctx.Err() != nil {
			break
		}
		if d.Attempts < tries {
			s.sleep(s.opt.RetryAfter - d.Took)
		}
	}
	s.answered(p, &d)
	return d
}

// deliverAtOnce sends all three tries together and reports the first answer.
func (s *Server) deliverAtOnce(p push) Delivery {
	var all [tries]Delivery
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			start := time.Now()
			status, body, err := s.post(p)
			all[i] = Delivery{MsgID: p.msgID, Attempts: tries, Status: status, Body: body, Took: time.Since(start), Err: err}
		})
	}
	wg.Wait()
	d := all[0]
	for _, other := range all[1:] {
		if d.Err != nil || d.Body == "" || d.Body == "success" && other.Err == nil {
			d = other
		}
	}
	s.answered(p, &d)
	return d
}

// sleep waits in real time, or until Close.
func (s *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ctx.Done():
	}
}

func (s *Server) post(p push) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opt.RetryAfter)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", p.kind)
	req.Header.Set("User-Agent", "Mozilla/4.0")
	return s.fetch(req)
}

// fetch reads an answer whole, so that its connection is used again.
func (s *Server) fetch(req *http.Request) (status int, body string, err error) {
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return resp.StatusCode, "", err
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, string(data), fmt.Errorf("answered with HTTP status %d", resp.StatusCode)
	}
	return resp.StatusCode, string(data), nil
}

// answered takes the callback's answer as a passive reply and counts it.
func (s *Server) answered(p push, d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Err == nil && p.app.kind != KF && p.chat != nil {
		var line *Line
		if line, d.Err = p.app.passive(d.Body); line != nil {
			p.chat.add(*line)
		}
	}
	code := 0
	if d.Err != nil {
		code = -1
		if p.apology && p.chat != nil && s.ctx.Err() == nil {
			p.chat.add(Line{From: "notice", Kind: "text", Text: "该公众号提供的服务出现故障，请稍后再试"})
		}
	}
	s.calls[Count{Endpoint: "callback", Code: code}]++
}

// reply is a passive answer in XML, of all types.
type reply struct {
	Encrypt, MsgSignature, TimeStamp, Nonce string
	MsgType, Content, FromUserName          string
	Image, Voice                            struct{ MediaId string }
	Video                                   struct{ MediaId, Title string }
	Music                                   struct{ Title, MusicUrl string }
	Articles                                struct {
		Item []struct{ Title, Description, PicUrl, Url string } `xml:"item"`
	}
}

// passive reads what a callback answered: nothing, "success" or a message.
func (a *App) passive(body string) (*Line, error) {
	if body == "" || body == "success" {
		return nil, nil
	}
	var r reply
	if err := xml.Unmarshal([]byte(body), &r); err != nil {
		return nil, fmt.Errorf("the answer is neither success nor XML: %w", err)
	}
	if a.cfg.Mode == Safe && r.Encrypt == "" {
		return nil, errors.New("the answer is not encrypted")
	}
	if r.Encrypt != "" {
		if sign(a.cfg.Token, r.TimeStamp, r.Nonce, r.Encrypt) != r.MsgSignature {
			return nil, errors.New("the answer's signature is wrong")
		}
		plain, err := unseal(a.key, r.Encrypt, a.id)
		if err != nil {
			return nil, fmt.Errorf("the answer: %w", err)
		}
		r = reply{}
		if err := xml.Unmarshal(plain, &r); err != nil {
			return nil, fmt.Errorf("the encrypted answer: %w", err)
		}
	}
	return a.shown(r)
}

func (a *App) shown(r reply) (*Line, error) {
	l := &Line{From: "account", Via: "passive", Kind: r.MsgType}
	if r.FromUserName != a.cfg.Original {
		return nil, fmt.Errorf("the answer comes from %q", r.FromUserName)
	}
	switch r.MsgType {
	case "text":
		if l.Text = r.Content; l.Text == "" || len(l.Text) > maxText {
			return nil, fmt.Errorf("an answer of %d bytes", len(l.Text))
		}
	case "image":
		a.s.show(l, r.Image.MediaId)
	case "voice":
		a.s.show(l, r.Voice.MediaId)
	case "video":
		l.Title = r.Video.Title
		a.s.show(l, r.Video.MediaId)
	case "music":
		l.Title, l.URL = r.Music.Title, r.Music.MusicUrl
	case "news":
		if len(r.Articles.Item) != 1 {
			return nil, fmt.Errorf("an answer with %d articles", len(r.Articles.Item))
		}
		it := r.Articles.Item[0]
		l.Title, l.Text, l.URL = it.Title, it.Description, it.Url
	case "transfer_customer_service":
		return nil, nil
	default:
		return nil, fmt.Errorf("an answer of type %q", r.MsgType)
	}
	return l, nil
}

// Verify does what the console's "submit" button does: it asks the callback
// with a signed echostr and wants the right answer, byte by byte.
func (a *App) Verify() error {
	a.s.mu.Lock()
	now, nonce, echo := strconv.FormatInt(a.s.now().Unix(), 10), digits(), digits()+digits()
	callback, q := a.cfg.Callback, url.Values{"timestamp": {now}, "nonce": {nonce}}
	if a.corp != nil {
		callback = a.corp.cfg.Callback
		sealed, err := seal(a.corp.key, nil, []byte(echo), a.corp.cfg.CorpID)
		if err != nil {
			panic(err) // the key was checked when the corp was opened
		}
		q.Set("echostr", sealed)
		q.Set("msg_signature", sign(a.corp.cfg.Token, now, nonce, sealed))
	} else {
		q.Set("echostr", echo)
		q.Set("signature", sign(a.cfg.Token, now, nonce))
	}
	a.s.mu.Unlock()
	if callback == "" {
		return ErrNoCallback
	}
	ctx, cancel := context.WithTimeout(a.s.ctx, a.s.opt.RetryAfter)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, join(callback, q), nil)
	if err != nil {
		return err
	}
	_, body, err := a.s.fetch(req)
	if err != nil {
		return fmt.Errorf("URL verification: %w", err)
	}
	if body != echo {
		return fmt.Errorf("URL verification: answered %d bytes that are not the echostr", len(body))
	}
	return nil
}
