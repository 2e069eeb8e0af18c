package bot

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"zongji/bot/match"
	"zongji/internal/zongji"
)

// Input is one turn: what a customer wrote since the last one.
type Input struct {
	Memory   json.RawMessage  // Outcome.Memory of the turn before; nil at first
	Messages []zongji.Message // the contact's, in order; a pressed option lies in Extra as {"choice":"faq:12"}
	Lang     string           // as known before
	First    bool             // nobody has answered in this conversation yet
	Welcome  string           // the channel's greeting of who comes; "": the usual one
	Menu     []zongji.Option  // the channel's menu; a pressed "menu:…" asks its text
}

// Outcome is what a turn gives.
type Outcome struct {
	Act      string // answer | ask | handover | greet | silent
	Reason   string // of a hand-over: asked_human | urgent | unsolved | no_answer | low_score
	Replies  []zongji.Message
	FAQ      int64  // that was answered
	Category string // of the best entry, when it is near enough to be asked about
	Data     zongji.BotData
	Memory   json.RawMessage
	Lang     string
	Solved   *zongji.FeedbackData // the customer judged an answer; Msg is 0: the answer is known by its FAQ
}

// memoryVersion is written into each memory; another version is forgotten.
const memoryVersion = 1

// memory is what the bot keeps of one conversation.
type memory struct {
	V      int     `json:"v"`
	Said   []int64 `json:"said,omitempty"`  // answered
	Last   int64   `json:"last,omitempty"`  // answered last
	Query  string  `json:"query,omitempty"` // that led there
	Misses int     `json:"misses,omitempty"`
	Files  int     `json:"files,omitempty"` // turns with files only
	Empty  int     `json:"empty,omitempty"` // turns without a word

	Greeted bool `json:"greeted,omitempty"`
}

const (
	maxSaid  = 50  // answers remembered
	maxQuery = 200 // characters of a remembered query
)

// turn is one run of Turn.
type turn struct {
	b    *Bot
	kb   *base
	in   *Input
	mem  memory
	out  Outcome
	hits []match.Hit
}

// Turn decides about the messages of one turn. It never answers the same
// entry twice in a conversation.
func (b *Bot) Turn(in Input) Outcome {
	t := &turn{b: b, kb: b.kb.Load(), in: &in, out: Outcome{Lang: Lang(in.Lang)}}
	if json.Unmarshal(in.Memory, &t.mem) != nil || t.mem.V != memoryVersion {
		t.mem = memory{}
	}
	t.mem.V = memoryVersion
	t.run()
	t.out.Data.Act, t.out.Data.Reason, t.out.Data.KB = t.out.Act, t.out.Reason, t.kb.version
	t.out.Memory, _ = json.Marshal(t.mem) // numbers and text always marshal
	return t.out
}

func (t *turn) run() {
	lines, choice, files := t.read()
	text := strings.Join(lines, " ")
	t.out.Lang = langOf(text, t.in.Lang)
	t.out.Data.Query = text
	intents := make([]intent, len(lines))
	for i, l := range lines {
		intents[i] = intentOf(l)
	}
	switch {
	case t.deedsOnly():
		t.greet()
	case isUrgent(match.Normal(text)):
		t.urgent(lines)
	case choice == "human" || slices.Contains(intents, human):
		t.find(questions(lines, intents))
		t.handover("asked_human")
	case choice != "":
		t.chosen(choice, text)
	case len(lines) == 0 && files:
		t.filesOnly()
	default:
		if qs := questions(lines, intents); len(qs) > 0 {
			t.find(qs)
			t.ask(strings.Join(qs, " "))
			return
		}
		t.smallTalk(intents)
	}
}

// read collects the lines, the option that was pressed last, and whether
// there were files.
func (t *turn) read() (lines []string, choice string, files bool) {
	for _, m := range t.in.Messages {
		if m.Kind == zongji.KindEvent {
			continue
		}
		var extra struct {
			Choice string `json:"choice"`
			Text   string `json:"text"` // of a voice, as the channel heard it
		}
		_ = json.Unmarshal(m.Extra, &extra) // other shapes of Extra have neither
		if extra.Choice != "" {
			choice = extra.Choice
		}
		s := strings.TrimSpace(m.Text)
		if s == "" && m.Kind == zongji.KindVoice {
			s = strings.TrimSpace(extra.Text)
		}
		if s != "" {
			lines = append(lines, s)
		}
		files = files || len(m.Files) > 0 || s == "" && m.Kind != "" && m.Kind != zongji.KindText
	}
	return lines, choice, files
}

