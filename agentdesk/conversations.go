package agentdesk

import (
	"context"

	"zongji/internal/store"
	"zongji/internal/zongji"
	"zongji/router"
)

const (
	pageMessages = 60  // of a conversation when it is opened
	pageMax      = 200 // of any list
	pastMax      = 20  // earlier conversations of the contact
	recordsMax   = 500 // decision records of one conversation
)

type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// all is a list that is short enough for one page.
func all[T any](items []T, err error) (page[T], error) {
	if items == nil {
		items = []T{}
	}
	return page[T]{Items: items}, err
}

var errNoConv = zongji.Errorf(zongji.NotFound, "no_conversation", "no such conversation")

// visible returns a conversation in the caller's scope. One outside is told
// from a missing one by nothing.
func (d *Desk) visible(ctx context.Context, me zongji.Actor, conv int64) (zongji.Conversation, error) {
	c, err := d.cfg.Store.Conversation(ctx, conv)
	if err == nil && !me.Scope.Sees(c.View()) {
		err = errNoConv
	}
	if err != nil {
		return zongji.Conversation{}, err
	}
	d.hub.know(c.ID, c.View())
	return c, nil
}

type listReq struct {
	View   string `query:"view" enum:"mine,waiting,team,all,closed" default:"mine"`
	Queue  int64  `query:"queue"`
	Owner  int64  `query:"owner"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" maxLength:"100"`
}

func (d *Desk) listConversations(ctx context.Context, me zongji.Actor, req *listReq) (page[zongji.Conversation], error) {
	items, next, err := d.cfg.Store.ListConversations(ctx, me.Scope, store.ListReq{View: req.View, Queue: req.Queue, Owner: req.Owner, Limit: req.Limit, Before: req.Before})
	if items == nil {
		items = []zongji.Conversation{}
	}
	return page[zongji.Conversation]{items, next}, err
}

func (d *Desk) counts(ctx context.Context, me zongji.Actor, _ *struct{}) (store.Counts, error) {
	return d.cfg.Store.Counts(ctx, me.Scope)
}

type convReq struct {
	Conv  int64 `path:"conv"`
	After int64 `query:"after" default:"-1" doc:"messages after this seq, ascending; absent: the last ones"`
}

type convAnswer struct {
	Row      zongji.Conversation   `json:"row"`
	Contact  zongji.Contact        `json:"contact"`
	Messages []zongji.Message      `json:"messages"`
	More     bool                  `json:"more"` // later ones exist (with after), or earlier ones (without)
	Events   []zongji.Event        `json:"events"`
	Previous []zongji.Conversation `json:"previous"`
}

// routingKinds are the events that the timeline shows between the messages.
var routingKinds = []zongji.EventKind{zongji.EvRouted, zongji.EvAssigned, zongji.EvRequeued, zongji.EvParked, zongji.EvWrapup, zongji.EvClosed,
	zongji.EvReopened, zongji.EvRated, zongji.EvTagged, zongji.EvPoints, zongji.EvOffered, zongji.EvDeclined, zongji.EvLapsed, zongji.EvUnroutable, zongji.EvFeedback, zongji.EvBot, zongji.EvContact}

func (d *Desk) conversation(ctx context.Context, me zongji.Actor, req *convReq) (convAnswer, error) {
	a := convAnswer{Events: []zongji.Event{}, Previous: []zongji.Conversation{}}
	var err error
	if a.Row, err = d.visible(ctx, me, req.Conv); err != nil {
		return a, err
	}
	if req.After >= 0 {
		a.Messages, err = d.cfg.Store.Messages(ctx, req.Conv, req.After, 0, pageMax)
		a.More = len(a.Messages) > 0 && a.Messages[len(a.Messages)-1].Seq < a.Row.LastSeq
	} else {
		a.Messages, err = d.cfg.Store.Messages(ctx, req.Conv, 0, a.Row.LastSeq+1, pageMessages)
		a.More = len(a.Messages) > 0 && a.Messages[0].Seq > 1
	}
	if err != nil {
		return a, err
	}
	if a.Messages == nil {
		a.Messages = []zongji.Message{}
	}
	if a.Contact, err = d.cfg.Store.Contact(ctx, a.Row.Contact); err != nil {
		return a, err
	}
	if evs, err := d.cfg.Store.Events(ctx, req.Conv, routingKinds, 100); err != nil {
		return a, err
	} else if evs != nil {
		a.Events = evs
	}
	past, err := d.cfg.Store.ContactConversations(ctx, me.Scope, a.Row.Contact, pastMax)
	for _, c := range past {
		if c.ID != req.Conv {
			a.Previous = append(a.Previous, c)
		}
	}
	return a, err
}

