package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/url"
	"slices"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

const (
	sendWait  = 10 * time.Second
	thumbFor  = 2 * 24 * time.Hour // WeCom keeps an upload for three days
	thumbSide = 120                // pixels
	badState  = 95018              // the session's state lets the API send nothing
)

// Cost is how many of the five messages m takes.
func (a *Account) Cost(m *zongji.Message) int { return len(parts(m, "")) }

// Send delivers a message, in several where WeCom's limits want it. Each part
// bears an id made of the message's, so that a repeat is harmless.
func (a *Account) Send(ctx context.Context, out zongji.Outbound) (channels.Sent, error) {
	ps := parts(&out.Msg, out.Conv.Lang)
	if len(ps) == 0 {
		return channels.Sent{}, refused("unsupported", fmt.Sprintf("微信客服 takes no messages of the kind %s", out.Msg.Kind))
	}
	pass := ""
	if p := out.Conv.Pass; p != nil && zongji.NowMs(a.Clock) < p.Until {
		pass = p.Code
	}
	for i := range ps {
		content, err := a.content(ctx, &ps[i])
		if err == nil {
			err = a.deliver(ctx, &out, &ps[i], content, partID(out.Msg.ID, i), pass)
		}
		if err != nil {
			return channels.Sent{}, a.sendError(ctx, &out, err)
		}
		pass = ""
	}
	return channels.Sent{ExtID: partID(out.Msg.ID, 0), State: zongji.StateSent}, nil
}

// refused is a message that cannot be sent as it is.
func refused(what, why string) *channels.SendError {
	return &channels.SendError{Class: channels.Content, Code: code(what), Reason: why}
}

// deliver sends one part: with a pass where there is one, which needs no
// window; and in the window when the pass is over. What may go better a moment
// later is left to the next try.
func (a *Account) deliver(ctx context.Context, out *zongji.Outbound, p *part, content any, id, pass string) error {
	if pass != "" && (p.kind == "text" || p.kind == "msgmenu") {
		err := a.post(ctx, sendWait, onEventPath, map[string]any{"code": pass, "msgid": id, "msgtype": p.kind, p.kind: content}, nil)
		if err == nil || slices.Contains(passing, a.api.SendError(err).Class) {
			return err
		}
	}
	return a.post(ctx, sendWait, sendPath, map[string]any{"touser": out.Thread, "open_kfid": a.kf, "msgid": id, "msgtype": p.kind, p.kind: content}, nil)
}

// passing are the classes of errors that say nothing about the message.
var passing = []channels.Class{channels.Retry, channels.UnknownResult, channels.AccountPaused, channels.BadConfig}

// content is what stands under the part's msgtype; files are uploaded for it.
func (a *Account) content(ctx context.Context, p *part) (any, error) {
	var err error
	switch b := p.body.(type) {
	case nil:
		id, err := a.upload(ctx, p.kind, p.file.Name, p.file.Type, p.file.Size, func() (io.ReadCloser, error) { return a.Blobs.Open(ctx, *p.file) })
		return map[string]string{"media_id": id}, err
	case linkBody:
		b.Thumb, err = a.thumbID(ctx)
		return b, err
	case miniBody:
		if b.Thumb == "" {
			b.Thumb, err = a.thumbID(ctx)
		}
		return b, err
	}
	return p.body, nil
}

// upload brings a file to WeCom, which keeps it three days.
func (a *Account) upload(ctx context.Context, kind, name, mediaType string, size int64, open func() (io.ReadCloser, error)) (string, error) {
	if size < minFile || size > zongji.MaxFile {
		return "", refused("file_size", "WeCom takes files from 6 bytes to 20 MiB")
	}
	src, err := open()
	if zongji.KindOf(err) == zongji.NotFound {
		return "", refused("file_gone", err.Error())
	} else if err != nil {
		return "", err
	}
	src.Close()
	var got struct {
		ID word `json:"media_id"`
	}
	err = a.api.Upload(ctx, uploadPath, url.Values{"type": {kind}}, name, mediaType, open, &got)
	return string(got.ID), err
}

// thumb is the picture of links that have none; WeCom wants one.
type thumb struct {
	id    string
	until zongji.Ms
}

// thumbID uploads a plain picture, again when it is near its end.
func (a *Account) thumbID(ctx context.Context) (string, error) {
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	t := a.thumb
	a.mu.Unlock()
	if now < t.until {
		return t.id, nil
	}
	b := thumbPNG()
	id, err := a.upload(ctx, "image", "link.png", "image/png", int64(len(b)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })
	if err == nil {
		a.mu.Lock()
		a.thumb = thumb{id, now.Add(thumbFor)}
		a.mu.Unlock()
	}
	return id, err
}

func thumbPNG() []byte {
	img := image.NewPaletted(image.Rect(0, 0, thumbSide, thumbSide), color.Palette{color.RGBA{0x1d, 0x6f, 0xf2, 0xff}})
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes all
	return b.Bytes()
}

// sendError says what to do about a failed send.
func (a *Account) sendError(ctx context.Context, out *zongji.Outbound, err error) *channels.SendError {
	se := a.api.SendError(err)
	switch {
	case wxapi.CodeOf(err) == badState:
		return a.taken(ctx, out, se)
	case wxapi.BadMedia(err) && out.Try < maxTries: // another upload may do
		a.mu.Lock()
		a.thumb = thumb{}
		a.mu.Unlock()
		se.Class = channels.Retry
	case slices.Contains([]channels.Class{channels.BadConfig, channels.AccountPaused}, se.Class):
		a.Health(a.api.HealthOf(err))
	}
	return se
}

// taken says why the state of a session lets us send nothing: somebody in
// WeCom has it, or it is over and only the customer can begin another.
func (a *Account) taken(ctx context.Context, out *zongji.Outbound, se *channels.SendError) *channels.SendError {
	st, err := a.state(ctx, out.Thread)
	if err != nil {
		se.Class = channels.Content
		return se
	}
	se.Reason = st.words()
	if st.held() {
		se.Class = channels.Held // the window is as it was
		a.Problem(se.Code, "a session is with WeCom ("+st.words()+"): switch off automatic reception for this kf account")
	}
	return se
}

// Fetch brings the file of a customer's message, a voice with its length.
func (a *Account) Fetch(ctx context.Context, what string) ([]zongji.File, error) {
	var f fetch
	if json.Unmarshal([]byte(what), &f) != nil || f.Media == "" {
		return nil, refused("media_gone", "the message names no media")
	}
	file, err := a.api.Bring(ctx, a.Blobs, mediaPath, f.Kind, f.Media)
	if err != nil {
		return nil, err
	}
	return []zongji.File{file}, nil
}
