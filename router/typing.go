package router

import (
	"context"
	"time"

	"zongji/channels"
)

const (
	typingLimit   = 64 // notes that wait to be shown; more are dropped
	typingTimeout = 5 * time.Second
)

// typed is a note for a customer without a socket.
type typed struct {
	conv int64
	on   bool
}

// showTyping passes notes on to the channel of a conversation, if it can show
// them. It never waits.
func (r *Router) showTyping(n typed) {
	select {
	case r.typed <- n:
	default:
	}
}

// runTyping shows customers without sockets that somebody writes, until ctx
// ends. One that is lost is no harm.
func (r *Router) runTyping(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-r.typed:
			tctx, cancel := context.WithTimeout(ctx, typingTimeout)
			if err := r.typeTo(tctx, n); err != nil {
				r.log.Debug("typing not shown", "conv", n.conv, "err", err)
			}
			cancel()
		}
	}
}

func (r *Router) typeTo(ctx context.Context, n typed) error {
	c, err := r.db.Conversation(ctx, n.conv)
	if err != nil {
		return err
	}
	t, ok := r.channel(c.Channel).(channels.Typist)
	if !ok {
		return nil
	}
	to, err := r.db.Recipient(ctx, c)
	if err != nil {
		return err
	}
	return t.Type(ctx, to, n.on)
}
