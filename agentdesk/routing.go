package agentdesk

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"zongji/internal/store"
	"zongji/internal/worktime"
	"zongji/internal/zongji"
	"zongji/router/rules"
)

func (d *Desk) queues(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.Queue], error) {
	return all(d.cfg.Store.Queues(ctx))
}

type queueBody struct{ Body zongji.Queue }
type queuePut struct {
	ID   int64 `path:"id"`
	Body zongji.Queue
}

func (d *Desk) addQueue(ctx context.Context, me zongji.Actor, req *queueBody) (zongji.Queue, error) {
	return d.putQueue(ctx, me, 0, req.Body, "add")
}

func (d *Desk) changeQueue(ctx context.Context, me zongji.Actor, req *queuePut) (zongji.Queue, error) {
	return d.putQueue(ctx, me, req.ID, req.Body, "change")
}

func (d *Desk) putQueue(ctx context.Context, me zongji.Actor, id int64, q zongji.Queue, verb string) (zongji.Queue, error) {
	h, err := d.house(ctx)
	if err != nil {
		return q, err
	}
	if _, err := find(h.queues, nil, func(o zongji.Queue) bool { return o.ID == id }); id != 0 && err != nil {
		return q, err
	}
	calendars, err := d.calendarTexts(ctx)
	if err != nil {
		return q, err
	}
	q.ID = id
	if err := h.checkQueue(&q, calendars).err(); err != nil {
		return q, err
	}
	if q, err = d.cfg.Store.PutQueue(ctx, q); err != nil {
		return q, err
	}
	return q, d.saved(ctx, me, "queues", verb, q.ID, map[string]string{"queue": q.Name})
}

// checkQueue names what is wrong with a queue. Zero seconds of an offer, of
// units and of offers at most get the usual values.
func (h house) checkQueue(q *zongji.Queue, calendars map[string]string) mistakes {
	for _, def := range []struct {
		at  *int
		def int
	}{{&q.OfferS, 20}, {&q.MaxOffers, 5}, {&q.Units, 1}, {&q.LostS, 60}} {
		if *def.at == 0 {
			*def.at = def.def
		}
	}
	if q.Calendar == "" {
		q.Calendar = "7x24"
	}
	var m mistakes
	m.key("key", q.Key)
	m.need("name", q.Name, 64)
	if !h.team(q.Team) {
		m.add("team", "gone", "there is no such team: choose one")
	}
	h.skillLevels(&m, "skills", q.Skills)
	if _, ok := calendars[q.Calendar]; !ok {
		m.add("calendar", "no_such", "there is no calendar %q: choose one of %v", q.Calendar, slices.Sorted(maps.Keys(calendars)))
	}
	for _, t := range q.Neighbours {
		if !h.team(t) {
			m.add("neighbours", "gone", "there is no team %d: reload the list", t)
		}
	}
	m.between("offer_s", q.OfferS, 5, 600)
	m.between("max_offers", q.MaxOffers, 1, 100)
	m.between("broadcast", q.Broadcast, 0, 50)
	m.between("units", q.Units, 1, maxCapacity)
	m.between("lost_s", q.LostS, 15, 3600)
	const day = 24 * 3600
	m.between("reopen_s", q.ReopenS, 0, 30*day)
	m.between("wrapup_s", q.WrapupS, 0, day)
	m.between("idle_close_s", q.IdleCloseS, 0, 30*day)
	m.between("first_s", q.FirstS, 0, 30*day)
	if !slices.IsSorted(q.RingS) || len(q.RingS) > 3 {
		m.add("ring_s", "ages", "must be at most three ages in seconds, ascending")
	}
	for _, o := range h.queues {
		if o.ID != q.ID && o.Key == q.Key {
			m.add("key", "taken_by", "queue %s has this key: choose another", o.Name)
		}
	}
	h.checkFallback(&m, q)
	return m
}

