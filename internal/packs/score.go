package packs

import (
	"zongji/bot"
	"zongji/internal/zongji"
)

// Score measures the bot on the pack's own questions, by their kind (easy,
// trad, hard, neg) and in "all".
func (p *Pack) Score() map[string]bot.Report {
	ids := map[string]int64{}
	var faqs []zongji.FAQ
	for i, f := range p.FAQs {
		ids[f.ID] = int64(i + 1)
		faqs = append(faqs, zongji.FAQ{ID: int64(i + 1), Key: f.ID, Category: f.Category, Question: f.Question, Similar: f.Similar, Answer: f.Answer})
	}
	kinds := map[string][]bot.Case{}
	for _, c := range p.Eval {
		for _, kind := range []string{c.Kind, "all"} {
			kinds[kind] = append(kinds[kind], bot.Case{Text: c.Query, Want: ids[c.Want]})
		}
	}
	out := map[string]bot.Report{}
	for kind, cases := range kinds {
		out[kind] = bot.Eval(faqs, cases, bot.Thresholds{})
	}
	return out
}
