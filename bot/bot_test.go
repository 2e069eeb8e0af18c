package bot_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"zongji/bot"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

var shop = []zongji.FAQ{
	{ID: 1, Category: "退换", Question: "怎么退货", Similar: []string{"退货流程", "how do I return an item"}, Answer: "七天内可以退货，网络下单请看软件。"},
	{ID: 2, Category: "退换", Question: "退货运费谁出", Similar: []string{"退货邮费"}, Answer: "质量问题我们出。"},
	{ID: 3, Category: "安全", Question: "机器冒烟", Similar: []string{"漏电"}, Answer: "请立即断电。"},
	{ID: 4, Category: "发票", Question: "怎么开发票", Similar: []string{"开专票"}, Answer: "订单页申请。"},
}

func newBot() *bot.Bot {
	b := bot.New(bot.Config{})
	b.Load(7, shop)
	return b
}

// talk plays one turn after the other: "text", "[choice] text" or "<file>".
func talk(b *bot.Bot, lang string, turns ...string) (out bot.Outcome) {
	for i, t := range turns {
		in := bot.Input{Memory: out.Memory, Lang: lang, First: i == 0}
		for line := range strings.SplitSeq(t, "\n") {
			m := zongji.Message{From: zongji.FromContact, Text: line}
			if choice, text, ok := strings.Cut(strings.TrimPrefix(line, "["), "]"); ok {
				m.Text = text
				m.Extra, _ = json.Marshal(map[string]string{"choice": choice})
			}
			if line == "<file>" {
				m.Text, m.Files = "", []zongji.File{{Name: "a.png"}}
			}
			in.Messages = append(in.Messages, m)
		}
		out = b.Turn(in)
		lang = out.Lang
	}
	return out
}

func TestTurn(t *testing.T) {
	b := newBot()
	for _, c := range []struct {
		name, lang string
		turns      []string
		act        string
		reason     string
		says       string // part of the first reply
	}{
		{"a known question is answered", "zh-CN", []string{"你好，怎么退货"}, "answer", "", "七天内"},
		{"traditional asked, traditional answered", "zh-CN", []string{"怎麼退貨"}, "answer", "", "七天內可以退貨，網路"},
		{"a burst is one question", "zh-CN", []string{"在吗\n我想问\n怎么开发票"}, "answer", "", "订单页"},
		{"near ones are asked back", "zh-CN", []string{"退货的问题"}, "ask", "low_score", "哪一个"},
		{"a pressed candidate is answered", "zh-CN", []string{"退货的问题", "[faq:2]退货运费谁出"}, "answer", "", "质量问题"},
		{"an unknown question is asked again", "zh-CN", []string{"你们老板是谁"}, "ask", "no_answer", "没有找到"},
		{"two misses call a person", "zh-CN", []string{"你们老板是谁", "世界杯谁赢了"}, "handover", "no_answer", ""},
		{"an answer between forgets the miss", "zh-CN", []string{"你们老板是谁", "怎么退货", "世界杯谁赢了"}, "ask", "no_answer", ""},
		{"never the same answer twice", "zh-CN", []string{"怎么开发票", "怎么开发票"}, "handover", "unsolved", ""},
		{"nor by a button", "zh-CN", []string{"怎么开发票", "[faq:4]怎么开发票"}, "handover", "unsolved", ""},
		{"others are offered instead", "zh-CN", []string{"怎么退货", "怎么退货"}, "ask", "unsolved", "刚才"},
		{"转人工", "zh-CN", []string{"转人工"}, "handover", "asked_human", ""},
		{"轉人工", "zh-TW", []string{"轉人工"}, "handover", "asked_human", ""},
		{"a person in a sentence", "zh-CN", []string{"别废话了，我要找人工！"}, "handover", "asked_human", ""},
		{"agent", "en", []string{"Agent"}, "handover", "asked_human", ""},
		{"a person in an English sentence", "en", []string{"can I speak to a real person"}, "handover", "asked_human", ""},
		{"the button", "zh-CN", []string{"[human]转人工"}, "handover", "asked_human", ""},
		{"人工费 is no person", "zh-CN", []string{"人工费多少"}, "ask", "no_answer", ""},
		{"danger: what saves first, then a person", "zh-CN", []string{"洗衣机冒烟了"}, "handover", "urgent", "断电"},
		{"danger in traditional script", "zh-TW", []string{"洗衣機冒煙了"}, "handover", "urgent", "斷電"},
		{"danger in English", "en", []string{"my washer is smoking"}, "handover", "urgent", "switch off"},
		{"没有冒烟 is none", "zh-CN", []string{"没有冒烟，怎么退货"}, "ask", "low_score", ""},
		{"解决了", "zh-CN", []string{"怎么退货", "[solved:1]解决了"}, "greet", "", "太好了"},
		{"没解决 shows others", "zh-CN", []string{"怎么退货", "[unsolved:1]没解决"}, "ask", "unsolved", "抱歉没有帮到"},
		{"没解决 without others calls a person", "zh-CN", []string{"怎么开发票", "没解决"}, "handover", "unsolved", ""},
		{"a greeting", "zh-CN", []string{"你好"}, "greet", "", "智能客服"},
		{"thanks is no miss", "zh-CN", []string{"你们老板是谁", "谢谢", "好的"}, "silent", "", ""},
		{"emoji", "zh-CN", []string{"😀😀"}, "greet", "", "用文字"},
		{"a picture only", "zh-CN", []string{"<file>"}, "ask", "", "收到了"},
		{"pictures only, again", "zh-CN", []string{"<file>", "<file>"}, "handover", "no_answer", ""},
		{"English system texts", "en", []string{"what is the weather like"}, "ask", "no_answer", "Sorry, I found"},
		{"no message at all", "zh-CN", []string{""}, "greet", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := talk(b, c.lang, c.turns...)
			first := ""
			if len(out.Replies) > 0 {
				first = out.Replies[0].Text
			}
			if out.Act != c.act || out.Reason != c.reason || !strings.Contains(first, c.says) {
				t.Errorf("%s %q says %q (%+v)", out.Act, out.Reason, first, out.Data)
			}
			if out.Data.KB != 7 || out.Data.Act != out.Act {
				t.Errorf("record %+v", out.Data)
			}
			if out.Act == "ask" && !strings.Contains(string(out.Replies[0].Extra), `"human"`) {
				t.Error("no way to a person is offered")
			}
		})
	}
}