// checkFallback refuses a way that comes back to itself or ends nowhere.
func (h house) checkFallback(m *mistakes, q *zongji.Queue) {
	next := map[int64]int64{}
	for _, o := range h.queues {
		next[o.ID] = o.Fallback
	}
	if _, ok := next[q.Fallback]; !ok && q.Fallback != 0 {
		m.add("fallback", "gone", "there is no such queue: choose one")
		return
	}
	if q.ID == 0 {
		return // nobody falls back to a queue that is not there yet
	}
	next[q.ID] = q.Fallback
	for at, steps := q.Fallback, 0; at != 0 && steps <= len(next); at, steps = next[at], steps+1 {
		if at == q.ID {
			m.add("fallback", "circle", "the fallbacks come back to this queue: customers would go round for ever")
			return
		}
	}
}

func (d *Desk) deleteQueue(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	h, err := d.house(ctx)
	q, err := find(h.queues, err, func(q zongji.Queue) bool { return q.ID == req.ID })
	if err != nil {
		return none{}, err
	}
	uses, err := d.queueUses(ctx, h, q)
	if err != nil {
		return none{}, err
	}
	if err := inUse("the queue", uses); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteQueue(ctx, req.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "queues", "delete", req.ID, map[string]string{"queue": q.Name})
}