// deedsOnly reports whether nothing was written, only done.
func (t *turn) deedsOnly() bool {
	return len(t.in.Messages) > 0 && !slices.ContainsFunc(t.in.Messages, func(m zongji.Message) bool { return m.Kind != zongji.KindEvent })
}

// comings are the deeds by which a customer comes. Of others, what WeCom's seats
// do among them, the bot only takes note.
var comings = []string{"subscribe", "scan", "enter"}

// greet welcomes who came, once in a conversation, with the channel's menu.
func (t *turn) greet() {
	var last zongji.Happening
	_ = json.Unmarshal(t.in.Messages[len(t.in.Messages)-1].Extra, &last) // else it is no coming
	t.out.Act = "silent"
	if t.mem.Greeted || !slices.Contains(comings, last.Event) {
		return
	}
	t.mem.Greeted = true
	t.out.Act = "greet"
	text := t.in.Welcome
	if text == "" {
		text = Text(t.out.Lang, "greeting")
	}
	if len(t.in.Menu) == 0 {
		t.say(zongji.KindText, text, nil)
		return
	}
	t.say(zongji.KindCandidates, text, zongji.Candidates{Options: t.in.Menu})
}

// questions returns the lines that are no small talk.
func questions(lines []string, intents []intent) []string {
	var out []string
	for i, l := range lines {
		if intents[i] == question {
			out = append(out, l)
		}
	}
	return out
}

// find looks the lines up and notes the best entries.
func (t *turn) find(lines []string) {
	if len(lines) == 0 {
		return
	}
	t.hits = t.kb.find(lines)
	t.out.Data.Candidates = t.kb.scores(t.hits)
	if len(t.hits) > 0 && t.hits[0].Score >= t.b.cfg.Thresholds.Ask {
		t.out.Category = t.kb.faqs[t.hits[0].FAQ].Category
	}
}

// ask answers a question by its band.
func (t *turn) ask(query string) {
	t.mem.Query = cut(query, maxQuery)
	t.mem.Empty = 0
	switch band := t.b.band(t.hits); {
	case band == "answer" && !slices.Contains(t.mem.Said, t.hits[0].FAQ):
		t.answer(t.hits[0].FAQ, t.hits[0].Score)
	case band == "answer":
		t.again()
	case band == "ask":
		t.miss("ask_back", "low_score")
	default:
		t.miss("no_answer", "no_answer")
	}
}

// again is asked for what was answered before: others may be meant, else a
// person must look.
func (t *turn) again() {
	if len(t.candidates()) == 0 {
		t.handover("unsolved")
		return
	}
	t.miss("again", "unsolved")
}

// miss asks back the first time and calls a person when it goes on.
func (t *turn) miss(key, reason string) {
	t.mem.Misses++
	if t.mem.Misses >= t.b.cfg.Misses {
		t.handover(reason)
		return
	}
	t.out.Act = "ask"
	t.out.Reason = reason
	t.offer(key)
}

// offer asks back with candidates and 转人工.
func (t *turn) offer(key string) {
	options := append(t.candidates(), zongji.Option{Value: "human", Text: Text(t.out.Lang, "human")})
	t.say(zongji.KindCandidates, Text(t.out.Lang, key), zongji.Candidates{Options: options})
}

// candidates are at most three near entries that were not answered yet.
func (t *turn) candidates() []zongji.Option {
	var out []zongji.Option
	if len(t.hits) == 0 || t.hits[0].Score < t.b.cfg.Thresholds.Ask {
		return nil
	}
	least := t.b.cfg.Thresholds.Ask * .7 // what stands beside a near one may be a little farther
	if slices.Contains(t.mem.Said, t.hits[0].FAQ) {
		least = t.b.cfg.Thresholds.Ask * 1.15 // only what was really meant instead
	}
	for _, h := range t.hits {
		if len(out) == 3 || h.Score < least {
			break
		}
		if !slices.Contains(t.mem.Said, h.FAQ) {
			out = append(out, zongji.Option{Value: "faq:" + strconv.FormatInt(h.FAQ, 10), Text: t.script(t.kb.faqs[h.FAQ].Question)})
		}
	}
	return out
}

