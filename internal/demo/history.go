package demo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"zongji/internal/packs"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

const (
	historyDays    = 30
	historyPerDay  = 100 // about: weekends bring fewer
	historySeed    = 20260101
	historySetting = "demo.history" // how many conversations are loaded
)

// HistoryState is how far the made-up past is.
type HistoryState struct {
	Running bool      `json:"running"` // being loaded or removed
	Loaded  bool      `json:"loaded"`  // whole
	Removed bool      `json:"removed"` // on purpose: it is not loaded again by itself
	Done    int       `json:"done"`    // conversations
	Total   int       `json:"total"`
	Until   zongji.Ms `json:"until,omitempty"` // the midnight that it ends at
	Err     string    `json:"err,omitempty"`
}

func (s HistoryState) text() string {
	b, _ := json.Marshal(s) // plain fields
	return string(b)
}

// history loads and removes the made-up past in the background.
type history struct {
	db    *store.DB
	clock zongji.Clock
	log   *slog.Logger
	auto  bool
	want  chan bool // true: load, false: remove

	mu    sync.Mutex
	state HistoryState
}

func newHistory(db *store.DB, clock zongji.Clock, log *slog.Logger, auto bool) *history {
	return &history{db: db, clock: clock, log: log, auto: auto, want: make(chan bool, 1)}
}

// State returns how far it is.
func (h *history) State() HistoryState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

func (h *history) set(s HistoryState) {
	h.mu.Lock()
	h.state = s
	h.mu.Unlock()
}

// Load asks for the past; Remove asks for its removal.
func (h *history) Load() error   { return h.ask(true) }
func (h *history) Remove() error { return h.ask(false) }

func (h *history) ask(load bool) error {
	select {
	case h.want <- load:
		return nil
	default:
		return errors.New("the history is being changed already")
	}
}

// Run does what is asked until ctx ends. A load that was cut off goes on
// where it stopped.
func (h *history) Run(ctx context.Context) error {
	done, err := h.saved(ctx)
	if err != nil {
		return err
	}
	h.set(done)
	if done.Running || h.auto && !done.Loaded && !done.Removed {
		_ = h.ask(!done.Removed) // the channel is empty
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case load := <-h.want:
			var err error
			if load {
				err = h.load(ctx)
			} else {
				err = h.remove(ctx)
			}
			if err != nil && ctx.Err() == nil {
				h.log.Error("history", "err", err)
				s := h.State()
				s.Running, s.Err = false, err.Error()
				h.set(s)
			}
		}
	}
}

