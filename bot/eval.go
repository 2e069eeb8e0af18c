package bot

import "zongji/internal/zongji"

// Case is one message with the entry that answers it; Want 0 = none does.
type Case struct {
	Text string
	Want int64
}

// Report says how a knowledge base does on messages. Shares are 0–1.
type Report struct {
	Messages   int     `json:"messages"`
	InScope    int     `json:"in_scope"`
	Accuracy   float64 `json:"accuracy"`    // of the in scope: the best entry is right
	Hit3       float64 `json:"hit_at_3"`    // of the in scope: it is among the best three
	Answered   float64 `json:"answered"`    // of all
	Precision  float64 `json:"precision"`   // of the answered: right
	Wrong      float64 `json:"wrong"`       // of all: answered wrongly
	OutRecall  float64 `json:"out_recall"`  // of the out of scope: not answered
	OutRefused float64 `json:"out_refused"` // of the out of scope: handed over, not even asked back
}

// Eval measures thresholds on messages; the zero Thresholds are the default.
func Eval(faqs []zongji.FAQ, cases []Case, t Thresholds) Report {
	b := New(Config{Thresholds: t})
	b.Load(1, faqs)
	r := Report{Messages: len(cases)}
	var right, hit3, answered, good, out, kept, refused float64
	for _, c := range cases {
		trial := b.Match(c.Text)
		best := len(trial.Hits) > 0 && trial.Hits[0].FAQ == c.Want
		if trial.Act == "answer" {
			answered++
			if best {
				good++
			}
		}
		if c.Want == 0 {
			out++
			if trial.Act != "answer" {
				kept++
			}
			if trial.Act == "handover" {
				refused++
			}
			continue
		}
		r.InScope++
		if best {
			right++
		}
		for _, h := range trial.Hits {
			if h.FAQ == c.Want {
				hit3++
			}
		}
	}
	share := func(n, of float64) float64 {
		if of == 0 {
			return 0
		}
		return n / of
	}
	r.Accuracy, r.Hit3 = share(right, float64(r.InScope)), share(hit3, float64(r.InScope))
	r.Answered, r.Precision, r.Wrong = share(answered, float64(len(cases))), share(good, answered), share(answered-good, float64(len(cases)))
	r.OutRecall, r.OutRefused = share(kept, out), share(refused, out)
	return r
}
