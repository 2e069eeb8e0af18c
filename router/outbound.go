package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	outboxEvery = time.Second // how often it is looked at without being told
	outboxBatch = 8           // a stop leaves no more in doubt
	sendTimeout = 30 * time.Second
	sendTries   = 8 // then a retry becomes a failure: some 4 minutes
	backoffBase = time.Second
	backoffMax  = 2 * time.Minute
	pauseRest   = 30 * time.Second // of an account whose channel does not say until when
)

// Reply is what an agent writes.
type Reply struct {
	CID   string // client id: a repeat returns the first message
	Text  string
	Files []int64
	Note  bool // for staff only; anyone who sees the conversation may write one
	// Template is sent instead of Text: where the channel has reply windows it
	// needs none.
	Template *zongji.Template
	// Mail makes it a mail of its own subject and recipients; where all messages
	// are mails nil is an answer to the customer.
	Mail *Letter
}

// Reply stores an agent's answer, or a note, and queues it for the channel.
func (r *Router) Reply(ctx context.Context, me zongji.Actor, conv int64, rep Reply) (zongji.Message, error) {
	rep.Text = strings.TrimSpace(cleanText(rep.Text))
	m := zongji.Message{Kind: zongji.KindText, Text: rep.Text}
	var err error
	switch {
	case !validCID(rep.CID):
		err = errCID
	case rep.Mail != nil:
		if err = checkLetter(rep.Mail); err == nil {
			err = checkSize(rep.Text, len(rep.Files)+int(min(rep.Mail.Forward, 1)), zongji.MaxMail, zongji.MaxMailFiles)
		}
	case rep.Template == nil:
		err = checkText(rep.Text, len(rep.Files))
	case rep.Note || len(rep.Files) > 0:
		err = zongji.Errorf(zongji.Invalid, "bad_template", "a template goes to the customer, without files")
	default:
		m, err = template(rep.Template)
	}
	if err != nil {
		return zongji.Message{}, err
	}
	m.From, m.Author, m.AuthorName, m.CID = zongji.FromAgent, me.User, me.Name, rep.CID
	if rep.Note {
		m.From = zongji.FromNote
	}
	if len(rep.Files) > 0 {
		files, err := r.db.FilesByID(ctx, rep.Files)
		if err != nil {
			return m, err
		}
		for i := range files {
			if files[i].By != me.User { // an id is no secret: another's file is as one that is not there
				return m, zongji.Errorf(zongji.Invalid, "no_file", "no file %d: upload it first", files[i].ID)
			}
			files[i].By = 0
		}
		m.Files, m.Kind = files, fileKind(files)
	}
	if rep.Mail != nil && rep.Mail.Forward != 0 {
		f, err := r.forwarded(ctx, me, rep.Mail)
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	var out zongji.Message
	ch, err := r.change(ctx, conv, func(c *zongji.Conversation, tx *tx) error {
		stored, err := r.reply(me, c, tx, m, rep.Mail)
		if err == nil {
			out = *stored
		}
		return err
	})
	if err == nil && out.Kind == zongji.KindMail && len(ch.Messages) > 0 {
		if err := r.db.DropDraft(ctx, conv, me.User); err != nil {
			r.log.Debug("draft of a mail that was sent not dropped", "conv", conv, "err", err)
		}
	}
	return out, err
}

func (r *Router) reply(me zongji.Actor, c *zongji.Conversation, tx *tx, m zongji.Message, l *Letter) (*zongji.Message, error) {
	s, err := store.Sending{}, r.mayWrite(me, c, m.From)
	letter := r.mails(c.Kind) && m.From != zongji.FromNote
	if err == nil && l != nil && !letter {
		err = zongji.Errorf(zongji.Invalid, "no_mail", "this is no mail")
	}
	if err == nil && m.Kind == zongji.KindTemplate && !r.grants(c.Kind) {
		err = zongji.Errorf(zongji.Invalid, "no_template", "this channel sends no templates")
	}
	was := *c
	if err == nil && m.From != zongji.FromNote && !r.pushes(c) {
		s, err = r.sending(c, tx, &m)
	}
	if err == nil && letter {
		s.NotBefore = r.now().Add(undo(new(r.book.Load().channels[c.Channel])))
		err = r.compose(c, tx, &m, l, "")
	}
	if err != nil {
		if old, e := tx.ByCID(m.From, me.User, m.CID); e == nil && old != nil {
			return old, nil // it was stored while he still might
		}
		return nil, err
	}
	if m.From == zongji.FromNote {
		m.State = zongji.StateStored
		return tx.Message(m), nil
	}
	m.State = r.firstState(c)
	stored := tx.Message(m)
	if tx.Existing != nil {
		c.Window, c.Pass = was.Window, was.Pass // it was paid then
		return stored, nil
	}
	if !r.pushes(c) {
		tx.Outbox(stored, s)
	}
	if c.FirstAt == 0 {
		c.FirstAt = stored.At
	}
	c.WaitingFrom, c.AgentSeen, c.Unread = 0, c.LastSeq, 0
	if s := r.book.Load().queues[c.Queue].IdleCloseS; s > 0 && c.Status == zongji.StatusAssigned {
		c.DueAt = stored.At.Add(time.Duration(s) * time.Second)
	}
	return stored, nil
}

// mayWrite reports whether me may write to c: notes whoever sees it, answers
// its owner alone.
func (r *Router) mayWrite(me zongji.Actor, c *zongji.Conversation, from zongji.Party) error {
	switch {
	case !me.Scope.Sees(c.View()):
		return errNoConversation
	case from == zongji.FromNote:
		return nil
	case c.Status == zongji.StatusClosed:
		return errClosed
	case c.Owner != me.User || !c.Status.Holds():
		return r.notOwner(c)
	}
	return nil
}

// notOwner tells who has the conversation.
func (r *Router) notOwner(c *zongji.Conversation) error {
	if name := r.book.Load().name(c.Owner); c.Owner != 0 && name != "" {
		return zongji.Errorf(zongji.Conflict, "not_owner", "the conversation belongs to %s now", name)
	}
	return errNotOwner
}

func fileKind(files []zongji.File) zongji.MessageKind {
	if len(files) == 1 && strings.HasPrefix(files[0].Type, "image/") {
		return zongji.KindImage
	}
	return zongji.KindFile
}

// deliver sends one account's outbox until ctx ends. One node does it at a
// time.
func (r *Router) deliver(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		_, err := r.holding(ctx, fmt.Sprintf("outbox:%d", a.set.ID), func(ctx context.Context, fence int64) error {
			r.deliverAll(ctx, a, fence)
			return nil
		})
		r.warn(ctx, "outbox lease not taken", err)
		if !r.sleep(ctx, outboxEvery) {
			return
		}
	}
}

