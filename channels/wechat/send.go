package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"net/url"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

const (
	noMenuCode = 40200              // test accounts have no msgmenu
	mediaFor   = 2 * 24 * time.Hour // an upload is used so long; WeChat keeps it three days
	maxMedia   = 5000               // uploads that are remembered
	maxParts   = 1000               // half-sent messages that are remembered
	thumbSide  = 120                // pixels
	maxThumb   = 64 << 10           // bytes of a video's still; jpeg only
)

// Send delivers a message, in several where WeChat's limits want it. What was
// sent of one that failed on the way is not sent again.
func (a *Account) Send(ctx context.Context, out zongji.Outbound) (channels.Sent, error) {
	if out.Msg.Kind == zongji.KindTemplate {
		return a.notice(ctx, &out)
	}
	ps := a.render(&out.Msg, out.Conv.Lang)
	if len(ps) == 0 {
		return channels.Sent{}, refused("unsupported", fmt.Sprintf("WeChat takes no messages of the kind %s", out.Msg.Kind))
	}
	for i := a.done(out.ID); i < len(ps); {
		err := a.deliver(ctx, out.Thread, &ps[i])
		if ps[i].kind == "msgmenu" && wxapi.CodeOf(err) == noMenuCode {
			a.noMenu.Store(true)
			ps = append(ps[:i], a.texts(spelled(ps[i].body.(menuBody).Head, ps[i].list))...)
			continue
		}
		if f := ps[i].file; f != nil && a.URL != "" && untaken(err) {
			ps[i] = part{kind: "text", body: textBody{f.Name + "\n" + a.URL + f.URL}}
			continue
		}
		if err != nil {
			return channels.Sent{}, a.failed(err, out.ID, i, len(ps))
		}
		i++
	}
	a.forget(out.ID)
	a.feels(bySend, channels.Health{State: "ok"})
	return channels.Sent{State: zongji.StateSent}, nil
}

// untaken reports whether WeChat does not take a file, today or at all, so
// that its address is sent instead.
func untaken(err error) bool {
	var e *wxapi.Error
	return errors.As(err, &e) && e.Path == uploadPath && (e.Code == 45009 || e.Code == 45001 || wxapi.BadMedia(err))
}

func refused(what, why string) *channels.SendError {
	return &channels.SendError{Class: channels.Content, Code: code(what), Reason: why}
}

// done is how many parts of an outbox row were sent before.
func (a *Account) done(row int64) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.parts[row]
}

func (a *Account) forget(row int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parts, row)
}

// failed says what to do about a send that failed after sent of all parts.
func (a *Account) failed(err error, row int64, sent, all int) *channels.SendError {
	se := a.api.SendError(err)
	if e := (*wxapi.Error)(nil); se.Class == channels.UnknownResult && errors.As(err, &e) && e.Path == uploadPath {
		se.Class = channels.Retry // nothing was shown to anybody yet
	}
	again := se.Class == channels.Retry || se.Class == channels.AccountPaused
	a.mu.Lock()
	if delete(a.parts, row); again && sent > 0 && len(a.parts) < maxParts {
		a.parts[row] = sent
	}
	a.mu.Unlock()
	if sent > 0 && !again {
		se.Reason = fmt.Sprintf("%d/%d: %s", sent, all, se.Reason)
	}
	if again || se.Class == channels.BadConfig || se.Class == channels.UnknownResult {
		a.feels(bySend, a.api.HealthOf(err))
	}
	if se.Class == channels.BadConfig {
		a.Problem(se.Code, se.Reason)
	}
	return se
}

// deliver sends one part. A media id that WeChat does not know any more is
// made anew once.
func (a *Account) deliver(ctx context.Context, openid string, p *part) error {
	for try := 0; ; try++ {
		body, err := a.content(ctx, p)
		if err == nil {
			err = a.api.Post(ctx, sendPath, map[string]any{"touser": openid, "msgtype": p.kind, p.kind: body}, nil)
		}
		if !wxapi.BadMedia(err) || try > 0 || p.file == nil && p.kind != "miniprogrampage" {
			return err
		}
		a.drop(p)
	}
}

// content is what stands under the part's msgtype; files are uploaded for it.
func (a *Account) content(ctx context.Context, p *part) (any, error) {
	switch {
	case p.kind == "file":
		return nil, refused("file", "WeChat does not take files of this type, and the installation's public address, to send a link, is not set")
	case p.file != nil:
		id, err := a.upload(ctx, p.kind, p.file)
		if err != nil || p.kind != "video" {
			return mediaBody{ID: id}, err
		}
		thumb, err := a.thumb(ctx, p.still)
		return mediaBody{ID: id, Thumb: thumb, Title: clip(p.file.Name, maxTitle)}, err
	case p.kind == "miniprogrampage":
		b := p.body.(pageBody)
		if b.Thumb != "" {
			return b, nil
		}
		kind := "thumb"
		if a.mini {
			kind = "image" // mini-programs upload nothing else
		}
		var err error
		b.Thumb, err = a.uploaded(ctx, upload{kind, 0}, "thumb.jpg", "image/jpeg", plainThumb)
		return b, err
	}
	return p.body, nil
}

