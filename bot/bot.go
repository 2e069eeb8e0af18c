// Package bot decides what a customer's messages get: an answer from the
// knowledge base, a question back with candidates, or a person. It reads and
// writes nothing: memory comes in and goes out with each turn.
package bot

import (
	"strings"
	"sync/atomic"

	"zongji/bot/match"
	"zongji/internal/zongji"
)

// Thresholds part the three bands. Scores are match.Hit's, 0–1.
type Thresholds struct {
	Answer float64 // at least this is answered; 0 = DefaultThresholds
	Margin float64 // and so much ahead of the second
	Ask    float64 // at least this is asked back; below nothing is known
}

// DefaultThresholds were measured on the validation splits of public intent
// sets (Chinese and English, a third of the messages out of scope): about
// 80 % of the answers are right there with 34 % answered, and 97 % on a base
// of 35 entries written for it. Eval gives the figures of any base.
var DefaultThresholds = Thresholds{Answer: .60, Margin: .05, Ask: .28}

// Config is what a Bot needs.
type Config struct {
	Clock      zongji.Clock
	Thresholds Thresholds // zero: DefaultThresholds
	Misses     int        // turns without an answer after which a person comes; 0 = 2
}

// Bot answers from the knowledge base that Load gave it last. Safe for
// concurrent use.
type Bot struct {
	cfg Config
	kb  atomic.Pointer[base]
}

// base is one loaded version of the knowledge base.
type base struct {
	version int64
	index   *match.Index
	faqs    map[int64]*zongji.FAQ
	safety  map[int64]bool // entries about danger
}

// New returns a bot that knows nothing yet.
func New(cfg Config) *Bot {
	if cfg.Thresholds == (Thresholds{}) {
		cfg.Thresholds = DefaultThresholds
	}
	if cfg.Misses == 0 {
		cfg.Misses = 2
	}
	b := &Bot{cfg: cfg}
	b.Load(0, nil)
	return b
}

// Load replaces the knowledge base; turns that run keep the one they began
// with. faqs is not kept.
func (b *Bot) Load(version int64, faqs []zongji.FAQ) {
	kb := &base{version: version, index: match.New(faqs), faqs: make(map[int64]*zongji.FAQ, len(faqs)), safety: map[int64]bool{}}
	for _, f := range faqs {
		if f.Disabled {
			continue
		}
		kb.faqs[f.ID] = &f
		for _, q := range append([]string{f.Question}, f.Similar...) {
			if isUrgent(match.Normal(q)) {
				kb.safety[f.ID] = true
			}
		}
	}
	b.kb.Store(kb)
}

// Trial is what the bot would make of one text.
type Trial struct {
	Act    string            `json:"act"` // answer | ask | handover
	Normal string            `json:"normal"`
	Hits   []zongji.BotScore `json:"hits"`
	Via    []string          `json:"via"` // the question of each hit that was nearest
	KB     int64             `json:"kb"`
}

// Match tries a text as the first message of a conversation.
func (b *Bot) Match(text string) Trial {
	kb := b.kb.Load()
	hits := kb.index.Find(text, maxHits)
	t := Trial{Act: b.band(hits), Normal: match.Normal(text), Hits: kb.scores(hits), KB: kb.version}
	if i := intentOf(text); i == human || isUrgent(t.Normal) {
		t.Act = "handover"
	}
	for _, h := range hits {
		t.Via = append(t.Via, h.Via)
	}
	return t
}

// maxHits is how many entries are looked at: three to show and some that may
// have been said already.
const maxHits = 6

// band says what scores alone ask for.
func (b *Bot) band(hits []match.Hit) string {
	t := b.cfg.Thresholds
	switch {
	case len(hits) == 0 || hits[0].Score < t.Ask:
		return "handover"
	case hits[0].Score >= t.Answer && (len(hits) == 1 || hits[0].Score-hits[1].Score >= t.Margin || hits[0].Score == 1):
		return "answer"
	}
	return "ask"
}

func (kb *base) scores(hits []match.Hit) []zongji.BotScore {
	var out []zongji.BotScore
	for _, h := range hits[:min(3, len(hits))] {
		out = append(out, zongji.BotScore{FAQ: h.FAQ, Question: kb.faqs[h.FAQ].Question, Score: h.Score})
	}
	return out
}

// find looks for the whole of what was written and for each line of it: a
// burst may be one sentence in three messages, or a story and a question.
func (kb *base) find(lines []string) []match.Hit {
	hits := kb.index.Find(strings.Join(lines, " "), maxHits)
	if len(lines) < 2 {
		return hits
	}
	for _, line := range lines {
		if len([]rune(line)) < 3 {
			continue
		}
		if one := kb.index.Find(line, maxHits); len(one) > 0 && (len(hits) == 0 || one[0].Score > hits[0].Score) {
			hits = one
		}
	}
	return hits
}
