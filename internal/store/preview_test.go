package store

import (
	"strings"
	"testing"

	"zongji/internal/zongji"
)

func TestPreview(t *testing.T) {
	files := func(types ...string) (out []zongji.File) {
		for _, typ := range types {
			out = append(out, zongji.File{Type: typ})
		}
		return out
	}
	for _, c := range []struct {
		name, text string
		kind       zongji.MessageKind
		files      []zongji.File
		want       string
	}{
		{"a short text is itself", "你好", zongji.KindText, nil, "你好"},
		{"a long text is cut by characters", strings.Repeat("长", previewLen+1), zongji.KindText, nil, strings.Repeat("长", previewLen)},
		{"text goes before files", "看这里", zongji.KindImage, files("image/png"), "看这里"},
		{"a picture alone is named", "", zongji.KindFile, files("image/webp", "application/pdf"), zongji.PreviewImage},
		{"another file alone is named", "", zongji.KindFile, files("application/pdf"), zongji.PreviewFile},
		{"nothing is nothing", "", zongji.KindText, nil, ""},
		{"a voice is named", "", zongji.KindVoice, nil, "[voice]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := preview(&zongji.Message{Kind: c.kind, Text: c.text, Files: c.files}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