// deliverAll sends what comes until the lease or ctx ends.
func (r *Router) deliverAll(ctx context.Context, a *account, fence int64) {
	var paused zongji.Ms
	for ctx.Err() == nil {
		more := false
		if r.now() >= paused {
			more, paused = r.deliverBatch(ctx, a, fence)
		}
		if !more && !r.waitSend(ctx, a) {
			return
		}
	}
}

// waitSend waits until something was written or a while passed.
func (r *Router) waitSend(ctx context.Context, a *account) bool {
	c, stop := r.cfg.Clock.Timer(outboxEvery)
	defer stop()
	select {
	case <-ctx.Done():
		return false
	case <-a.wrote:
	case <-c:
	}
	return true
}

// deliverBatch sends what may be sent now. It reports whether there may be
// more, and until when the account must rest.
func (r *Router) deliverBatch(ctx context.Context, a *account, fence int64) (more bool, paused zongji.Ms) {
	rows, err := r.db.OutboxClaim(ctx, a.set.ID, fence, r.now(), outboxBatch)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Warn("outbox not read", "channel", a.set.Name, "err", err)
		}
		return false, 0
	}
	var rest atomic.Int64 // until when the account must rest
	var g errgroup.Group  // the rows are of different conversations
	g.SetLimit(ways(a.ch))
	for i := range rows {
		out := &rows[i]
		g.Go(func() error {
			switch until := zongji.Ms(rest.Load()); {
			case out.Try > 1 && out.Msg.State == zongji.StateSending && !idempotent(a.ch):
				r.sendDone(ctx, out, store.SendEnd{State: zongji.StateUnknown, Code: "unknown", Reason: "the sender stopped while sending"})
			case ctx.Err() != nil || until != 0: // stopped between sends: this one was not tried
				r.sendLater(ctx, out, "", "", max(until, r.now()))
			default:
				if until = r.sendOne(ctx, a.ch, out); until != 0 {
					rest.Store(int64(until))
				}
			}
			return nil
		})
	}
	_ = g.Wait()
	paused = zongji.Ms(rest.Load())
	return len(rows) > 0 && paused == 0, paused
}

