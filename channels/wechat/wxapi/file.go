package wxapi

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"path"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// fetchWait is how long one file of a customer may take.
const fetchWait = 90 * time.Second

// Bring fetches a customer's media from path into blobs, a voice with its
// length. kind is file, image, voice or video: a file keeps the name that the
// customer gave it; of the others WeChat gives its own id as a name. Errors are
// *channels.SendError.
func (c *Client) Bring(ctx context.Context, blobs channels.Blobs, path, kind, media string) (zongji.File, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	m, err := c.Media(ctx, path, url.Values{"media_id": {media}})
	if err != nil {
		se := c.SendError(err)
		if BadMedia(err) {
			se.Class, se.Code = channels.Content, c.name+":media_gone"
		} else if se.Class == channels.UnknownResult || se.Class == channels.Content {
			se.Class = channels.Retry // a download may be tried again
		}
		return zongji.File{}, se
	}
	defer m.Body.Close()
	var src io.Reader = m.Body
	var length time.Duration
	if kind == "voice" {
		b, err := io.ReadAll(io.LimitReader(m.Body, zongji.MaxFile+1))
		if err != nil {
			return zongji.File{}, &channels.SendError{Class: channels.Retry, Code: c.name + ":network", Reason: "the voice did not come in whole", Err: err}
		}
		src, length = bytes.NewReader(b), VoiceLength(b)
	}
	file, err := blobs.Put(ctx, nameOf(kind, m.Name), src, zongji.MaxFile)
	switch zongji.KindOf(err) {
	case zongji.Invalid, zongji.TooLarge:
		return file, &channels.SendError{Class: channels.Content, Code: c.name + ":" + zongji.CodeOf(err), Reason: err.Error()}
	}
	if err != nil {
		return file, &channels.SendError{Class: channels.Retry, Code: c.name + ":store", Reason: "the file was not stored", Err: err}
	}
	file.Ms = length.Milliseconds()
	return file, nil
}

func nameOf(kind, name string) string {
	if kind == "file" && name != "" {
		return name
	}
	return kind + path.Ext(name)
}
