package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"zongji/internal/zongji"
)

const sample = `{"rules":[
 {"id":"R01","name":"urgent","when":{"field":"text","op":"contains_any","value":["冒烟","漏电","SMOKE"]},"then":{"queue":"urgent","p1":true,"tags":["safety"]},"stop":true},
 {"id":"R02","name":"complaint","when":{"any":[{"field":"text","op":"contains_any","value":["投诉","12315"]},{"field":"category","op":"is","value":"投诉"}]},"then":{"queue":"complaint","points":10,"skills":[{"skill":"complaint","level":2}]}},
 {"id":"R03","name":"good customer","when":{"all":[{"field":"level","op":"gte","value":2},{"not":{"field":"in_hours","op":"false"}}]},"then":{"queue":"vip","points":5,"skills":[{"skill":"complaint","level":3}]}},
 {"id":"R04","name":"off","enabled":false,"then":{"queue":"nowhere"}},
 {"id":"R05","name":"english","when":{"field":"lang","op":"starts_with","value":"en"},"then":{"lang":"en"}},
 {"id":"R06","name":"weekend","when":{"field":"weekday","op":"in","value":[0,6]},"then":{"tags":["weekend"]}},
 {"id":"R07","name":"order number","when":{"field":"text","op":"matches","value":"yq[0-9]{6}"},"then":{"tags":["order"]}},
 {"id":"R08","name":"a shop","when":{"field":"scene","op":"starts_with","value":"shop-"},"then":{"queue":"shops"}}
]}`

func table(t testing.TB, text string) *Table {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tab, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestDecide(t *testing.T) {
	tab := table(t, sample)
	for _, c := range []struct {
		name  string
		facts zongji.Facts
		want  string
		fired string
	}{
		{"an urgent word stops the table", zongji.Facts{Text: "空调冒烟了，我要投诉"}, "queue urgent, urgent lane, tags safety", "R01"},
		{"text is compared without case", zongji.Facts{Text: "There is smoke"}, "queue urgent, urgent lane, tags safety", "R01"},
		{"the first queue counts, points add up, the higher level stays", zongji.Facts{Text: "投诉", Level: 3, InHours: true}, "queue complaint, +15 points, needs complaint ≥ 3", "R02 R03"},
		{"a negated test", zongji.Facts{Level: 2}, "", ""},
		{"the category counts like the words", zongji.Facts{Category: "投诉"}, "queue complaint, +10 points, needs complaint ≥ 2", "R02"},
		{"language and weekday", zongji.Facts{Lang: "en-US", Weekday: 6}, "language en, tags weekend", "R05 R06"},
		{"a pattern", zongji.Facts{Text: "订单 YQ202611", Weekday: 1}, "tags order", "R07"},
		{"where he came from", zongji.Facts{Scene: "shop-7", Weekday: 1}, "queue shops", "R08"},
		{"nothing fires", zongji.Facts{Text: "你好", Weekday: 1}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.facts.Weekday == 0 {
				c.facts.Weekday = 2
			}
			a, d := tab.Decide(c.facts)
			var fired []string
			for _, o := range d.Rules {
				if o.Fired {
					fired = append(fired, o.Rule)
				}
				if o.Why == "" {
					t.Errorf("%s says nothing", o.Rule)
				}
			}
			if a.String() != c.want || strings.Join(fired, " ") != c.fired {
				t.Errorf("did %q by %v, want %q by %q", a, fired, c.want, c.fired)
			}
			if m := tab.Match(&c.facts); m.String() != a.String() {
				t.Errorf("Match does %q", m)
			}
			if len(d.Rules) != len(tab.rows) || d.Facts.Text != c.facts.Text {
				t.Error("the record is not complete")
			}
		})
	}
}

func TestReasonsNameTheFirstFailingTest(t *testing.T) {
	_, d := table(t, sample).Decide(zongji.Facts{Text: "冒烟"})
	if got := d.Rules[1].Why; got != "not reached: R01 stops" {
		t.Error(got)
	}
	_, d = table(t, sample).Decide(zongji.Facts{Level: 1})
	for i, want := range map[int]string{0: `not so: text contains_any ["冒烟"`, 1: "none of: text contains_any", 2: "not so: level gte 2", 3: "switched off"} {
		if got := d.Rules[i].Why; !strings.HasPrefix(got, want) {
			t.Errorf("rule %d: %q", i, got)
		}
	}
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	_, err := Parse([]byte(`{"verson":1,"rules":[
	 {"id":"A","when":{"field":"txt","op":"is","value":"x"},"then":{}},
	 {"id":"A","when":{"any":[{"field":"level","op":"contains_any","value":["x"]},{"field":"text","op":"in","value":"x"},{"field":"hour","op":"gte","value":"9"}]},"then":{"skils":[]}},
	 {"name":"no id","when":{"all":[]},"then":{"skills":[{"skill":"en","level":9}]}},
	 {"id":"D","when":{"field":"text","op":"matches","value":"("},"then":{"points":"5"}},
	 {"id":"E","when":{"field":"in_hours","op":"true","value":1}},
	 {"id":"F","when":{"all":[{"field":"text","op":"is","value":"a"}],"any":[]},"then":7}
	]}`))
	if zongji.KindOf(err) != zongji.Invalid {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"verson: is unknown; allowed: version, rules",
		`rule 1 A, when.field: "txt" is unknown; allowed: category, channel`,
		`rule 2 A, when.any[0].op: "contains_any" does not go with level; allowed: is, is_not, in, gte, lte`,
		`rule 2 A, when.any[1].value: is "x"; in wants a list of words`,
		`rule 2 A, when.any[2].value: is "9"; gte wants a whole number`,
		"rule 2 A, then.skils: is unknown",
		`rule 2 A, id: "A" is also the id of rule 1`,
		"rule 3, id: is missing",
		"rule 3, when.all: is empty",
		"rule 3, then.skills[0]: is \"en\" at level 9",
		"rule 4 D, when.value: is \"(\": error parsing regexp",
		`rule 4 D, then.points: is "5"; want a whole number`,
		"rule 5 E, when.value: is 1; true needs none",
		"rule 5 E, then: is missing",
		"rule 6 F, when: has 2 of all, any, not, field",
		"rule 6 F, then: is 7; want an object",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
	for _, bad := range []string{"", "[]", "null", `{"rules":{}}`, `{}`} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestASetSurvivesJSON(t *testing.T) {
	s, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if twice, _ := json.Marshal(again); string(twice) != string(text) {
		t.Errorf("changed:\n%s\n%s", text, twice)
	}
}

func TestNothingFiresWithoutAllocation(t *testing.T) {
	tab := table(t, sample)
	f := zongji.Facts{Text: "洗衣机怎么退货", Category: "退货", Weekday: 3}
	if n := testing.AllocsPerRun(100, func() { tab.Match(&f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := Parse(data); err == nil {
			if _, err := Compile(s); err != nil {
				t.Fatalf("parsed but does not compile: %v", err)
			}
		}
	})
}

// BenchmarkMatch reports the time of one rule.
func BenchmarkMatch(b *testing.B) {
	tab := table(b, sample)
	f := zongji.Facts{Text: "洗衣机买了三天不喜欢，想退货，运费谁出", Category: "退货", Weekday: 3}
	b.ReportAllocs()
	for b.Loop() {
		tab.Match(&f)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(tab.rows)), "ns/rule")
}
