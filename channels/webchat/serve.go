package webchat

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"

	"zongji/internal/zongji"
)

// jitter is a random moment within two seconds, in milliseconds.
func jitter() int { return rand.IntN(2000) }

// bye says why, then ends the socket.
func (s *socket) bye(code int, why string) {
	s.say(answer{T: "bye", Code: why, RetryMs: rateRetry.Milliseconds() + int64(jitter())})
	s.stop(code, why)
}

// serve answers one frame. Frames of one socket are served one after another:
// that is what keeps a customer's messages in order.
func (s *socket) serve(b []byte) {
	c := s.chat
	if _, ok := s.frames.take(zongji.NowMs(c.Clock), frameBurst, frameRate); !ok {
		s.bye(closeRate, "rate")
		return
	}
	h, err := peek(b)
	if errors.Is(err, errFrame) {
		s.stop(closeBadFrame, "bad_frame")
		return
	}
	// Not the request's context: a frame that has come is finished also when
	// the socket or the node ends.
	ctx, cancel := context.WithTimeout(context.Background(), storeWait)
	defer cancel()
	if err == nil {
		err = s.request(ctx, h, b)
	}
	if err != nil {
		s.fail(h, err)
	}
}

// fail answers an error; some end the socket.
func (s *socket) fail(h head, err error) {
	code, text := zongji.CodeOf(err), err.Error()
	a := answer{T: "error", Re: h.ID, Code: code, Text: text}
	var slow *rateError
	if errors.As(err, &slow) {
		a.RetryMs = slow.retry.Milliseconds() + 1
	}
	s.say(a)
	kind := zongji.KindOf(err)
	switch {
	case kind == zongji.Unauthenticated:
		s.stop(closeNoSession, code)
	case kind == zongji.Denied:
		s.stop(closeDenied, code)
	case h.T != "hello":
	case slow != nil:
		s.bye(closeRate, code)
	case kind == zongji.Busy:
		s.stop(closeUnavailable, code)
	}
}

// request does what a frame asks.
func (s *socket) request(ctx context.Context, h head, b []byte) error {
	c := s.chat
	if h.T == "ping" {
		if err := decode(b, new(head)); err != nil {
			return err
		}
		s.say(answer{T: "pong", Re: h.ID})
		return nil
	}
	if (s.visitor == nil) != (h.T == "hello") {
		return zongji.Errorf(zongji.Invalid, "hello_first", "say hello first, and once")
	}
	switch h.T {
	case "hello":
		return frame(b, func(f *helloFrame) error { return s.hello(ctx, f) })
	case "send":
		return frame(b, func(f *sendFrame) error {
			a, err := c.send(ctx, s.visitor, f)
			if err == nil {
				c.hub.bind(s.guest, a.Conv, "")
				s.say(a)
			}
			return err
		})
	case "typing":
		return frame(b, func(f *typingFrame) error { s.typing(ctx, f); return nil })
	case "read":
		return frame(b, func(f *markFrame) error { return s.mark(ctx, f.Seq, &s.saw, zongji.StateRead) })
	case "got":
		return frame(b, func(f *markFrame) error { return s.mark(ctx, f.Seq, &s.got, zongji.StateDelivered) })
	case "history":
		return frame(b, func(f *historyFrame) error { return s.history(ctx, f) })
	case "rate":
		return frame(b, func(f *rateFrame) error {
			if err := c.limits.take(ctx, "act:"+s.visitor.Ext, actBurst, actRate); err != nil {
				return err
			}
			return s.done(h, c.rate(ctx, s.visitor, f))
		})
	case "end", "new":
		return frame(b, func(*head) error {
			if err := c.limits.take(ctx, "act:"+s.visitor.Ext, actBurst, actRate); err != nil {
				return err
			}
			err := c.Desk.End(ctx, c.acct.ID, s.visitor.Ext)
			if k := zongji.KindOf(err); k == zongji.NotFound || k == zongji.Conflict {
				err = nil // there is none, or it has ended: as he wishes
			}
			s.visitor.fresh = s.visitor.fresh || err == nil && h.T == "new"
			return s.done(h, err)
		})
	case "place":
		return frame(b, func(*head) error {
			place, waitS, err := c.Desk.Place(ctx, c.hub.conv(s.guest))
			if err == nil {
				s.say(placeFrame{"place", h.ID, place, waitS})
			}
			return unavailable(err)
		})
	}
	return zongji.Errorf(zongji.Invalid, "unknown_type", "unknown frame type %q", clip(h.T, maxWord))
}

// frame decodes b strictly as F and serves it.
func frame[F any](b []byte, fn func(*F) error) error {
	f := new(F)
	if err := decode(b, f); err != nil {
		return err
	}
	return fn(f)
}

// done answers ok, or returns the error.
func (s *socket) done(h head, err error) error {
	if err == nil {
		s.say(answer{T: "ok", Re: h.ID})
	}
	return unavailable(err)
}

// hello makes the socket a visitor's. It joins before it reads the view, so
// that nothing falls between; the widget drops what it has twice.
func (s *socket) hello(ctx context.Context, f *helloFrame) error {
	c := s.chat
	v, err := c.greet(ctx, s.ip, f)
	if err != nil {
		return err
	}
	if old := c.hub.join(s, v.Ext, clip(f.Tab, maxWord)); old != nil {
		old.stop(closeReplaced, "replaced")
	}
	w, err := c.welcome(ctx, v, f)
	if err != nil {
		return err
	}
	c.hub.bind(s.guest, w.View.Conv, w.View.Status)
	if w.View.Status == waiting {
		select {
		case c.asked <- struct{}{}:
		default:
		}
	}
	s.visitor = v
	s.open(w)
	return nil
}