// upload names an upload: a file (0: the plain still) as a kind of media.
type upload struct {
	kind string
	file int64
}

type uploaded struct {
	id    string
	until zongji.Ms
}

func (a *Account) upload(ctx context.Context, kind string, f *zongji.File) (string, error) {
	return a.uploaded(ctx, upload{kind, f.ID}, f.Name, f.Type, func() (io.ReadCloser, error) {
		r, err := a.Blobs.Open(ctx, *f)
		if zongji.KindOf(err) == zongji.NotFound {
			return nil, refused("file_gone", err.Error())
		}
		return r, err
	})
}

// thumb is a video's still where WeChat takes it, else a plain one.
func (a *Account) thumb(ctx context.Context, still *zongji.File) (string, error) {
	if still != nil && still.Type == "image/jpeg" && still.Size <= maxThumb {
		return a.upload(ctx, "thumb", still)
	}
	return a.uploaded(ctx, upload{"thumb", 0}, "thumb.jpg", "image/jpeg", plainThumb)
}

// uploaded returns the media id of an upload of the last days, or uploads.
func (a *Account) uploaded(ctx context.Context, u upload, name, mediaType string, open func() (io.ReadCloser, error)) (string, error) {
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	had := a.media[u]
	a.mu.Unlock()
	if now < had.until {
		return had.id, nil
	}
	var got struct {
		ID    wxapi.Text `json:"media_id"`
		Thumb wxapi.Text `json:"thumb_media_id"`
	}
	if err := a.api.Upload(ctx, uploadPath, url.Values{"type": {u.kind}}, name, mediaType, open, &got); err != nil {
		return "", err
	}
	if got.ID == "" {
		got.ID = got.Thumb
	}
	if got.ID == "" {
		return "", refused("media_gone", "WeChat gave no id for the file")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.media) >= maxMedia {
		clear(a.media)
	}
	a.media[u] = uploaded{string(got.ID), now.Add(mediaFor)}
	return string(got.ID), nil
}

// drop forgets the uploads that a part uses.
func (a *Account) drop(p *part) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.media, upload{"thumb", 0})
	delete(a.media, upload{"image", 0})
	for _, f := range []*zongji.File{p.file, p.still} {
		if f != nil {
			delete(a.media, upload{p.kind, f.ID})
			delete(a.media, upload{"thumb", f.ID})
		}
	}
}

// plainThumb is the still of what has none; WeChat wants one.
func plainThumb() (io.ReadCloser, error) {
	img := image.NewRGBA(image.Rect(0, 0, thumbSide, thumbSide))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{0x1d, 0x6f, 0xf2, 0xff}), image.Point{}, draw.Src)
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, nil)
	return io.NopCloser(&b), err
}

// notice sends a template or subscribe message, which needs no window. What
// became of it is told by an event.
func (a *Account) notice(ctx context.Context, out *zongji.Outbound) (channels.Sent, error) {
	var t zongji.Template
	if err := json.Unmarshal(out.Msg.Extra, &t); err != nil || t.ID == "" {
		return channels.Sent{}, refused("template", "the template is missing")
	}
	data := map[string]any{}
	for k, v := range t.Fields {
		data[k] = map[string]string{"value": v}
	}
	to, link := templatePath, "url"
	switch {
	case a.mini:
		to, link = miniNoticePath, "page"
	case t.Form == "subscribe":
		to, link = noticePath, "page"
	}
	in := map[string]any{"touser": out.Thread, "template_id": t.ID, "data": data}
	if t.URL != "" {
		in[link] = t.URL
	}
	var got struct {
		ID wxapi.Text `json:"msgid"`
	}
	if err := a.api.Post(ctx, to, in, &got); err != nil {
		return channels.Sent{}, a.failed(err, out.ID, 0, 1)
	}
	sent := channels.Sent{State: zongji.StateSent}
	if got.ID != "" {
		sent.ExtID = noticeRef + string(got.ID)
	}
	return sent, nil
}

// typeEvery is how often a customer is shown that somebody writes; WeChat
// shows it for some seconds.
const typeEvery = 8 * time.Second

// Type shows or ends "typing" at the customer's. WeChat refuses it when he has
// not written for 30 seconds, which is no error.
func (a *Account) Type(ctx context.Context, to zongji.Identity, on bool) error {
	now := zongji.NowMs(a.Clock)
	a.mu.Lock()
	if a.typed == nil || len(a.typed) > maxParts {
		a.typed = map[string]zongji.Ms{}
	}
	shown := now.Sub(a.typed[to.Ext]) < typeEvery
	switch {
	case on && !shown:
		a.typed[to.Ext] = now
	case !on:
		delete(a.typed, to.Ext)
	}
	a.mu.Unlock()
	if on == shown { // shown already, or over by itself
		return nil
	}
	command, path := "CancelTyping", typingPath
	if on {
		command = "Typing"
	}
	if a.mini {
		path = miniTypingPath
	}
	if err := a.api.Post(ctx, path, map[string]string{"touser": to.Ext, "command": command}, nil); !wxapi.Ignorable(err) {
		return err
	}
	return nil
}