// queueUses names what would lose its way without q: other queues, channels,
// rules and open conversations.
func (d *Desk) queueUses(ctx context.Context, h house, q zongji.Queue) ([]string, error) {
	var uses []string
	for _, o := range h.queues {
		if o.Fallback == q.ID {
			uses = append(uses, o.Name)
		}
	}
	accounts, err := d.cfg.Store.Channels(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.Queue == q.ID {
			uses = append(uses, a.Name)
		}
	}
	set, err := d.ruleSet(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range set.Rules {
		if r.Then.Queue == q.Key {
			uses = append(uses, r.Name)
		}
	}
	open, _, err := d.cfg.Store.ListConversations(ctx, zongji.Scope{All: true}, store.ListReq{View: "all", Queue: q.ID, Limit: 1})
	if len(open) > 0 {
		uses = append(uses, "open conversations")
	}
	return uses, err
}

// ruleSet returns the rules in force.
func (d *Desk) ruleSet(ctx context.Context) (rules.Set, error) {
	version, text, err := d.cfg.Store.Rules(ctx)
	if err != nil || text == "" {
		return rules.Set{Version: version, Rules: []rules.Rule{}}, err
	}
	set, err := rules.Parse([]byte(text))
	set.Version = version
	return set, err
}

func (d *Desk) rules(ctx context.Context, _ zongji.Actor, _ *struct{}) (rules.Set, error) {
	return d.ruleSet(ctx)
}

type rulesReq struct {
	Body struct {
		Version int64           `json:"version" required:"true"`
		Rules   json.RawMessage `json:"rules" required:"true"`
	}
}

func (d *Desk) putRules(ctx context.Context, me zongji.Actor, req *rulesReq) (rules.Set, error) {
	text, err := json.Marshal(map[string]any{"rules": req.Body.Rules})
	if err != nil {
		return rules.Set{}, err
	}
	set, err := d.checkRules(ctx, text)
	if err != nil {
		return set, err
	}
	return d.storeRules(ctx, me, req.Body.Version, set, "change")
}

// checkRules reads a table and compiles it; what it refers to must be there.
func (d *Desk) checkRules(ctx context.Context, text []byte) (rules.Set, error) {
	set, err := rules.Parse(text)
	if err == nil {
		_, err = rules.Compile(set)
	}
	if err != nil {
		if zongji.KindOf(err) == zongji.Internal {
			err = mistakes{}.with("rules", "bad_rules", "%s", err)
		}
		return set, err
	}
	h, err := d.house(ctx)
	if err != nil {
		return set, err
	}
	var m mistakes
	for _, r := range set.Rules {
		if r.Then.Queue != "" && !slices.ContainsFunc(h.queues, func(q zongji.Queue) bool { return q.Key == r.Then.Queue }) {
			m.add("rules", "rule_queue", "rule %q: there is no queue %q", r.Name, r.Then.Queue)
		}
		for _, s := range slices.Concat(r.Then.Skills, r.Then.Preferred) {
			if !h.skill(s.Skill) {
				m.add("rules", "rule_skill", "rule %q: there is no skill %q", r.Name, s.Skill)
			}
		}
	}
	return set, m.err()
}

func (d *Desk) storeRules(ctx context.Context, me zongji.Actor, from int64, set rules.Set, verb string) (rules.Set, error) {
	set.Version = 0 // the row has it
	text, err := json.Marshal(set)
	if err != nil {
		return set, err
	}
	if set.Version, err = d.cfg.Store.PutRules(ctx, from, string(text), me.User); err != nil {
		return set, err
	}
	return set, d.saved(ctx, me, "rules", verb, set.Version, nil)
}

type testReq struct {
	Body struct {
		Facts zongji.Facts    `json:"facts" required:"true"`
		Rules json.RawMessage `json:"rules,omitempty" doc:"a draft; absent: the rules in force"`
	}
}

type testAnswer struct {
	Action   rules.Action    `json:"action"`
	Decision zongji.Decision `json:"decision"`
}

func (d *Desk) testRules(ctx context.Context, _ zongji.Actor, req *testReq) (testAnswer, error) {
	set, err := d.ruleSet(ctx)
	if len(req.Body.Rules) > 0 && string(req.Body.Rules) != "null" && err == nil {
		var text []byte
		if text, err = json.Marshal(map[string]any{"rules": req.Body.Rules}); err == nil {
			set, err = d.checkRules(ctx, text)
		}
	}
	if err != nil {
		return testAnswer{}, err
	}
	table, err := rules.Compile(set)
	if err != nil {
		return testAnswer{}, err
	}
	action, decision := table.Decide(req.Body.Facts)
	return testAnswer{action, decision}, nil
}

// versionCard is a version of the rules with the name of who made it.
type versionCard struct {
	store.RulesVersion
	ByName string `json:"by_name,omitempty"` // "" = nobody who is still here
}

func (d *Desk) rulesVersions(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[versionCard], error) {
	versions, err := d.cfg.Store.RulesVersions(ctx)
	if err != nil {
		return page[versionCard]{}, err
	}
	h, err := d.house(ctx)
	cards := []versionCard{}
	for _, v := range versions {
		u, _ := find(h.users, nil, func(u zongji.User) bool { return u.ID == v.By }) // else without a name
		cards = append(cards, versionCard{v, u.Name})
	}
	return page[versionCard]{Items: cards}, err
}

type byVersion struct {
	V int64 `path:"v"`
}

func (d *Desk) rulesVersion(ctx context.Context, _ zongji.Actor, req *byVersion) (rules.Set, error) {
	text, err := d.cfg.Store.RulesVersion(ctx, req.V)
	if err != nil {
		return rules.Set{}, err
	}
	set, err := rules.Parse([]byte(text.JSON))
	set.Version = req.V
	return set, err
}

func (d *Desk) restoreRules(ctx context.Context, me zongji.Actor, req *byVersion) (rules.Set, error) {
	text, err := d.cfg.Store.RulesVersion(ctx, req.V)
	if err != nil {
		return rules.Set{}, err
	}
	set, err := d.checkRules(ctx, []byte(text.JSON))
	if err != nil {
		return set, err
	}
	now, _, err := d.cfg.Store.Rules(ctx)
	if err != nil {
		return set, err
	}
	return d.storeRules(ctx, me, now, set, "restore")
}

// calendarTexts returns the stored calendars over the built-in ones.
func (d *Desk) calendarTexts(ctx context.Context) (map[string]string, error) {
	stored, err := d.cfg.Store.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(worktime.Builtin())
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, stored)
	return out, nil
}

type calendarCard struct {
	Key      string          `json:"key"`
	Name     string          `json:"name"`
	Builtin  bool            `json:"builtin,omitempty"`
	Calendar json.RawMessage `json:"calendar"`
}