func (c *Chat) welcome(ctx context.Context, v *visitor, f *helloFrame) (*welcome, error) {
	view, err := c.view(ctx, v.Ext, f.Conv, f.After)
	if err != nil {
		return nil, err
	}
	return &welcome{T: "welcome", Re: f.ID, Token: v.Token, Visitor: v.Ext, Name: v.Name,
		Channel: c.look(ctx, v.lang), View: view, Limits: theSizes}, nil
}

// send hands a message to the router and answers once it is stored.
func (c *Chat) send(ctx context.Context, v *visitor, f *sendFrame) (*answer, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := c.limits.take(ctx, "msg:"+v.Ext, msgBurst, msgRate); err != nil {
		return nil, err
	}
	in := c.inbound(v, zongji.InMessage, f.CID)
	in.CID, in.Text, in.Choice, in.Fresh = f.CID, f.Text, f.Choice, v.fresh
	for _, url := range f.Files {
		file, err := c.file(ctx, url)
		if err != nil {
			return nil, err
		}
		in.Files = append(in.Files, file)
	}
	st, err := c.Accept(ctx, in)
	if err != nil {
		return nil, unavailable(err)
	}
	if !st.Repeat {
		v.fresh = false
	}
	return &answer{T: "ok", Re: f.ID, CID: f.CID, Conv: st.Msg.Conv, Seq: st.Msg.Seq, At: st.Msg.At, Msg: st.Msg.ID, Repeat: st.Repeat}, nil
}

// inbound is what all that a visitor reports has in common. id is unique
// among what he reports.
func (c *Chat) inbound(v *visitor, kind zongji.InboundKind, id string) zongji.Inbound {
	return zongji.Inbound{Channel: c.acct.ID, ChanKind: "webchat", ExtID: v.Ext + "/" + id, Thread: v.Ext,
		Kind: kind, From: v.Identity, Lang: v.lang, Page: v.page, At: zongji.NowMs(c.Clock)}
}

// file returns an uploaded file by its URL, "/f/<token>/<name>": only who
// knows the 128-bit token may send the file on.
func (c *Chat) file(ctx context.Context, url string) (zongji.File, error) {
	unknown := zongji.Errorf(zongji.Invalid, "unknown_file", "files: want the url that the upload answered")
	rest, ok := strings.CutPrefix(url, "/f/")
	token, _, _ := strings.Cut(rest, "/")
	if !ok || token == "" || len(token) > maxWord {
		return zongji.File{}, unknown
	}
	f, err := c.Blobs.ByToken(ctx, token)
	if zongji.KindOf(err) == zongji.NotFound {
		return f, unknown
	}
	return f, unavailable(err)
}

// rate hands over stars; a repeat replaces them.
func (c *Chat) rate(ctx context.Context, v *visitor, f *rateFrame) error {
	if err := f.check(); err != nil {
		return err
	}
	in := c.inbound(v, zongji.InRating, "rate/"+randomHex(8))
	in.Stars, in.Tags, in.Value = f.Stars, f.Tags, f.Comment
	_, err := c.Accept(ctx, in)
	return err
}

// typing passes on what the visitor writes: the beginning and the end at
// once, the text in between now and then.
func (s *socket) typing(ctx context.Context, f *typingFrame) {
	now := zongji.NowMs(s.chat.Clock)
	conv := s.chat.hub.conv(s.guest)
	if conv == 0 || f.On && now.Sub(s.typedAt) < typeEvery {
		return
	}
	if s.typedAt = now; !f.On {
		s.typedAt = 0
	}
	text := f.Text
	if utf8.RuneCountInString(text) > zongji.MaxText {
		text = clip(text, zongji.MaxText)
	}
	s.chat.Desk.Typing(ctx, conv, text, f.On)
}

// mark moves a position of the conversation forward: read, or delivered.
func (s *socket) mark(ctx context.Context, seq int64, last *int64, state zongji.SendState) error {
	c := s.chat
	conv := c.hub.conv(s.guest)
	if conv != s.markConv {
		s.markConv, s.saw, s.got = conv, 0, 0
	}
	if conv == 0 || seq <= *last {
		return nil
	}
	in := c.inbound(s.visitor, zongji.InStatus, string(state)+"/"+strconv.FormatInt(conv, 10)+"/"+strconv.FormatInt(seq, 10))
	in.State, in.Seq = state, seq
	if _, err := c.Accept(ctx, in); err != nil {
		return unavailable(err)
	}
	*last = seq
	return nil
}

func (s *socket) history(ctx context.Context, f *historyFrame) error {
	msgs, err := s.chat.Desk.History(ctx, s.chat.acct.ID, s.visitor.Ext, f.Conv, f.Before, historyLen+1)
	if err != nil {
		return unavailable(err)
	}
	more := len(msgs) > historyLen
	if more {
		msgs = msgs[len(msgs)-historyLen:]
	}
	if msgs == nil {
		msgs = []zongji.VisitorMessage{}
	}
	s.say(historyAnswer{"history", f.ID, msgs, more})
	return nil
}