type olderReq struct {
	Conv   int64 `path:"conv"`
	Before int64 `query:"before" minimum:"0"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"60"`
}

type messagesAnswer struct {
	Messages []zongji.Message `json:"messages"`
	More     bool             `json:"more"`
}

func (d *Desk) messages(ctx context.Context, me zongji.Actor, req *olderReq) (messagesAnswer, error) {
	c, err := d.visible(ctx, me, req.Conv)
	if err != nil {
		return messagesAnswer{}, err
	}
	if req.Before == 0 {
		req.Before = c.LastSeq + 1
	}
	msgs, err := d.cfg.Store.Messages(ctx, req.Conv, 0, req.Before, req.Limit)
	if msgs == nil {
		msgs = []zongji.Message{}
	}
	return messagesAnswer{msgs, len(msgs) > 0 && msgs[0].Seq > 1}, err
}

type oneConv struct {
	Conv int64 `path:"conv"`
}

// decisionKinds are the records of why something was decided.
var decisionKinds = []zongji.EventKind{zongji.EvBot, zongji.EvRouted, zongji.EvRequeued, zongji.EvOffered, zongji.EvDeclined, zongji.EvLapsed,
	zongji.EvAssigned, zongji.EvPoints, zongji.EvUnroutable, zongji.EvReopened, zongji.EvFeedback}

func (d *Desk) decisions(ctx context.Context, me zongji.Actor, req *oneConv) (page[zongji.Event], error) {
	if _, err := d.visible(ctx, me, req.Conv); err != nil {
		return page[zongji.Event]{}, err
	}
	return all(d.cfg.Store.Events(ctx, req.Conv, decisionKinds, recordsMax))
}

type replyReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		CID   string  `json:"cid" required:"true"`
		Text  string  `json:"text"`
		Files []int64 `json:"files"`
		Note  bool    `json:"note"`

		Template *zongji.Template `json:"template,omitempty" doc:"instead of a text, outside the reply window"`
		Mail     *letterReq       `json:"mail,omitempty" doc:"where messages are mails; what is left out is as an answer has it"`
	}
}

func (d *Desk) postMessage(ctx context.Context, me zongji.Actor, req *replyReq) (zongji.Message, error) {
	b := req.Body
	return d.reply(ctx, me, req.Conv, router.Reply{CID: b.CID, Text: b.Text, Files: b.Files, Note: b.Note, Template: b.Template, Mail: b.Mail.letter()})
}

// reply is what the REST route and the socket frame do. A repeated client id
// returns the first answer.
func (d *Desk) reply(ctx context.Context, me zongji.Actor, conv int64, r router.Reply) (zongji.Message, error) {
	return d.cfg.Router.Reply(ctx, me, conv, r)
}

type readReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Seq int64 `json:"seq" required:"true" minimum:"0"`
	}
}

func (d *Desk) postRead(ctx context.Context, me zongji.Actor, req *readReq) (none, error) {
	return none{}, d.read(ctx, me, req.Conv, req.Body.Seq)
}

func (d *Desk) read(ctx context.Context, me zongji.Actor, conv, seq int64) error {
	return d.cfg.Router.Seen(ctx, me, conv, seq)
}

// rowAnswer is what each change of a conversation answers.
type rowAnswer struct {
	Conv zongji.Conversation `json:"conv"`
}

// changed is the answer of a change, which the router made within the
// caller's scope.
func changed(c zongji.Conversation, err error) (rowAnswer, error) { return rowAnswer{c}, err }

