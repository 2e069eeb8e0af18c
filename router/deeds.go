package router

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// deedTimeout is how long a deed of a channel may take.
const deedTimeout = 30 * time.Second

// Operate does a deed of a channel account for an admin.
func (r *Router) Operate(ctx context.Context, channel int64, deed string, in json.RawMessage) (any, error) {
	op, ok := r.channel(channel).(channels.Operator)
	if !ok {
		return nil, channels.ErrNoDeed
	}
	ctx, cancel := context.WithTimeout(ctx, deedTimeout)
	defer cancel()
	out, err := op.Operate(ctx, deed, in)
	return out, refusal(err)
}

// Serve does a deed of a conversation's channel for the agent who serves it.
func (r *Router) Serve(ctx context.Context, me zongji.Actor, conv int64, deed string, in json.RawMessage) (any, error) {
	c, err := r.visible(ctx, me, conv)
	if err != nil {
		return nil, err
	}
	if err := r.mayWrite(me, &c, zongji.FromAgent); err != nil {
		return nil, err
	}
	op, ok := r.channel(c.Channel).(channels.Operator)
	if !ok {
		return nil, channels.ErrNoDeed
	}
	to, err := r.db.Recipient(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, deedTimeout)
	defer cancel()
	out, err := op.Serve(ctx, c, to, deed, in)
	return out, refusal(err)
}

// refusal shows what a channel answered to a deed, its code first: screens say
// it in words.
func refusal(err error) error {
	var se *channels.SendError
	if !errors.As(err, &se) {
		return err
	}
	e := &zongji.Error{Kind: zongji.Conflict, Code: "channel_refused", Text: se.Words(),
		Params: map[string]any{"code": se.Code, "class": se.Class, "reason": se.Reason}}
	if se.Class == channels.Retry || se.Class == channels.UnknownResult || se.Class == channels.AccountPaused {
		e.Kind = zongji.Busy
	}
	return e
}

// Opened reports whether an account is open on this node.
func (r *Router) Opened(channel int64) bool { return r.channel(channel) != nil }
