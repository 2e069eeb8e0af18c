package wechat

import (
	"context"
	"encoding/json"

	"zongji/internal/zongji"
)

// Fetch brings the media of a customer's message into the blob store: a video
// with its still, a voice with its length.
func (a *Account) Fetch(ctx context.Context, what string) ([]zongji.File, error) {
	var f fetch
	if err := json.Unmarshal([]byte(what), &f); err != nil || f.Media == "" {
		return nil, refused("media_gone", "the message names no media")
	}
	file, err := a.api.Bring(ctx, a.Blobs, mediaPath, f.Kind, f.Media)
	if err != nil {
		return nil, err
	}
	files := []zongji.File{file}
	if f.Kind == "video" && f.Thumb != "" {
		if still, err := a.api.Bring(ctx, a.Blobs, mediaPath, "image", f.Thumb); err == nil { // a video without its still is a video
			files = append(files, still)
		}
	}
	return files, nil
}
