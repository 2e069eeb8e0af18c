package router

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"zongji/bot"
	"zongji/channels/email/eml"
	"zongji/internal/zongji"
)

const (
	maxThread  = 256 // bytes of a thread or of a channel's id for a message
	maxComment = 500 // characters beside a rating
)

// Accept takes one inbound from a channel. When it returns nil what it says
// is committed to SQL and the adapter may acknowledge it to its source.
// Repeats of (Channel, ExtID) are stored once. Safe for concurrent use.
func (r *Router) Accept(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
	if err := clean(&in); err != nil {
		return zongji.Stored{}, err
	}
	if err := r.typedStars(ctx, &in); err != nil {
		return zongji.Stored{}, err
	}
	switch in.Kind {
	case zongji.InStatus:
		return r.acceptStatus(ctx, in)
	case zongji.InRating:
		return r.acceptRating(ctx, in)
	}
	p := r.policy(&in)
	st, err := r.db.SaveInbound(ctx, in, p)
	if err != nil {
		return st, err
	}
	if in.Fetch != "" {
		r.fetches(in.Channel)
	}
	if !st.Repeat {
		r.metrics.inbound.WithLabelValues(in.ChanKind).Inc()
		r.publishStored(ctx, &st)
	}
	if st.Conv.Status.Heard() && !in.Auto && (in.Kind != zongji.InEvent || in.Shown) {
		r.due.set(st.Conv.ID, p.Now.Add(p.Quiet))
	}
	return st, nil
}

// starsFor is how long after a conversation typed stars are a rating of it.
const starsFor = 24 * time.Hour

// typedStars makes a rating of a message that answers the question for one,
// which was the last thing said. Mini-programs, and accounts of WeChat that have
// no buttons, show the words to be typed; the buttons of 订阅号 say no more than
// their words. A repeat is read the same way, and then dropped as a rating's.
func (r *Router) typedStars(ctx context.Context, in *zongji.Inbound) error {
	n := bot.Stars(in.Text)
	if n == 0 || in.Kind != zongji.InMessage || in.Msg != "" && in.Msg != zongji.KindText || in.Choice != "" || !r.grants(in.ChanKind) {
		return nil
	}
	c, err := r.db.ThreadNewest(ctx, in.Channel, in.Thread)
	if zongji.KindOf(err) == zongji.NotFound {
		return nil
	}
	if err != nil || c.Status != zongji.StatusClosed || r.now().Sub(c.ClosedAt) >= starsFor || c.Stars != 0 && c.Stars != n {
		return err
	}
	last, err := r.db.Messages(ctx, c.ID, c.LastSeq-1, 0, 1)
	if err == nil && len(last) == 1 && last[0].Kind == zongji.KindRate {
		in.Kind, in.Stars, in.Text = zongji.InRating, n, ""
	}
	return err
}

// policy returns how an inbound is to be stored. A pressed button and a deed
// are not waited after: they are complete.
func (r *Router) policy(in *zongji.Inbound) zongji.InboundPolicy {
	b := r.book.Load()
	set := b.channels[in.Channel]
	p := zongji.InboundPolicy{Now: r.now(), Quiet: r.cfg.Quiet, Max: r.cfg.MaxQuiet, Queue: set.Queue, Team: b.queues[set.Queue].Team, Grants: r.grants(in.ChanKind)}
	if p.Grants {
		p.Reserve = reserve(&set)
	}
	if in.Choice != "" || in.Kind == zongji.InEvent {
		p.Quiet = 0
	}
	if in.Msg == zongji.KindMail {
		p.Topic = eml.Subject(mailOf(&zongji.Message{Kind: in.Msg, Extra: in.Extra}).Subject)
	}
	if !in.Fresh {
		p.Reopen = time.Duration(b.queues[p.Queue].ReopenS) * time.Second
	}
	return p
}

func (r *Router) publishStored(ctx context.Context, st *zongji.Stored) {
	r.publish(ctx, &st.Conv, st.Merged)
	if st.Event == nil {
		return
	}
	ev := *st.Event
	if ev.Msg == nil && st.Msg.ID != 0 {
		ev.Msg = &st.Msg
	}
	evs := []zongji.Event{ev}
	if st.Reopened != nil {
		evs = []zongji.Event{*st.Reopened, ev}
	}
	r.publish(ctx, &st.Conv, evs)
}

