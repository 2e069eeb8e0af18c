package agentdesk

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"zongji/bot"
	"zongji/internal/zongji"
)

// about names what an audit entry is about.
func about(what string, id any) string { return fmt.Sprintf("%s:%v", what, id) }

// audit logs who did what.
func (d *Desk) audit(ctx context.Context, me zongji.Actor, what, about string, data any) error {
	return d.cfg.Store.Audit(ctx, me.User, what, about, data)
}

// saved ends an edit of configuration: it is logged, and live on all nodes.
func (d *Desk) saved(ctx context.Context, me zongji.Actor, what, verb string, id any, data any) error {
	d.edited(ctx, what)
	return d.audit(ctx, me, what+"."+verb, about(what, id), data)
}

type byID struct {
	ID int64 `path:"id"`
}

var errNotThere = zongji.Errorf(zongji.NotFound, "not_found", "it is not there any more: reload the list")

// find returns the item with that id.
func find[T any](items []T, err error, is func(T) bool) (T, error) {
	for _, it := range items {
		if err == nil && is(it) {
			return it, nil
		}
	}
	if err == nil {
		err = errNotThere
	}
	var zero T
	return zero, err
}

func (d *Desk) faqs(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.FAQ], error) {
	return all(d.cfg.Store.FAQs(ctx))
}

type faqBody struct {
	Body zongji.FAQ
}

type faqPut struct {
	ID   int64 `path:"id"`
	Body zongji.FAQ
}

var placeholder = regexp.MustCompile(`\{[^{}\n]*\}`)

// checkFAQ names what is wrong with an entry of the knowledge base.
func checkFAQ(f *zongji.FAQ) mistakes {
	var m mistakes
	f.Question, f.Category, f.Answer = strings.TrimSpace(f.Question), strings.TrimSpace(f.Category), strings.TrimSpace(f.Answer)
	m.need("question", f.Question, 200)
	m.need("answer", f.Answer, zongji.MaxText)
	if len([]rune(f.Category)) > 64 {
		m.add("category", "longer", "has more than %d characters", 64)
	}
	if hole := placeholder.FindString(f.Answer); hole != "" {
		m.add("answer", "hole", "still holds %s: customers would see it, write the value", hole)
	}
	var similar []string
	for _, s := range f.Similar {
		if s = strings.TrimSpace(s); s != "" {
			similar = append(similar, s)
		}
		if len([]rune(s)) > 200 {
			m.add("similar", "item_longer", "%.20q… has more than %d characters", s, 200)
		}
	}
	if f.Similar = similar; len(similar) > 100 {
		m.add("similar", "too_many", "has %d questions: at most %d are allowed", len(similar), 100)
	}
	return m
}

func (d *Desk) addFAQ(ctx context.Context, me zongji.Actor, req *faqBody) (zongji.FAQ, error) {
	return d.putFAQ(ctx, me, 0, req.Body, "add")
}

func (d *Desk) changeFAQ(ctx context.Context, me zongji.Actor, req *faqPut) (zongji.FAQ, error) {
	list, err := d.cfg.Store.FAQs(ctx)
	if _, err := find(list, err, func(f zongji.FAQ) bool { return f.ID == req.ID }); err != nil {
		return zongji.FAQ{}, err
	}
	return d.putFAQ(ctx, me, req.ID, req.Body, "change")
}

func (d *Desk) putFAQ(ctx context.Context, me zongji.Actor, id int64, f zongji.FAQ, verb string) (zongji.FAQ, error) {
	f.ID = id
	if err := checkFAQ(&f).err(); err != nil {
		return f, err
	}
	if err := d.uniqueQuestion(ctx, f); err != nil {
		return f, err
	}
	out, err := d.cfg.Store.PutFAQs(ctx, []zongji.FAQ{f})
	if err != nil {
		return f, err
	}
	return out[0], d.saved(ctx, me, "faq", verb, out[0].ID, map[string]string{"question": f.Question})
}

func (d *Desk) uniqueQuestion(ctx context.Context, f zongji.FAQ) error {
	list, err := d.cfg.Store.FAQs(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.ID != f.ID && strings.EqualFold(o.Question, f.Question) {
			return mistakes{}.with("question", "same_question", "another entry has the same question: edit that one")
		}
	}
	return nil
}

func (d *Desk) deleteFAQ(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	if err := d.cfg.Store.DeleteFAQ(ctx, req.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "faq", "delete", req.ID, nil)
}

