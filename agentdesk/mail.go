package agentdesk

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"zongji/channels/email/eml"
	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
)

const (
	maxDraft = 256 << 10 // bytes
	readers  = 4         // mails that are read at once
)

type oneMessage struct {
	Msg int64 `path:"msg"`
}

// message returns a message of a conversation in the caller's scope.
func (d *Desk) message(ctx context.Context, me zongji.Actor, id int64) (zongji.Message, error) {
	m, err := d.cfg.Store.Message(ctx, id)
	if err == nil {
		_, err = d.visible(ctx, me, m.Conv)
	}
	if zongji.KindOf(err) == zongji.NotFound { // whether it is there, strangers do not learn
		err = zongji.Errorf(zongji.NotFound, "no_message", "no such message")
	}
	if err != nil {
		return zongji.Message{}, err
	}
	return m, nil
}

type mailReq struct {
	Msg    int64 `path:"msg"`
	Images bool  `query:"images" doc:"remote pictures are loaded, which tells the sender that it was read"`
}

// mailAnswer is a mail as it came.
type mailAnswer struct {
	Text        string        `json:"text"`      // what is new in it
	Quoted      string        `json:"quoted"`    // earlier mails
	Signature   string        `json:"signature"` // the writer's block, and notices that his company adds
	HTML        string        `json:"html_safe"` // for a sandboxed frame; "" when there is none
	Remote      int           `json:"remote"`    // pictures held back
	Headers     []mailHeader  `json:"headers"`
	Attachments []zongji.File `json:"attachments"`
	Raw         *zongji.File  `json:"raw,omitempty"`
	Calendar    string        `json:"calendar,omitempty"`
	Error       string        `json:"error,omitempty"` // what of it could not be read
}

type mailHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// mail reads a mail from its file.
func (d *Desk) mail(ctx context.Context, me zongji.Actor, req *mailReq) (mailAnswer, error) {
	m, err := d.message(ctx, me, req.Msg)
	if err != nil {
		return mailAnswer{}, err
	}
	if m.Kind != zongji.KindMail {
		return mailAnswer{}, zongji.Errorf(zongji.Invalid, "not_mail", "the message is no mail")
	}
	var head zongji.Mail
	_ = json.Unmarshal(m.Extra, &head) // the router wrote it
	out := mailAnswer{Text: m.Text, Signature: head.Signature, Headers: []mailHeader{}, Attachments: m.Files, Raw: head.Raw, Error: head.Quarantine}
	if out.Attachments == nil {
		out.Attachments = []zongji.File{}
	}
	if head.Raw == nil {
		return out, nil
	}
	select {
	case d.reading <- struct{}{}:
		defer func() { <-d.reading }()
	case <-ctx.Done():
		return out, ctx.Err()
	}
	src, err := d.cfg.Blobs.Open(ctx, *head.Raw)
	if err != nil {
		return out, err
	}
	raw, err := io.ReadAll(io.LimitReader(src, eml.MaxBytes))
	_ = src.Close() // it was only read
	if err != nil {
		return out, err
	}
	e := eml.Parse(raw, eml.Options{})
	r := e.Reply()
	out.Quoted, out.Signature, out.Calendar = r.Quoted, strings.TrimSpace(r.Signature+"\n\n"+r.Disclaimer), e.Calendar
	out.HTML, out.Remote = eml.Safe(e.HTML, eml.SafeOptions{CID: pictures(&m, &head), Remote: req.Images})
	for _, h := range e.Header {
		out.Headers = append(out.Headers, mailHeader{h.Name, strings.ToValidUTF8(h.Value, "\uFFFD")})
	}
	if e.Err != nil {
		out.Error = e.Err.Error()
	}
	return out, nil
}

// pictures gives the addresses of what a mail shows within its HTML.
func pictures(m *zongji.Message, head *zongji.Mail) func(string) string {
	return func(cid string) string {
		for _, f := range m.Files {
			if id := head.Inline[cid]; id != 0 && f.ID == id {
				return f.URL
			}
		}
		return ""
	}
}

func (d *Desk) withdraw(ctx context.Context, me zongji.Actor, req *oneMessage) (zongji.Message, error) {
	if _, err := d.message(ctx, me, req.Msg); err != nil {
		return zongji.Message{}, err
	}
	return d.cfg.Router.Withdraw(ctx, me, req.Msg)
}

func (d *Desk) splitMail(ctx context.Context, me zongji.Actor, req *oneMessage) (router.Moved, error) {
	if _, err := d.message(ctx, me, req.Msg); err != nil {
		return router.Moved{}, err
	}
	return d.cfg.Router.Split(ctx, me, req.Msg)
}