func TestFeedbackNamesTheAnswer(t *testing.T) {
	out := talk(newBot(), "zh-CN", "怎么退货", "[unsolved:1]没解决")
	if out.Solved == nil || out.Solved.FAQ != 1 || out.Solved.Solved {
		t.Errorf("%+v", out.Solved)
	}
}

func TestForeignMemoryIsForgotten(t *testing.T) {
	for _, m := range []string{``, `null`, `[]`, `{"v":99,"misses":5}`, `{`} {
		out := newBot().Turn(bot.Input{Memory: json.RawMessage(m), Messages: []zongji.Message{{Text: "怎么退货"}}})
		if out.Act != "answer" {
			t.Errorf("%s: %s", m, out.Act)
		}
	}
}

func TestTextsAreWholeInEachLanguage(t *testing.T) {
	hole := regexp.MustCompile(`\{\w+\}`)
	for _, key := range bot.TextKeys() {
		want := hole.FindAllString(bot.Text("zh-CN", key), -1)
		for _, lang := range []string{"zh-CN", "zh-TW", "en"} {
			s := bot.Text(lang, key)
			if s == "" || len(hole.FindAllString(s, -1)) != len(want) {
				t.Errorf("%s in %s: %q", key, lang, s)
			}
		}
	}
	if got := bot.Text("en-US", "handover_place", map[string]string{"place": "3", "wait": "5"}); !strings.Contains(got, "3 before you") {
		t.Error(got)
	}
}

// jsonl reads lines of {"id","question","similar","text","faq"}.
func jsonl(t *testing.T, path string, each func(id, question, text, faq string, similar []string)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l struct {
			ID, Question, Text, FAQ string
			Similar                 []string
		}
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		each(l.ID, l.Question, l.Text, l.FAQ, l.Similar)
	}
}

func TestEvalOnPublicSets(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for set, least := range map[string]float64{"ths_sim5": .65, "bank5": .53, "smp2017": .75, "mix_zh_en": .65} {
		t.Run(set, func(t *testing.T) {
			dir := testenv.Data(t, "faq", set)
			ids := map[string]int64{}
			var faqs []zongji.FAQ
			jsonl(t, dir+"/kb.jsonl", func(id, q, _, _ string, similar []string) {
				ids[id] = int64(len(faqs) + 1)
				faqs = append(faqs, zongji.FAQ{ID: ids[id], Question: q, Similar: similar})
			})
			gold := map[string]int64{}
			jsonl(t, dir+"/gold.jsonl", func(id, _, _, faq string, _ []string) { gold[id] = ids[faq] })
			var cases []bot.Case
			jsonl(t, dir+"/queries.jsonl", func(id, _, text, _ string, _ []string) { cases = append(cases, bot.Case{Text: text, Want: gold[id]}) })
			r := bot.Eval(faqs, cases, bot.Thresholds{})
			t.Logf("%+v", r)
			if r.Accuracy < least {
				t.Errorf("accuracy %.3f, want %.2f", r.Accuracy, least)
			}
		})
	}
}

func TestStarsThatAreTyped(t *testing.T) {
	for text, want := range map[string]int{"很满意": 5, "· 满意": 4, "普通": 3, "不满意。": 2, "VERY DISSATISFIED": 1, "5": 5, " 1 ": 1, "４分": 4, "3星": 3, "5 很满意": 5, "5 不满意": 0, "6": 0, "1分钟": 0, "": 0, "满意吗": 0, "55": 0} {
		if got := bot.Stars(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
