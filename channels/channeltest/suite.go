package channeltest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// hang is how long a step may take before the suite gives up.
const hang = 20 * time.Second

// Outside is the other end of a channel: the customers of one account.
type Outside struct {
	// Write sends a text as a customer, with the id that the source gives
	// it, and returns nil once the source was told that it arrived.
	Write func(ctx context.Context, id, text string) error
	// Out returns a message that can be sent to that customer.
	Out func(text string) zongji.Outbound
	// Got returns the texts that customers received; nil: Send is not tried.
	Got func() []string
}

// Open opens an account whose handlers and Run call accept.
type Open func(t *testing.T, accept channels.Accept) (channels.Channel, Outside)

// Run checks what the router relies on in every adapter.
func Run(t *testing.T, open Open) {
	t.Run("a customer's message is accepted with thread, id and writer", func(t *testing.T) {
		d := &desk{}
		start(t, open, d, func(ctx context.Context, _ channels.Channel, out Outside) {
			if err := out.Write(ctx, "suite-1", "你好"); err != nil {
				t.Fatal(err)
			}
			got := d.messages()
			if len(got) != 1 {
				t.Fatalf("accepted %d inbounds, want 1", len(got))
			}
			in := got[0]
			if in.Text != "你好" || in.Thread == "" || in.ExtID == "" || in.From.Ext == "" || in.Kind != zongji.InMessage {
				t.Errorf("accepted %+v: text, thread, id or writer is missing", in)
			}
		})
	})
	t.Run("the same message twice carries the same id", func(t *testing.T) {
		d := &desk{}
		start(t, open, d, func(ctx context.Context, _ channels.Channel, out Outside) {
			for range 2 {
				if err := out.Write(ctx, "suite-2", "again"); err != nil {
					t.Fatal(err)
				}
			}
			got := d.messages()
			for _, in := range got {
				if in.ExtID != got[0].ExtID {
					t.Errorf("ids %q and %q for one message", in.ExtID, got[0].ExtID)
				}
			}
		})
	})
	t.Run("what was not stored is not acknowledged", func(t *testing.T) {
		d := &desk{err: errors.New("the disk is full")}
		start(t, open, d, func(ctx context.Context, _ channels.Channel, out Outside) {
			if err := out.Write(ctx, "suite-3", "lost?"); err == nil {
				t.Error("the source was told that the message arrived, but it was not stored")
			}
		})
	})
	t.Run("what is sent arrives, and an error says what to do", func(t *testing.T) {
		d := &desk{}
		start(t, open, d, func(ctx context.Context, ch channels.Channel, out Outside) {
			if out.Got == nil {
				t.Skip("customers of this channel hold sockets: nothing is sent")
			}
			if _, err := ch.Send(ctx, out.Out("您好")); err != nil {
				var se *channels.SendError
				if !errors.As(err, &se) {
					t.Fatalf("Send: %v is no *SendError", err)
				}
				t.Fatal(err)
			}
			if got := out.Got(); len(got) != 1 || got[0] != "您好" {
				t.Errorf("customers got %q, want one 您好", got)
			}
		})
	})
}

// start runs the channel around fn and checks that it ends with its ctx.
func start(t *testing.T, open Open, d *desk, fn func(context.Context, channels.Channel, Outside)) {
	t.Helper()
	ch, out := open(t, d.accept)
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- ch.Run(ctx, d.accept) }()
	fn(ctx, ch, out)
	cancel()
	select {
	case <-ended:
	case <-time.After(hang):
		t.Error("Run did not end with its ctx")
	}
}

// desk is a router that keeps inbounds, or refuses them.
type desk struct {
	err error

	mu  sync.Mutex
	ins []zongji.Inbound
}

func (d *desk) accept(_ context.Context, in zongji.Inbound) (zongji.Stored, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return zongji.Stored{}, d.err
	}
	d.ins = append(d.ins, in)
	n := int64(len(d.ins))
	return zongji.Stored{Conv: zongji.Conversation{ID: 1, Channel: in.Channel, Thread: in.Thread, Status: zongji.StatusBot},
		Msg: zongji.Message{ID: n, Conv: 1, Seq: n, From: zongji.FromContact, Text: in.Text, At: in.At}}, nil
}

func (d *desk) all() []zongji.Inbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]zongji.Inbound(nil), d.ins...)
}

// messages are the accepted inbounds without what the adapter learned beside
// them.
func (d *desk) messages() (out []zongji.Inbound) {
	for _, in := range d.all() {
		if in.Kind == zongji.InMessage {
			out = append(out, in)
		}
	}
	return out
}
