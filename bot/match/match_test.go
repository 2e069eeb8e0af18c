package match

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"zongji/internal/zongji"
)

var shop = []zongji.FAQ{
	{ID: 1, Question: "怎么退货", Similar: []string{"七天无理由", "我要退货", "how do I return an item"}},
	{ID: 2, Question: "退款什么时候到账", Similar: []string{"退款多久", "没收到退款", "when will I get my refund"}},
	{ID: 3, Question: "连不上网或蓝牙", Similar: []string{"配网失败", "app连不上", "连不上wifi"}},
	{ID: 4, Question: "维修网点在哪里", Similar: []string{"附近维修点"}},
	{ID: 5, Question: "怎么退货", Disabled: true},
}

func TestFind(t *testing.T) {
	ix := New(shop)
	for _, c := range []struct {
		name, text string
		want       int64
		least      float64
	}{
		{"the same words are certain", "怎么退货", 1, 1},
		{"politeness and punctuation do not count", "您好，请问怎么退货？谢谢！", 1, 1},
		{"traditional characters", "怎麼退貨", 1, 1},
		{"words of Taiwan", "連不上網路", 3, .4},
		{"full width and case", "ＷＩＦＩ连不上", 3, .6},
		{"other words around", "我昨天申请的退款为什么还没有到账", 2, .3},
		{"an English stem", "returning items", 1, .3},
		{"two languages in one text", "我的refund", 2, .1},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits := ix.Find(c.text, 3)
			if len(hits) == 0 || hits[0].FAQ != c.want || hits[0].Score < c.least {
				t.Errorf("got %v, want %d with at least %v", hits, c.want, c.least)
			}
		})
	}
	for _, none := range []string{"", "  ", "😀😀", "!?", "zzzz"} {
		if hits := ix.Find(none, 3); len(hits) != 0 {
			t.Errorf("%q finds %v", none, hits)
		}
	}
	if hits := New(nil).Find("怎么退货", 3); hits != nil {
		t.Errorf("an empty base finds %v", hits)
	}
}

func TestFindIsDeterministic(t *testing.T) {
	want := New(shop).Find("退货退款", 3)
	for range 20 {
		if got := New(shop).Find("退货退款", 3); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, then %v", want, got)
		}
	}
}

func TestUnknownWordsLowerTheScore(t *testing.T) {
	ix := New(shop)
	near, far := ix.Find("怎么退货", 1)[0].Score, ix.Find("怎么给猫咪办理护照和退货", 1)[0].Score
	if far > near/2 {
		t.Errorf("%v against %v", far, near)
	}
}

func TestScript(t *testing.T) {
	for text, want := range map[string]string{"退貨運費誰出": "hant", "退货运费谁出": "hans", "退款": "", "hello": "", "怎麼退款": "hant"} {
		if got := Script(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// thousand returns 1,000 entries of six questions.
func thousand() []zongji.FAQ {
	verbs := []string{"怎么申请", "如何取消", "在哪里查询", "多久可以办理", "为什么不能修改", "忘记了怎么找回"}
	faqs := make([]zongji.FAQ, 1000)
	for i := range faqs {
		thing := fmt.Sprintf("%c%c业务%c号", 0x4e00+i*7%5000, 0x4e00+i*13%6000, 0x4e00+i)
		faqs[i] = zongji.FAQ{ID: int64(i + 1), Question: verbs[0] + thing}
		for _, v := range verbs[1:] {
			faqs[i].Similar = append(faqs[i].Similar, thing+v)
		}
	}
	return faqs
}

func TestBuildAndQueryAreQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	faqs := thousand()
	New(faqs[:1]) // loads the converters
	start := time.Now()
	ix := New(faqs)
	build := time.Since(start)
	const n = 200
	start = time.Now()
	for i := range n {
		ix.Find("请问"+faqs[i].Similar[2]+"还没有收到怎么办", 4)
	}
	query := time.Since(start) / n
	t.Logf("build %v, query %v", build, query)
	if build > 3*time.Second || query > 20*time.Millisecond { // ten times the aim: other work may share the machine
		t.Errorf("build %v, query %v", build, query)
	}
}

func BenchmarkBuild(b *testing.B) {
	faqs := thousand()
	for b.Loop() {
		New(faqs)
	}
}

func BenchmarkFind(b *testing.B) {
	faqs := thousand()
	ix := New(faqs)
	for b.Loop() {
		ix.Find("请问业务在哪里查询，还没有收到怎么办", 4)
	}
}
