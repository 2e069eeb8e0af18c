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
		files      []zongji.File
		want       string
	}{
		{"a short text is itself", "你好", nil, "你好"},
		{"a long text is cut by characters", strings.Repeat("长", previewLen+1), nil, strings.Repeat("长", previewLen)},
		{"text goes before files", "看这里", files("image/png"), "看这里"},
		{"a picture alone is named", "", files("image/webp", "application/pdf"), zongji.PreviewImage},
		{"another file alone is named", "", files("application/pdf"), zongji.PreviewFile},
		{"nothing is nothing", "", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := preview(c.text, c.files); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