type askReq struct {
	Body struct {
		Text string `json:"text" required:"true" minLength:"1" maxLength:"4000"`
		Lang string `json:"lang" maxLength:"10"`
	}
}

type askCandidate struct {
	FAQ      int64   `json:"faq"`
	Question string  `json:"question"`
	Score    float64 `json:"score"`
}

type askAnswer struct {
	Act        string           `json:"act"`
	Reason     string           `json:"reason,omitempty"`
	Candidates []askCandidate   `json:"candidates"`
	Replies    []zongji.Message `json:"replies"`
}

// ask tries the bot with one message of a new customer; nothing is stored.
func (d *Desk) ask(ctx context.Context, _ zongji.Actor, req *askReq) (askAnswer, error) {
	out := d.cfg.Bot.Turn(bot.Input{Lang: req.Body.Lang, First: true,
		Messages: []zongji.Message{{ID: 1, Seq: 1, From: zongji.FromContact, Kind: zongji.KindText, Text: req.Body.Text, At: d.now()}}})
	a := askAnswer{Act: out.Act, Reason: out.Reason, Candidates: []askCandidate{}, Replies: out.Replies}
	for _, c := range out.Data.Candidates {
		a.Candidates = append(a.Candidates, askCandidate{c.FAQ, c.Question, c.Score})
	}
	if a.Replies == nil {
		a.Replies = []zongji.Message{}
	}
	return a, nil
}

func (d *Desk) quickReplies(ctx context.Context, me zongji.Actor, _ *struct{}) (page[zongji.QuickReply], error) {
	return all(d.cfg.Store.QuickReplies(ctx, me.User))
}

type quickBody struct {
	Body zongji.QuickReply
}

type quickPut struct {
	ID   int64 `path:"id"`
	Body zongji.QuickReply
}

// ownsQuick: everybody edits his own quick replies, shared ones ask for kb.
func ownsQuick(me zongji.Actor, q zongji.QuickReply) error {
	if q.Owner == me.User || q.Owner == 0 && me.Role.May(zongji.PermKB) {
		return nil
	}
	return errDenied
}

func checkQuick(q *zongji.QuickReply) error {
	var m mistakes
	q.Shortcut = strings.TrimPrefix(strings.TrimSpace(q.Shortcut), "/")
	m.need("title", q.Title, 64)
	m.need("text", q.Text, zongji.MaxText)
	if len([]rune(q.Shortcut)) > 32 || strings.ContainsAny(q.Shortcut, " \t\n/") {
		m.add("shortcut", "shortcut", "must have at most 32 characters without spaces and slashes")
	}
	if len([]rune(q.Group)) > 64 {
		m.add("group", "longer", "has more than %d characters", 64)
	}
	return m.err()
}

func (d *Desk) addQuick(ctx context.Context, me zongji.Actor, req *quickBody) (zongji.QuickReply, error) {
	q := req.Body
	q.ID = 0
	if q.Owner != 0 || !me.Role.May(zongji.PermKB) {
		q.Owner = me.User
	}
	return d.putQuick(ctx, me, q, "add")
}

func (d *Desk) putQuick(ctx context.Context, me zongji.Actor, q zongji.QuickReply, verb string) (zongji.QuickReply, error) {
	if err := checkQuick(&q); err != nil {
		return q, err
	}
	q, err := d.cfg.Store.PutQuickReply(ctx, q)
	if err != nil {
		return q, err
	}
	return q, d.saved(ctx, me, "replies", verb, q.ID, nil)
}

func (d *Desk) quick(ctx context.Context, me zongji.Actor, id int64) (zongji.QuickReply, error) {
	list, err := d.cfg.Store.QuickReplies(ctx, me.User)
	q, err := find(list, err, func(q zongji.QuickReply) bool { return q.ID == id })
	if err == nil {
		err = ownsQuick(me, q)
	}
	return q, err
}

func (d *Desk) changeQuick(ctx context.Context, me zongji.Actor, req *quickPut) (zongji.QuickReply, error) {
	old, err := d.quick(ctx, me, req.ID)
	if err != nil {
		return old, err
	}
	q := req.Body
	q.ID, q.Owner = old.ID, old.Owner
	return d.putQuick(ctx, me, q, "change")
}

func (d *Desk) deleteQuick(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	if _, err := d.quick(ctx, me, req.ID); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteQuickReply(ctx, req.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "replies", "delete", req.ID, nil)
}