// acceptStatus moves the positions that the customer's side reports.
func (r *Router) acceptStatus(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
	if in.Ref != "" || in.RefMsg != 0 {
		return r.acceptMessageStatus(ctx, in)
	}
	c, err := r.db.ThreadNewest(ctx, in.Channel, in.Thread)
	if err != nil {
		return zongji.Stored{}, err
	}
	seq := min(in.Seq, c.LastSeq)
	var m zongji.MarkData
	switch in.State {
	case zongji.StateRead:
		m.ContactSaw, m.ContactGot = seq, seq
	case zongji.StateDelivered:
		m.ContactGot = seq
	default:
		return zongji.Stored{Conv: c}, nil
	}
	return zongji.Stored{Conv: c}, r.markSeen(ctx, c.ID, m, zongji.ByContact, c.Contact)
}

// acceptMessageStatus moves the state of the one message that a channel names:
// what it took has failed after all, arrived, was read, or was taken back.
func (r *Router) acceptMessageStatus(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
	m, err := r.db.MessageBy(ctx, in.Channel, in.Ref, in.RefMsg)
	if err != nil {
		return zongji.Stored{}, err
	}
	if len(in.From.Attrs) > 0 {
		if err := r.db.Learn(ctx, in); err != nil {
			return zongji.Stored{}, err
		}
	}
	ours, by := m.From != zongji.FromContact, zongji.ByContact
	switch in.State {
	case zongji.StateRecalled:
	case zongji.StateFailed, zongji.StateSent, zongji.StateDelivered, zongji.StateRead:
		if !ours {
			return zongji.Stored{}, zongji.Errorf(zongji.Invalid, "bad_state", "a customer's message does not become %s", in.State)
		}
		if in.State == zongji.StateFailed || in.State == zongji.StateSent {
			by = zongji.BySystem
		}
	default:
		return zongji.Stored{}, zongji.Errorf(zongji.Invalid, "bad_state", "a message does not become %q", in.State)
	}
	ch, err := r.db.Mark(ctx, m.Conv, zongji.MarkData{Msg: m.ID, State: in.State, Reason: in.Reason}, by, 0)
	if err != nil {
		return zongji.Stored{}, err
	}
	r.publish(ctx, &ch.Conv, ch.Events)
	return zongji.Stored{Conv: ch.Conv, Repeat: len(ch.Events) == 0}, nil
}

// acceptRating keeps the customer's stars on the newest conversation; a
// second rating replaces the first, the same one twice is one.
func (r *Router) acceptRating(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
	c, err := r.db.ThreadNewest(ctx, in.Channel, in.Thread)
	if err != nil {
		return zongji.Stored{}, err
	}
	again := false
	ch, err := r.change(ctx, c.ID, func(c *zongji.Conversation, tx *tx) error {
		if in.ExtID != "" {
			if first, err := tx.Once(in.ExtID); err != nil || !first {
				again = true
				return err
			}
		}
		again = false
		tx.Grant(in, r.policy(&in))
		c.Stars = in.Stars
		tx.Event(zongji.EvRated, zongji.ByContact, c.Contact, zongji.RatedData{Stars: in.Stars, Tags: in.Tags, Comment: in.Value})
		return nil
	})
	if err != nil {
		return zongji.Stored{}, err
	}
	return zongji.Stored{Conv: ch.Conv, Repeat: again}, nil
}

// Seen notes that the agent has read up to seq. Only the owner's reading
// counts as the desk's.
func (r *Router) Seen(ctx context.Context, me zongji.Actor, conv, seq int64) error {
	c, err := r.visible(ctx, me, conv)
	if err != nil || c.Owner != me.User || seq <= c.AgentSeen {
		return err
	}
	return r.markSeen(ctx, conv, zongji.MarkData{AgentSeen: min(seq, c.LastSeq)}, zongji.ByAgent, me.User)
}

func (r *Router) markSeen(ctx context.Context, conv int64, m zongji.MarkData, by string, actor int64) error {
	ch, err := r.db.Mark(ctx, conv, m, by, actor)
	if err == nil && ch != nil {
		r.publish(ctx, &ch.Conv, ch.Events)
	}
	return err
}