func (t *turn) answer(id int64, score float64) {
	f := t.kb.faqs[id]
	t.mem.Said = append(t.mem.Said, id)
	if n := len(t.mem.Said); n > maxSaid {
		t.mem.Said = t.mem.Said[n-maxSaid:]
	}
	t.mem.Last, t.mem.Misses, t.mem.Files = id, 0, 0
	t.out.Act, t.out.FAQ, t.out.Category = "answer", id, f.Category
	key := strconv.FormatInt(id, 10)
	t.say(zongji.KindAnswer, t.script(f.Answer), zongji.Answer{FAQ: id, Question: t.script(f.Question), Category: f.Category, Score: score,
		Options: []zongji.Option{{Value: "solved:" + key, Text: Text(t.out.Lang, "solved")}, {Value: "unsolved:" + key, Text: Text(t.out.Lang, "not_solved")}}})
}

// chosen follows a pressed option.
func (t *turn) chosen(choice, text string) {
	what, arg, _ := strings.Cut(choice, ":")
	id, _ := strconv.ParseInt(arg, 10, 64)
	switch what {
	case "faq":
		f := t.kb.faqs[id]
		switch {
		case f == nil: // removed meanwhile
			t.find([]string{text})
			t.ask(text)
		case slices.Contains(t.mem.Said, id):
			t.out.Category = f.Category
			t.handover("unsolved")
		default:
			t.answer(id, 1)
		}
	case "solved":
		t.feedback(true)
	case "unsolved":
		t.feedback(false)
	default:
		for _, o := range t.in.Menu {
			if o.Value == choice {
				text = o.Text
			}
		}
		t.find([]string{text})
		t.ask(text)
	}
}

// feedback takes 解决了 and 没解决 on the last answer.
func (t *turn) feedback(good bool) {
	if t.mem.Last != 0 {
		t.out.Solved = &zongji.FeedbackData{FAQ: t.mem.Last, Solved: good}
		if f := t.kb.faqs[t.mem.Last]; f != nil {
			t.out.Category = f.Category
		}
	}
	t.mem.Last = 0
	if good {
		t.mem.Misses = 0
		t.talk("solved_thanks")
		return
	}
	category := t.out.Category
	t.find(nonEmpty(t.mem.Query))
	if category != "" {
		t.out.Category = category
	}
	if len(t.candidates()) == 0 {
		t.handover("unsolved")
		return
	}
	t.miss("unsolved", "unsolved")
}

// urgent says what saves people first, and calls a person.
func (t *turn) urgent(lines []string) {
	t.find(lines)
	said := false
	for _, h := range t.hits {
		if t.kb.safety[h.FAQ] {
			if said = !slices.Contains(t.mem.Said, h.FAQ); said {
				t.answer(h.FAQ, h.Score)
			}
			t.out.Category = t.kb.faqs[h.FAQ].Category
			break
		}
	}
	if !said {
		t.say(zongji.KindText, Text(t.out.Lang, "safety"), nil)
	}
	t.handover("urgent")
}

func (t *turn) handover(reason string) {
	t.out.Act, t.out.Reason = "handover", reason
	t.mem.Misses = 0
}

// filesOnly asks what a picture is about, once.
func (t *turn) filesOnly() {
	if t.mem.Files++; t.mem.Files > 1 {
		t.handover("no_answer")
		return
	}
	t.out.Act = "ask"
	t.offer("got_file")
}

// smallTalk answers what is no question. It is not a miss.
func (t *turn) smallTalk(intents []intent) {
	has := func(i intent) bool { return slices.Contains(intents, i) }
	switch {
	case has(unsolved):
		t.feedback(false)
	case has(solved):
		t.feedback(true)
	case has(greeting):
		t.talk("greeting")
	case has(thank):
		t.talk("thanks")
	case has(bye):
		t.talk("bye")
	case has(okay):
		t.out.Act = "silent"
	default: // emoji, dots, question marks
		if t.mem.Empty++; t.mem.Empty > 1 {
			t.out.Act = "ask"
			t.offer("say_more")
			return
		}
		t.talk("say_more")
	}
}

func (t *turn) talk(key string) {
	t.out.Act = "greet"
	t.say(zongji.KindText, Text(t.out.Lang, key), nil)
}

func (t *turn) say(kind zongji.MessageKind, text string, extra any) {
	m := zongji.Message{From: zongji.FromBot, Kind: kind, Text: text}
	if extra != nil {
		m.Extra, _ = json.Marshal(extra) // plain structs always marshal
	}
	t.out.Replies = append(t.out.Replies, m)
}

// script turns knowledge into the customer's script.
func (t *turn) script(s string) string {
	if t.out.Lang == ZhTW {
		return match.Traditional(s)
	}
	return s
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
