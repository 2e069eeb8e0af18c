package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wxapi"
	"zongji/internal/zongji"
)

// fetchWait is how long the media of one message may take.
const fetchWait = 90 * time.Second

// Fetch brings the media of a customer's message into the blob store: a video
// with its still, a voice with its length.
func (a *Account) Fetch(ctx context.Context, what string) ([]zongji.File, error) {
	var f fetch
	if err := json.Unmarshal([]byte(what), &f); err != nil || f.Media == "" {
		return nil, refused("media_gone", "the message names no media")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	file, err := a.bring(ctx, f.Kind, f.Media)
	if err != nil {
		return nil, err
	}
	files := []zongji.File{file}
	if f.Kind == "video" && f.Thumb != "" {
		if still, err := a.bring(ctx, "image", f.Thumb); err == nil { // a video without its still is a video
			files = append(files, still)
		}
	}
	return files, nil
}

func (a *Account) bring(ctx context.Context, kind, media string) (zongji.File, error) {
	m, err := a.api.Media(ctx, mediaPath, url.Values{"media_id": {media}})
	if err != nil {
		se := a.api.SendError(err)
		if wxapi.BadMedia(err) {
			se.Class, se.Code = channels.Content, code("media_gone")
		} else if se.Class == channels.UnknownResult || se.Class == channels.Content {
			se.Class = channels.Retry // a download may be tried again
		}
		return zongji.File{}, se
	}
	defer m.Body.Close()
	var src io.Reader = m.Body
	var ms int64
	if kind == "voice" {
		b, err := io.ReadAll(io.LimitReader(m.Body, maxVoice+1))
		if err != nil {
			return zongji.File{}, &channels.SendError{Class: channels.Retry, Code: code("network"), Reason: "the voice did not come in whole", Err: err}
		}
		src, ms = bytes.NewReader(b), wxapi.VoiceLength(b).Milliseconds()
	}
	name := m.Name
	if i := strings.LastIndexByte(name, '.'); i < 0 {
		name = kind
	} else {
		name = kind + name[i:] // WeChat's names are media ids
	}
	file, err := a.Blobs.Put(ctx, name, src, zongji.MaxFile)
	switch zongji.KindOf(err) {
	case zongji.Invalid, zongji.TooLarge:
		return file, refused(zongji.CodeOf(err), err.Error())
	}
	if err != nil {
		return file, &channels.SendError{Class: channels.Retry, Code: code("store"), Reason: "the file was not stored", Err: err}
	}
	file.Ms = ms
	return file, nil
}