// ways is how many messages a channel may send at once.
func ways(ch channels.Channel) int {
	if p, ok := ch.(channels.Parallel); ok {
		return min(max(p.Ways(), 1), outboxBatch)
	}
	return 1
}

// sendOne sends one row and writes how it went. It returns until when the
// whole account must rest, 0 when it need not.
func (r *Router) sendOne(ctx context.Context, ch channels.Channel, out *zongji.Outbound) zongji.Ms {
	signed(out)
	sctx, cancel := context.WithTimeout(ctx, sendTimeout)
	sent, err := ch.Send(sctx, *out)
	cancel()
	if err == nil {
		state := sent.State
		if state == "" {
			state = zongji.StateSent
		}
		end := store.SendEnd{State: state, ExtID: sent.ExtID, Reason: sent.Note}
		if r.mails(out.Conv.Kind) {
			end.Ref = sent.ExtID
		}
		r.sendDone(ctx, out, end)
		return 0
	}
	var se *channels.SendError
	if !errors.As(err, &se) {
		se = &channels.SendError{Class: channels.UnknownResult, Reason: err.Error()}
	}
	switch retry := max(se.RetryAt, r.now().Add(backoff(out.Try))); {
	case se.Class == channels.AccountPaused: // not the message's fault, however long it lasts
		rest := max(cmp.Or(se.RetryAt, r.now().Add(pauseRest)), r.now().Add(backoffBase))
		r.sendLater(ctx, out, se.Code, se.Words(), rest)
		return rest
	case (se.Class == channels.Retry || se.Class == channels.UnknownResult && idempotent(ch)) && out.Try < sendTries:
		r.sendDone(ctx, out, store.SendEnd{State: zongji.StatePending, Code: se.Code, Reason: se.Words(), RetryAt: retry})
	case se.Class == channels.UnknownResult:
		r.sendDone(ctx, out, store.SendEnd{State: zongji.StateUnknown, Code: se.Code, Reason: se.Words()})
	default:
		r.sendDone(ctx, out, store.SendEnd{State: zongji.StateFailed, Code: se.Code, Reason: se.Words(),
			Closed: se.Class == channels.WindowClosed, Used: se.Class == channels.QuotaUsed, Held: se.Class == channels.Held})
	}
	return 0
}

func (r *Router) sendDone(ctx context.Context, out *zongji.Outbound, end store.SendEnd) {
	end.Fence = out.Fence
	r.metrics.outbox.WithLabelValues(string(end.State)).Inc()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	ch, err := r.db.OutboxDone(ctx, out.ID, end)
	if err != nil {
		r.log.Error("result of a send not written", "conv", out.Conv.ID, "msg", out.Msg.ID, "state", end.State, "err", err)
		return
	}
	if ch != nil {
		r.publish(ctx, &ch.Conv, ch.Events)
	}
}

// sendLater puts a row back without counting the try.
func (r *Router) sendLater(ctx context.Context, out *zongji.Outbound, code, reason string, at zongji.Ms) {
	r.metrics.outbox.WithLabelValues(string(zongji.StatePending)).Inc()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := r.db.OutboxBack(ctx, out.ID, out.Fence, code, reason, at); err != nil {
		r.log.Error("unsent message not put back", "conv", out.Conv.ID, "msg", out.Msg.ID, "err", err)
	}
}

// backoff doubles from a second to two minutes.
func backoff(try int) time.Duration {
	return min(backoffBase<<min(max(try-1, 0), 20), backoffMax)
}

func idempotent(ch channels.Channel) bool {
	i, ok := ch.(channels.Idempotent)
	return ok && i.Idempotent()
}
