package packs_test

import (
	"testing"

	"zongji/bot"
	"zongji/internal/zongji"
)

func TestTheBotKnowsThePack(t *testing.T) {
	p := read(t)
	ids := map[string]int64{}
	var faqs []zongji.FAQ
	for i, f := range p.FAQs {
		ids[f.ID] = int64(i + 1)
		faqs = append(faqs, zongji.FAQ{ID: int64(i + 1), Key: f.ID, Category: f.Category, Question: f.Question, Similar: f.Similar, Answer: f.Answer})
	}
	kinds := map[string][]bot.Case{}
	for _, c := range p.Eval {
		kinds[c.Kind] = append(kinds[c.Kind], bot.Case{Text: c.Query, Want: ids[c.Want]})
		kinds["all"] = append(kinds["all"], bot.Case{Text: c.Query, Want: ids[c.Want]})
	}
	for kind, least := range map[string]float64{"all": .8, "easy": .9, "trad": .9, "hard": .4, "neg": 0} {
		r := bot.Eval(faqs, kinds[kind], bot.Thresholds{})
		t.Logf("%s %+v", kind, r)
		if r.Accuracy < least || r.Wrong > .05 {
			t.Errorf("%s: accuracy %.2f, wrong %.2f", kind, r.Accuracy, r.Wrong)
		}
	}
}