func (d *Desk) take(ctx context.Context, me zongji.Actor, req *oneConv) (rowAnswer, error) {
	return changed(d.cfg.Router.Take(ctx, me, req.Conv))
}

type transferReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Agent int64  `json:"agent"`
		Queue int64  `json:"queue"`
		Note  string `json:"note" maxLength:"2000"`
	}
}

func (d *Desk) transfer(ctx context.Context, me zongji.Actor, req *transferReq) (rowAnswer, error) {
	b := req.Body
	if (b.Agent == 0) == (b.Queue == 0) {
		return rowAnswer{}, mistakes{}.with("agent", "one_target", "name either an agent or a queue")
	}
	return changed(d.cfg.Router.Transfer(ctx, me, req.Conv, router.Target{Agent: b.Agent, Queue: b.Queue}, b.Note))
}

// with returns one mistake as an error.
func (m mistakes) with(field, code, format string, args ...any) error {
	m.add(field, code, format, args...)
	return m
}

type parkReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Until zongji.Ms `json:"until" required:"true"`
	}
}

func (d *Desk) park(ctx context.Context, me zongji.Actor, req *parkReq) (rowAnswer, error) {
	if now := d.now(); req.Body.Until <= now || req.Body.Until > now.Add(router.ParkMax) {
		return rowAnswer{}, mistakes{}.with("until", "until", "must lie between now and 90 days from now, in milliseconds")
	}
	return changed(d.cfg.Router.Park(ctx, me, req.Conv, req.Body.Until))
}

func (d *Desk) wrapup(ctx context.Context, me zongji.Actor, req *oneConv) (rowAnswer, error) {
	return changed(d.cfg.Router.Wrapup(ctx, me, req.Conv))
}

type closeReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Category  string `json:"category" maxLength:"64"`
		Summary   string `json:"summary" maxLength:"2000"`
		AskRating bool   `json:"ask_rating"`
	}
}

func (d *Desk) closeConv(ctx context.Context, me zongji.Actor, req *closeReq) (rowAnswer, error) {
	b := req.Body
	return changed(d.cfg.Router.Finish(ctx, me, req.Conv, router.Finish{Category: b.Category, Summary: b.Summary, AskRating: b.AskRating}))
}

type tagsReq struct {
	Conv int64 `path:"conv"`
	Body struct {
		Tags []string `json:"tags" required:"true" maxItems:"20"`
	}
}

func (d *Desk) tags(ctx context.Context, me zongji.Actor, req *tagsReq) (rowAnswer, error) {
	var m mistakes
	for _, t := range req.Body.Tags {
		m.need("tags", t, router.MaxTag)
	}
	if err := m.err(); err != nil {
		return rowAnswer{}, err
	}
	return changed(d.cfg.Router.Tag(ctx, me, req.Conv, req.Body.Tags))
}

type oneOffer struct {
	Offer int64 `path:"offer"`
}

func (d *Desk) acceptOffer(ctx context.Context, me zongji.Actor, req *oneOffer) (rowAnswer, error) {
	c, err := d.cfg.Router.AcceptOffer(ctx, me, req.Offer)
	return rowAnswer{c}, err
}

type declineReq struct {
	Offer int64 `path:"offer"`
	Body  struct {
		Reason string `json:"reason" maxLength:"200"`
	}
}

func (d *Desk) declineOffer(ctx context.Context, me zongji.Actor, req *declineReq) (none, error) {
	return none{}, d.cfg.Router.DeclineOffer(ctx, me, req.Offer, req.Body.Reason)
}

type searchReq struct {
	Q      string `query:"q" minLength:"1" maxLength:"100" required:"true"`
	Kind   string `query:"kind" enum:"conversations,messages,contacts" default:"messages"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"30"`
	Before string `query:"before" maxLength:"100"`
}

func (d *Desk) search(ctx context.Context, me zongji.Actor, req *searchReq) (page[store.Hit], error) {
	hits, next, err := d.cfg.Store.Search(ctx, me.Scope, req.Q, req.Kind, req.Limit, req.Before)
	if hits == nil {
		hits = []store.Hit{}
	}
	return page[store.Hit]{hits, next}, err
}
