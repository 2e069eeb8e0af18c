package packs_test

import "testing"

func TestTheBotKnowsThePack(t *testing.T) {
	scores := read(t).Score()
	for kind, least := range map[string]float64{"all": .8, "easy": .9, "trad": .9, "hard": .4, "neg": 0} {
		r, ok := scores[kind]
		t.Logf("%s %+v", kind, r)
		if !ok || r.Accuracy < least || r.Wrong > .05 {
			t.Errorf("%s: accuracy %.2f, wrong %.2f", kind, r.Accuracy, r.Wrong)
		}
	}
}
