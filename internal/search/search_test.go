package search_test

import (
	"slices"
	"strings"
	"testing"

	"zongji/internal/search"
)

func TestWords(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"pairs and the last alone":     {"退款单", "退款 款单 单"},
		"one character":                {"好", "好"},
		"words in lower case":          {"Hello WORLD", "hello world"},
		"full width is half width":     {"ＡＢＣ１２", "abc12"},
		"scripts are cut apart":        {"买iPhone手机", "买 iphone 手机 机"},
		"each word once":               {"退款退款", "退款 款退 款"},
		"marks and faces are no words": {"！？😀 -- '\"", ""},
	} {
		if got := strings.Join(search.Words(c.text), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestOnlyTheBeginningOfAHugeTextIsIndexed(t *testing.T) {
	words := search.Words(strings.Repeat("a ", search.MaxText) + "end")
	if slices.Contains(words, "end") {
		t.Fatal("the end is indexed")
	}
}

func TestSnippetCutsAroundTheFirstMatch(t *testing.T) {
	text := strings.Repeat("啊", 100) + "退款" + strings.Repeat("吧", 200)
	s, marks, ok := search.Parse("退款").Snippet(text)
	if !ok || len(marks) != 1 || marks[0] != [2]int{20, 22} || len([]rune(s)) != 120 {
		t.Fatalf("%q %v %v", s, marks, ok)
	}
}