func (d *Desk) calendars(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[calendarCard], error) {
	stored, err := d.cfg.Store.Calendars(ctx)
	if err != nil {
		return page[calendarCard]{}, err
	}
	texts, err := d.calendarTexts(ctx)
	cards := []calendarCard{}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		var named struct {
			Name string `json:"name"`
		}
		_ = json.Unmarshal([]byte(texts[key]), &named) // without a name the key is shown
		_, own := stored[key]
		cards = append(cards, calendarCard{key, named.Name, !own, json.RawMessage(texts[key])})
	}
	return page[calendarCard]{Items: cards}, err
}

type calendarBody struct{ Body calendarCard }
type calendarPut struct {
	Key  string `path:"key"`
	Body calendarCard
}

func (d *Desk) addCalendar(ctx context.Context, me zongji.Actor, req *calendarBody) (calendarCard, error) {
	texts, err := d.calendarTexts(ctx)
	if err != nil {
		return req.Body, err
	}
	if _, taken := texts[req.Body.Key]; taken {
		return req.Body, mistakes{}.with("key", "taken", "another calendar has this key: choose another")
	}
	return d.putCalendar(ctx, me, req.Body, "add")
}

func (d *Desk) changeCalendar(ctx context.Context, me zongji.Actor, req *calendarPut) (calendarCard, error) {
	req.Body.Key = req.Key
	return d.putCalendar(ctx, me, req.Body, "change")
}

func (d *Desk) putCalendar(ctx context.Context, me zongji.Actor, c calendarCard, verb string) (calendarCard, error) {
	var m mistakes
	m.key("key", c.Key)
	if len([]rune(c.Name)) > 64 {
		m.add("name", "longer", "has more than %d characters", 64)
	}
	if _, err := worktime.Parse(c.Calendar); err != nil {
		m.add("calendar", "bad_calendar", "%s", err)
	}
	if err := m.err(); err != nil {
		return c, err
	}
	var file worktime.File
	err := json.Unmarshal(c.Calendar, &file)
	if err != nil {
		return c, err
	}
	file.Name = strings.TrimSpace(c.Name)
	if c.Calendar, err = json.Marshal(file); err != nil {
		return c, err
	}
	if err := d.cfg.Store.PutCalendar(ctx, c.Key, string(c.Calendar)); err != nil {
		return c, err
	}
	return c, d.saved(ctx, me, "queues", verb+"-calendar", c.Key, nil)
}

// previewDays is how far ahead a calendar is shown.
const previewDays = 14

type calendarDraft struct {
	Body struct {
		Calendar json.RawMessage `json:"calendar" required:"true"`
	}
}

type calendarPreview struct {
	Days    []worktime.Day `json:"days"`
	Missing int            `json:"missing,omitempty"` // the year among them whose holidays are not known yet
}

func (d *Desk) previewCalendar(_ context.Context, _ zongji.Actor, req *calendarDraft) (calendarPreview, error) {
	c, err := worktime.Parse(req.Body.Calendar)
	if err != nil {
		return calendarPreview{}, mistakes{}.with("calendar", "bad_calendar", "%s", err)
	}
	now := d.now().Time()
	a := calendarPreview{Days: c.Days(now, previewDays)}
	if year := now.In(c.Zone()).AddDate(0, 0, previewDays-1).Year(); c.Missing(year) {
		a.Missing = year
	}
	return a, nil
}

func (d *Desk) deleteCalendar(ctx context.Context, me zongji.Actor, req *byKey) (none, error) {
	queues, err := d.cfg.Store.Queues(ctx)
	if err != nil {
		return none{}, err
	}
	var uses []string
	for _, q := range queues {
		if q.Calendar == req.Key && worktime.Builtin()[req.Key] == "" {
			uses = append(uses, q.Name)
		}
	}
	if err := inUse("the calendar", uses); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteCalendar(ctx, req.Key); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "queues", "delete-calendar", req.Key, nil)
}