// clean checks an inbound and takes out what no store can keep: U+0000 and
// bytes that are not UTF-8.
func clean(in *zongji.Inbound) error {
	for _, s := range []*string{&in.Text, &in.Choice, &in.Event, &in.Value, &in.Page, &in.Thread, &in.ExtID, &in.Scene, &in.Fetch, &in.Reason,
		&in.From.Ext, &in.From.Name, &in.From.Phone, &in.From.Email, &in.From.Union, &in.From.Sub} {
		*s = cleanText(*s)
	}
	in.Text = strings.TrimSpace(in.Text)
	for s, n := range map[*string]int{&in.Scene: maxScene, &in.Event: maxScene, &in.From.Name: maxName, &in.Reason: lineMax} {
		*s = cut(*s, n)
	}
	if in.Kind != zongji.InRating { // of which a longer one is refused
		in.Value = cut(in.Value, zongji.MaxText)
	}
	for i := range in.Tags {
		in.Tags[i] = cleanText(in.Tags[i])
	}
	switch {
	case in.Channel == 0 || in.Thread == "" || len(in.Thread) > maxThread || len(in.ExtID) > maxThread:
		return zongji.Errorf(zongji.Invalid, "bad_inbound", "an inbound names its channel, a thread and an id of at most %d bytes", maxThread)
	case in.CID != "" && !validCID(in.CID):
		return errCID
	case in.Kind == zongji.InMessage:
		if in.ExtID == "" {
			return zongji.Errorf(zongji.Invalid, "bad_inbound", "a message carries the channel's id for it")
		}
		return checkInbound(in)
	case in.Kind == zongji.InRating && (in.Stars < 1 || in.Stars > 5):
		return zongji.Errorf(zongji.Invalid, "bad_stars", "stars go from 1 to 5")
	case in.Kind == zongji.InRating && utf8.RuneCountInString(in.Value) > maxComment:
		return zongji.Errorf(zongji.Invalid, "too_long", "a comment has at most %d characters", maxComment)
	case in.Kind == zongji.InEvent && in.ExtID == "":
		return zongji.Errorf(zongji.Invalid, "bad_inbound", "an event carries an id of its own")
	case in.Kind == zongji.InEvent, in.Kind == zongji.InStatus, in.Kind == zongji.InRating:
		return nil
	}
	return zongji.Errorf(zongji.Invalid, "bad_inbound", "unknown kind of inbound %q", in.Kind)
}

var errCID = zongji.Errorf(zongji.Invalid, "bad_cid", "cid is 1 to %d characters of A-Z a-z 0-9 _ -", zongji.MaxCID)

func validCID(s string) bool {
	if s == "" || len(s) > zongji.MaxCID {
		return false
	}
	for _, c := range []byte(s) {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func checkText(text string, files int) error {
	return checkSize(text, files, zongji.MaxText, zongji.MaxFiles)
}

func checkSize(text string, files, most, mostFiles int) error {
	switch {
	case text == "" && files == 0:
		return zongji.Errorf(zongji.Invalid, "empty", "a message has text or files")
	case utf8.RuneCountInString(text) > most:
		return zongji.Errorf(zongji.Invalid, "too_long", "a message has at most %d characters", most)
	case files > mostFiles:
		return zongji.Errorf(zongji.Invalid, "too_many_files", "a message has at most %d files", mostFiles)
	}
	return nil
}

// How much is kept of what a channel tells.
const (
	maxScene = 128      // characters of a scene or the name of an event
	maxName  = 200      // characters of a customer's name
	maxExtra = 64 << 10 // bytes, of all but mails
)

// checkInbound checks a customer's message. One that its source will not give
// again, or shorten, is not refused for its length: it is cut.
func checkInbound(in *zongji.Inbound) error {
	most := zongji.MaxText
	if in.Msg == zongji.KindMail {
		most, in.Files = zongji.MaxMail, in.Files[:min(len(in.Files), zongji.MaxMailFiles)]
	}
	if in.Msg == "" && in.Grant == nil {
		return checkText(in.Text, len(in.Files))
	}
	if len(in.Extra) > 0 && !json.Valid(in.Extra) {
		return zongji.Errorf(zongji.Invalid, "bad_inbound", "the extra of a message is JSON")
	}
	in.Text = cut(in.Text, most)
	if len(in.Extra) > maxExtra && in.Msg != zongji.KindMail { // no place's name or link's title is so long
		in.Msg, in.Fetch, in.Extra = zongji.KindOther, "", nil
	}
	return nil
}

// cut returns the first n characters of s.
func cut(s string, n int) string {
	if len(s) <= n { // it has not so many
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func cleanText(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