type joinReq struct {
	Msg  int64 `path:"msg"`
	Body struct {
		Conv int64 `json:"conv" required:"true"`
	}
}

func (d *Desk) joinMail(ctx context.Context, me zongji.Actor, req *joinReq) (router.Moved, error) {
	if _, err := d.message(ctx, me, req.Msg); err != nil {
		return router.Moved{}, err
	}
	return d.cfg.Router.Join(ctx, me, req.Msg, req.Body.Conv)
}

type moveReq struct {
	Move int64 `path:"move"`
}

func (d *Desk) undoMove(ctx context.Context, me zongji.Actor, req *moveReq) (router.Moved, error) {
	return d.cfg.Router.UndoMove(ctx, me, req.Move)
}

type draftReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Body json.RawMessage `json:"body" required:"true" doc:"what screens need to go on: text, subject, recipients, files"`
	}
}

func (d *Desk) putDraft(ctx context.Context, me zongji.Actor, req *draftReq) (none, error) {
	if len(req.Body.Body) > maxDraft {
		return none{}, zongji.Errorf(zongji.TooLarge, "too_large", "a draft has at most %d KiB", maxDraft>>10)
	}
	return none{}, d.cfg.Router.SetDraft(ctx, me, req.Conv, req.Body.Body)
}

func (d *Desk) getDraft(ctx context.Context, me zongji.Actor, req *oneConv) (store.Begun, error) {
	if _, err := d.visible(ctx, me, req.Conv); err != nil {
		return store.Begun{}, err
	}
	return d.cfg.Store.Draft(ctx, req.Conv, me.User)
}

func (d *Desk) dropDraft(ctx context.Context, me zongji.Actor, req *oneConv) (none, error) {
	return none{}, d.cfg.Router.SetDraft(ctx, me, req.Conv, nil)
}

// letterReq is what a mail says beside its text.
type letterReq struct {
	Subject string            `json:"subject,omitempty"`
	To      []zongji.MailAddr `json:"to,omitempty"`
	Cc      []zongji.MailAddr `json:"cc,omitempty"`
	Bcc     []zongji.MailAddr `json:"bcc,omitempty"`
	Forward int64             `json:"forward,omitempty" doc:"a mail that goes along as a file"`
}

func (l *letterReq) letter() *router.Letter {
	if l == nil {
		return nil
	}
	return &router.Letter{Subject: l.Subject, To: l.To, Cc: l.Cc, Bcc: l.Bcc, Forward: l.Forward}
}

// signature is what stands below the mails of somebody.
type signature struct {
	Of   string `json:"of" enum:"company,team,user"`
	ID   int64  `json:"id,omitempty"` // of the team or user
	Text string `json:"text" maxLength:"2000" doc:"with {agent}, {team} and {company}"`
}

func (s signature) key() string {
	if s.Of == "company" {
		return router.Signature
	}
	return router.Signature + ":" + s.Of + ":" + strconv.FormatInt(s.ID, 10)
}

func (d *Desk) signatures(ctx context.Context, me zongji.Actor, _ *struct{}) (page[signature], error) {
	found, err := d.cfg.Store.Settings(ctx, router.Signature)
	items := []signature{}
	for key, text := range found {
		s := signature{Of: "company"}
		if of, id, ok := strings.Cut(strings.TrimPrefix(key, router.Signature+":"), ":"); ok {
			s.Of = of
			s.ID, _ = strconv.ParseInt(id, 10, 64) // we wrote it
		}
		mine := s.Of != "user" || s.ID == me.User || me.Role.May(zongji.PermChannels)
		if _ = json.Unmarshal([]byte(text), &s.Text); s.Text != "" && mine {
			items = append(items, s)
		}
	}
	return page[signature]{Items: items}, err
}

type signatureReq struct{ Body signature }

func (d *Desk) putSignature(ctx context.Context, _ zongji.Actor, req *signatureReq) (none, error) {
	return none{}, d.cfg.Router.SetSignature(ctx, req.Body.key(), req.Body.Text)
}

type mySignatureReq struct {
	Body struct {
		Text string `json:"text" maxLength:"2000"`
	}
}

func (d *Desk) putMySignature(ctx context.Context, me zongji.Actor, req *mySignatureReq) (none, error) {
	return none{}, d.cfg.Router.SetSignature(ctx, signature{Of: "user", ID: me.User}.key(), req.Body.Text)
}
