package channels

import (
	"strconv"
	"strings"

	"zongji/internal/zongji"
)

// InLang picks from a text of a setting, "简体 | 繁體 | English", the piece for
// zh-CN, zh-TW or en; a missing piece is the first one.
func InLang(text, lang string) string {
	parts := strings.Split(text, "|")
	at := map[string]int{"zh-TW": 1, "en": 2}[lang]
	if at < len(parts) {
		if p := strings.TrimSpace(parts[at]); p != "" {
			return p
		}
	}
	return strings.TrimSpace(parts[0])
}

// Lines parts a setting that has one entry a line.
func Lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// Menu reads the setting "menu", one entry a line: what a customer may press
// before he has asked anything. The values are menu:1, menu:2 … in any
// language; a pressed one is asked as its text.
func Menu(text, lang string) []zongji.Option {
	out := []zongji.Option{}
	for i, line := range Lines(text) {
		out = append(out, zongji.Option{Value: "menu:" + strconv.Itoa(i+1), Text: InLang(line, lang)})
	}
	return out
}