// saved returns the state as it was written with the conversations.
func (h *history) saved(ctx context.Context) (s HistoryState, err error) {
	text, err := h.db.Setting(ctx, historySetting)
	if zongji.KindOf(err) == zongji.NotFound {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

func (h *history) keep(ctx context.Context, s HistoryState) error {
	h.set(s)
	return h.db.PutSetting(ctx, historySetting, s.text())
}

func (h *history) remove(ctx context.Context) error {
	if err := h.keep(ctx, HistoryState{Running: true, Removed: true}); err != nil {
		return err
	}
	if _, err := h.db.RemoveHistory(ctx); err != nil {
		return err
	}
	return h.keep(ctx, HistoryState{Removed: true})
}

// load writes day after day, the newest first, so that screens have
// something to show at once. What was cut off goes on with the same days; else
// it begins from nothing.
func (h *history) load(ctx context.Context) error {
	s, err := h.saved(ctx)
	if err != nil || s.Loaded {
		return err
	}
	if s.Done == 0 {
		if _, err := h.db.RemoveHistory(ctx); err != nil {
			return err
		}
		s.Until = zongji.MsOf(midnight(h.clock.Now()))
	}
	past, err := h.past(ctx, s.Until.Time())
	if err != nil {
		return err
	}
	s = HistoryState{Running: true, Done: s.Done, Until: s.Until}
	for _, day := range past {
		s.Total += len(day)
	}
	if err := h.keep(ctx, s); err != nil {
		return err
	}
	seen := 0
	for _, day := range past {
		rest := day[min(len(day), max(0, s.Done-seen)):]
		before := s.Done
		err := h.db.LoadHistory(ctx, rest, historySetting, func(done int) string {
			s.Done = before + done
			return s.text()
		})
		if err != nil {
			return err
		}
		h.set(s)
		if seen += len(day); len(rest) > 0 {
			sleep(ctx, 50*time.Millisecond) // others write too
		}
	}
	s.Running, s.Loaded = false, true
	return h.keep(ctx, s)
}

// shopZone is where the sample department works.
var shopZone = time.FixedZone("Asia/Shanghai", 8*3600)

// midnight returns when the day of now began.
func midnight(now time.Time) time.Time {
	now = now.In(shopZone)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, shopZone)
}

// past makes the conversations of the 30 days before until, by day, the newest
// first. The same seed, people and queues make the same past, moved to until.
func (h *history) past(ctx context.Context, until time.Time) ([][]store.HistoryConversation, error) {
	p, err := Sample()
	if err != nil {
		return nil, err
	}
	answers, err := h.answers(ctx)
	if err != nil {
		return nil, err
	}
	users, err := h.db.Users(ctx)
	if err != nil {
		return nil, err
	}
	queues, err := h.db.Queues(ctx)
	if err != nil {
		return nil, err
	}
	chans, err := h.db.Channels(ctx)
	if err != nil {
		return nil, err
	}
	var agents []zongji.User
	for _, u := range users {
		if u.Role == zongji.RoleAgent {
			agents = append(agents, u)
		}
	}
	if len(agents) == 0 || len(queues) == 0 || len(chans) == 0 {
		return nil, errors.New("no agents, queues or channels to make a past of")
	}
	until = until.In(shopZone)
	var days [][]store.HistoryConversation
	for back := 1; back <= historyDays; back++ {
		day := until.AddDate(0, 0, -back)
		g := &pastDay{r: rand.New(rand.NewPCG(historySeed, uint64(back))), p: p.History, greeting: p.Agents.Greeting, answers: answers, day: day, agents: agents, queues: queues, channel: chans[0]}
		n := (historyPerDay + g.r.IntN(21) - 10) * 7 * weight(p.History.Weekdays, int(day.Weekday())) / max(1, sum(p.History.Weekdays))
		var convs []store.HistoryConversation
		for range n {
			convs = append(convs, g.conversation())
		}
		days = append(days, convs)
	}
	return days, nil
}

// answers returns the bot's answers by category.
func (h *history) answers(ctx context.Context) (map[string][]zongji.FAQ, error) {
	faqs, err := h.db.FAQs(ctx)
	out := map[string][]zongji.FAQ{}
	for _, f := range faqs {
		out[f.Category] = append(out[f.Category], f)
	}
	return out, err
}

// pastDay makes one day.
type pastDay struct {
	r        *rand.Rand
	p        packs.History
	greeting []string
	answers  map[string][]zongji.FAQ
	day      time.Time
	agents   []zongji.User
	queues   []zongji.Queue
	channel  zongji.ChannelAccount
}

func (g *pastDay) line(lines []string, otherwise string) string {
	if len(lines) == 0 {
		return otherwise
	}
	return lines[g.r.IntN(len(lines))]
}

// draw returns an index of weights by chance, 0 when there are none.
func (g *pastDay) draw(weights []int) int {
	at := g.r.IntN(max(1, sum(weights)))
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return 0
}

func (g *pastDay) topic() packs.Topic {
	var w []int
	for _, t := range g.p.Categories {
		w = append(w, t.Weight)
	}
	return g.p.Categories[g.draw(w)]
}

func sum(w []int) (n int) {
	for _, x := range w {
		n += x
	}
	return n
}

func weight(w []int, i int) int {
	if i < len(w) {
		return w[i]
	}
	return 1
}

// conversation makes one: a share ends with the bot, the others go to a
// person after a wait that is longer in busy hours.
func (g *pastDay) conversation() store.HistoryConversation {
	r, cat := g.r, g.topic()
	start := g.day.Add(time.Duration(g.draw(g.p.Hours))*time.Hour + time.Duration(r.IntN(3600))*time.Second)
	at := zongji.MsOf(start)
	name := g.line(g.p.Names, "顾客")
	level := zongji.Level(0)
	if r.IntN(10) == 0 {
		level = zongji.Level(1 + r.IntN(3))
	}
	var h store.HistoryConversation
	h.Contact = zongji.Contact{Name: name, Level: level, Lang: "zh-CN", Phone: "138" + digits(r, 8)}
	h.Conv = zongji.Conversation{Channel: g.channel.ID, Kind: g.channel.Kind, Status: zongji.StatusClosed, Queue: g.channel.Queue, Lang: "zh-CN", Category: cat.Name,
		CreatedAt: at, Epoch: 2}
	say := func(m zongji.Message, after time.Duration) {
		at = at.Add(after)
		m.At = at
		h.Messages = append(h.Messages, m)
	}
	note := func(kind zongji.EventKind, by string, actor int64, data any) {
		h.Events = append(h.Events, store.HistoryEvent{At: at, Kind: kind, By: by, Actor: actor, Data: data})
	}
	opening := g.line(cat.Openings, cat.Name)
	say(zongji.Message{From: zongji.FromContact, Text: opening}, 0)
	faq := zongji.FAQ{Question: cat.Name, Answer: "这个问题我记下了，正在为您转接人工客服。"}
	if fs := g.answers[cat.Name]; len(fs) > 0 {
		faq = fs[r.IntN(len(fs))]
	}
	note(zongji.EvBot, zongji.ByBot, 0, zongji.BotData{Act: "answer", Query: opening, Candidates: []zongji.BotScore{{FAQ: faq.ID, Question: faq.Question, Score: 0.6 + 0.4*r.Float64()}}})
	say(zongji.Message{From: zongji.FromBot, Kind: zongji.KindAnswer, Text: faq.Answer}, time.Second)
	end := func(how string) {
		h.Conv.ClosedAt, h.Conv.LastAt = at, at
		h.Conv.Preview, h.Conv.PrevFrom = head(h.Messages[len(h.Messages)-1].Text, 60), h.Messages[len(h.Messages)-1].From
		note(zongji.EvClosed, zongji.BySystem, 0, zongji.ClosedData{How: how, Category: cat.Name})
	}
	if r.Float64() < g.p.SolvedByBot {
		say(zongji.Message{From: zongji.FromContact, Text: "好的，谢谢"}, time.Duration(10+r.IntN(60))*time.Second)
		note(zongji.EvFeedback, zongji.ByContact, 0, zongji.FeedbackData{FAQ: faq.ID, Solved: r.IntN(8) > 0})
		end("solved")
		return h
	}
	g.served(&h, cat, level, say, note, &at, end)
	return h
}

// served is the part with a person.
func (g *pastDay) served(h *store.HistoryConversation, cat packs.Topic, level zongji.Level, say func(zongji.Message, time.Duration),
	note func(zongji.EventKind, string, int64, any), at *zongji.Ms, end func(string)) {
	r := g.r
	say(zongji.Message{From: zongji.FromContact, Text: "转人工"}, time.Duration(8+r.IntN(30))*time.Second)
	q := g.queues[r.IntN(len(g.queues))]
	h.Conv.Queue, h.Conv.Team, h.Conv.QueuedAt = q.ID, q.Team, *at
	note(zongji.EvRouted, zongji.BySystem, 0, zongji.RoutedData{Reason: "asked_human", Queue: q.ID, Points: 5 * int(level), Demand: zongji.Demand{Queue: q.ID, Points: 5 * int(level)}})
	busy := float64(weight(g.p.Hours, at.Time().Add(8*time.Hour).Hour())) / 20
	wait := time.Duration((3 + r.ExpFloat64()*15*(1+busy)) * float64(time.Second))
	if r.IntN(25) == 0 { // nobody came in time
		*at = at.Add(wait * 4)
		end("customer")
		return
	}
	team := g.agents
	if mine := ofTeam(g.agents, q.Team); len(mine) > 0 {
		team = mine
	}
	a := team[r.IntN(len(team))]
	*at = at.Add(wait)
	h.Conv.AssignedAt, h.Conv.LastUser = *at, a.ID
	note(zongji.EvAssigned, zongji.BySystem, 0, zongji.AssignedData{Agent: a.ID, How: "offer", Wait: wait.Milliseconds()})
	agent := func(text string, after time.Duration) {
		say(zongji.Message{From: zongji.FromAgent, Author: a.ID, AuthorName: a.Public(), Text: text}, after)
	}
	agent(g.line(g.greeting, "您好，很高兴为您服务。"), time.Duration(2+r.IntN(12))*time.Second)
	h.Conv.FirstAt = *at
	for range 1 + r.IntN(3) {
		say(zongji.Message{From: zongji.FromContact, Text: g.line(cat.Openings, cat.Name)}, time.Duration(10+r.IntN(60))*time.Second)
		agent(g.line(cat.Replies, "好的，我来为您处理。"), time.Duration(8+r.IntN(50))*time.Second)
	}
	agent(g.line(cat.Closings, "感谢您的咨询，再见。"), time.Duration(10+r.IntN(40))*time.Second)
	h.Conv.Summary = cat.Name + "咨询，已处理"
	end("agent")
	if r.IntN(10) < 6 {
		stars := 1 + g.draw(g.p.Stars)
		if wait > time.Minute && stars > 2 {
			stars--
		}
		h.Conv.Stars = stars
		*at = at.Add(20 * time.Second)
		note(zongji.EvRated, zongji.ByContact, 0, zongji.RatedData{Stars: stars})
	}
}

func ofTeam(all []zongji.User, team int64) (out []zongji.User) {
	for _, u := range all {
		if u.Team == team {
			out = append(out, u)
		}
	}
	return out
}

func digits(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + r.IntN(10)))
	}
	return b.String()
}

// head returns the first n characters of s.
func head(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
