package router

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	// reserveDefault is how many messages of a reply window the bot leaves to
	// people where the account says nothing.
	reserveDefault = 2
	// lastWait is how long an agent's message that takes the last of a window
	// waits for what else he has to say.
	lastWait = 8 * time.Second
)

// reserve is what an account's bot leaves to people.
func reserve(set *zongji.ChannelAccount) int {
	if n, err := strconv.Atoi(set.Settings["reserve"]); err == nil && n >= 0 {
		return n
	}
	return reserveDefault
}

// grants reports whether a kind of channel has reply windows.
func (r *Router) grants(kind string) bool {
	return slices.ContainsFunc(r.cfg.Kinds, func(k channels.Kind) bool { return k.Name == kind && k.Grants })
}

// cost returns how many messages of c's window m takes.
func (r *Router) cost(c *zongji.Conversation, m *zongji.Message) int {
	if c.Window == nil {
		return 0
	}
	if w, ok := r.channel(c.Channel).(channels.Windowed); ok {
		return w.Cost(m)
	}
	n := len(m.Files) // the account is not open here
	if m.Text != "" || n == 0 {
		n++
	}
	if m.Kind == zongji.KindTemplate {
		n = 0
	}
	return n
}

// passes reports whether m may leave under c's pass.
func (r *Router) passes(c *zongji.Conversation, m *zongji.Message) bool {
	return c.Pass != nil && r.now() < c.Pass.Until && len(m.Files) == 0 && m.Kind != zongji.KindTemplate && m.Kind != zongji.KindRate && r.cost(c, m) <= 1
}

// room returns how many messages may be written to c's customer so that keep
// are left.
func (r *Router) room(c *zongji.Conversation, keep int) int {
	if c.Window == nil {
		return math.MaxInt
	}
	now := r.now()
	left, _ := c.Window.Open(now)
	if keep > 0 && now < c.Window.Until { // a click must not cost people what a message allowed
		left = min(left, c.Window.Left)
	}
	return max(left-keep, 0)
}

// keeps is how many messages of c's window are people's.
func keeps(c *zongji.Conversation) int {
	if c.Window == nil {
		return 0
	}
	return c.Window.Reserve
}

// charge takes m's cost from c's window, or uses up its pass.
func (r *Router) charge(c *zongji.Conversation, m *zongji.Message) store.Sending {
	if c.Window == nil {
		return store.Sending{}
	}
	if r.passes(c, m) {
		s := store.Sending{Pass: c.Pass}
		c.Pass = nil
		return s
	}
	s, w := store.Sending{Cost: r.cost(c, m)}, *c.Window
	w.Take(s.Cost)
	c.Window = &w
	return s
}

// tell writes what the bot or the product itself says to the customer, when
// the window has room for it beside the keep that are people's. It reports
// whether it did.
func (r *Router) tell(c *zongji.Conversation, tx *tx, m zongji.Message, keep int) bool {
	if r.mails(c.Kind) && m.Kind != zongji.KindMail { // a mail for each step of a chat would be a nuisance
		return false
	}
	if c.Window.Elsewhere(r.now()) || !r.passes(c, &m) && r.cost(c, &m) > r.room(c, keep) {
		r.metrics.dropped.WithLabelValues("window").Inc()
		return false
	}
	m.State = r.firstState(c)
	if stored := tx.Message(m); tx.Existing == nil && !r.pushes(c) {
		tx.Outbox(stored, r.charge(c, stored))
	}
	return true
}

// fit returns what of a turn's messages the window has room for: all, or one
// that says the same, or none.
func (r *Router) fit(c *zongji.Conversation, msgs []zongji.Message, keep int) []zongji.Message {
	room, sum := r.room(c, keep), 0
	for i := range msgs {
		if i > 0 || !r.passes(c, &msgs[i]) {
			sum += r.cost(c, &msgs[i])
		}
	}
	if sum <= room {
		return msgs
	}
	one := merged(msgs)
	if r.passes(c, &one) || r.cost(c, &one) <= room {
		return []zongji.Message{one}
	}
	return nil
}

// merged makes one message of several: all texts, and the buttons of the last
// that has some.
func merged(msgs []zongji.Message) zongji.Message {
	var texts []string
	one := msgs[0]
	for _, m := range msgs {
		if m.Text != "" {
			texts = append(texts, m.Text)
		}
		if len(m.Extra) > 0 {
			one.Kind, one.Extra = m.Kind, m.Extra
		}
	}
	one.Text = strings.Join(texts, "\n\n")
	return one
}

// sending makes room for an agent's message: it takes its cost, or has a text
// go along with the last one, which still waits.
func (r *Router) sending(c *zongji.Conversation, tx *tx, m *zongji.Message) (store.Sending, error) {
	left, cost := r.room(c, 0), r.cost(c, m)
	if c.Window == nil || cost <= left || r.passes(c, m) {
		s := r.charge(c, m)
		if s.Pass == nil && cost > 0 && cost == left && m.Kind == zongji.KindText {
			s.NotBefore = r.now().Add(lastWait)
		}
		return s, nil
	}
	if m.Kind != zongji.KindText {
		return store.Sending{}, r.refused(c, cost)
	}
	head, text, paid, err := tx.Head(m.Author)
	if err != nil {
		return store.Sending{}, err
	}
	both := zongji.Message{Kind: zongji.KindText, From: m.From, Text: text + "\n" + m.Text}
	if head == 0 || utf8.RuneCountInString(both.Text) > zongji.MaxText || r.cost(c, &both) > paid {
		return store.Sending{}, r.refused(c, cost)
	}
	return store.Sending{Head: head}, nil
}

// refused says why nothing, or not so much, may be written now.
func (r *Router) refused(c *zongji.Conversation, cost int) error {
	left, until := c.Window.Open(r.now())
	e := &zongji.Error{Kind: zongji.Conflict, Code: "quota_used", Text: "the channel lets you write no more until the customer does"}
	if until == 0 {
		until = max(c.Window.Until, c.Window.BriefUntil)
		e.Code, e.Text = "window_closed", "the channel does not let you write before the customer does"
	}
	e.Params = map[string]any{"left": left, "until": until, "cost": cost}
	return e
}

const (
	maxFields = 20  // of a template
	maxField  = 200 // characters of one
)

// template makes the message that a template is sent as.
func template(t *zongji.Template) (m zongji.Message, err error) {
	bad := len(t.Fields) > maxFields || t.ID == "" || len(t.ID) > maxField || len(t.URL) > 1000 || t.Form != "template" && t.Form != "subscribe"
	clean := map[string]string{}
	for k, v := range t.Fields {
		clean[cleanText(k)] = cleanText(v)
		bad = bad || utf8.RuneCountInString(k) > maxField || utf8.RuneCountInString(v) > maxField
	}
	if bad || utf8.RuneCountInString(t.Title) > maxField {
		return m, zongji.Errorf(zongji.Invalid, "bad_template", "a template has a form, an id and at most %d fields of %d characters", maxFields, maxField)
	}
	body := zongji.Template{Form: t.Form, ID: cleanText(t.ID), Title: cleanText(t.Title), Fields: clean, URL: cleanText(t.URL)}
	m.Kind, m.Text = zongji.KindTemplate, body.Title
	m.Extra, err = json.Marshal(body)
	return m, err
}
