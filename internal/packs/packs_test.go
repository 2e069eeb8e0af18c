package packs_test

import (
	"io/fs"
	"strings"
	"testing"

	files "zongji/configs/packs"
	"zongji/internal/packs"
	"zongji/internal/zongji"
	"zongji/router/rules"
)

func read(t *testing.T) *packs.Pack {
	t.Helper()
	dir, err := fs.Sub(files.Files, "after-sales")
	if err != nil {
		t.Fatal(err)
	}
	p, err := packs.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAfterSalesIsWhole(t *testing.T) {
	p := read(t)
	for _, m := range p.Check() {
		t.Error(m)
	}
	agents := 0
	for _, u := range p.Users {
		if u.Role == zongji.RoleAgent {
			agents++
		}
	}
	if len(p.FAQs) != 35 || len(p.Replies) != 58 || agents != 8 || len(p.Eval) < 80 {
		t.Errorf("%d faqs, %d replies, %d agents, %d eval lines", len(p.FAQs), len(p.Replies), agents, len(p.Eval))
	}
}

func TestCheckNamesMistakes(t *testing.T) {
	p := read(t)
	p.Users[0].Team = "nowhere"
	p.FAQs[0].Answer = "{短}"
	p.FAQs[1].Question = p.FAQs[2].Question
	p.Queues[1].Fallback = "gone"
	all := strings.Join(p.Check(), "\n")
	for _, want := range []string{`user a1: team "nowhere"`, "faq AS01: the answer has 3 characters", "unfilled variable", "stands in AS02 too", `queue urgent: queue "gone"`} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not named in\n%s", want, all)
		}
	}
}

func TestRulesSendPeopleWhereTheyBelong(t *testing.T) {
	table, err := rules.Compile(read(t).Rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		f    zongji.Facts
		want string
		p1   bool
	}{
		{"danger comes first", zongji.Facts{Text: "洗衣机冒烟，我要投诉"}, "urgent", true},
		{"danger in traditional script", zongji.Facts{Text: "洗衣機冒煙了"}, "urgent", true},
		{"outside complaint", zongji.Facts{Text: "打12315"}, "complaint", false},
		{"repaired and broken again", zongji.Facts{Text: "修了又坏"}, "complaint", false},
		{"the engineer did not come", zongji.Facts{Text: "师傅爽约"}, "dispatch", false},
		{"a good customer", zongji.Facts{Text: "退货", Category: "退换", Level: 3}, "vip", false},
		{"English", zongji.Facts{Text: "refund", Lang: "en"}, "english", false},
		{"by category", zongji.Facts{Text: "怎么弄", Category: "退换"}, "returns", false},
		{"all else", zongji.Facts{Text: "你好"}, "reception", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.f.Hour = 12
			if a, d := table.Decide(c.f); a.Queue != c.want || a.P1 != c.p1 {
				t.Errorf("%+v by %+v", a, d.Rules)
			}
		})
	}
}
