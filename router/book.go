package router

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"zongji/internal/worktime"
	"zongji/internal/zongji"
	"zongji/router/rules"
)

// book is the configuration as one unchanging value; a change makes a new one.
type book struct {
	versions     map[string]int64
	queues       map[int64]zongji.Queue
	queueKeys    map[string]int64
	users        map[int64]zongji.User
	channels     map[int64]zongji.ChannelAccount
	calendars    map[string]worktime.Calendar
	teams        map[int64]string // their names
	signatures   map[string]string
	company      string
	rules        *rules.Table
	rulesVersion int64
}

// Load reads the configuration from SQL; Run does it first. A rule set that
// does not compile leaves the last good one in force.
func (r *Router) Load(ctx context.Context) error {
	r.bookMu.Lock()
	defer r.bookMu.Unlock()
	versions, err := r.db.ConfigVersions(ctx)
	if err != nil {
		return err
	}
	old := r.book.Load()
	if old.versions != nil && maps.Equal(old.versions, versions) {
		return nil
	}
	b, err := r.readBook(ctx, old)
	if err != nil {
		return err
	}
	b.versions = versions
	if r.cfg.Bot != nil && (old.versions == nil || old.versions["faq"] != versions["faq"]) {
		faqs, err := r.db.FAQs(ctx)
		if err != nil {
			return err
		}
		r.cfg.Bot.Load(versions["faq"], faqs)
	}
	r.book.Store(b)
	poke(r.accounts.wake)
	return nil
}

func (r *Router) readBook(ctx context.Context, old *book) (*book, error) {
	b := &book{queues: map[int64]zongji.Queue{}, queueKeys: map[string]int64{}, users: map[int64]zongji.User{},
		channels: map[int64]zongji.ChannelAccount{}, calendars: map[string]worktime.Calendar{}}
	queues, err := r.db.Queues(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range queues {
		b.queues[q.ID], b.queueKeys[q.Key] = q, q.ID
	}
	users, err := r.db.Users(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		b.users[u.ID] = u
	}
	accounts, err := r.db.Channels(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		b.channels[a.ID] = a
	}
	calendars, err := r.db.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	for key, text := range worktime.Builtin() {
		if _, ok := calendars[key]; !ok {
			calendars[key] = text
		}
	}
	for key, text := range calendars {
		cal, err := worktime.Parse([]byte(text))
		if err != nil {
			r.log.Error("calendar does not parse: its queues count as always open", "calendar", key, "err", err)
			continue
		}
		b.calendars[key] = cal
	}
	if err := r.readNames(ctx, b); err != nil {
		return nil, err
	}
	version, text, err := r.db.Rules(ctx)
	if err != nil {
		return nil, err
	}
	if b.rules, b.rulesVersion = old.rules, old.rulesVersion; b.rules == nil || version != old.rulesVersion {
		if table, err := compileRules(version, text); err != nil {
			r.log.Error("rules do not compile: the last good ones stay in force", "version", version, "err", err)
		} else {
			b.rules, b.rulesVersion = table, version
		}
	}
	return b, nil
}

// readNames reads what mails are signed with.
func (r *Router) readNames(ctx context.Context, b *book) error {
	teams, err := r.db.Teams(ctx)
	if err != nil {
		return err
	}
	b.teams = map[int64]string{}
	for _, t := range teams {
		b.teams[t.ID] = t.Name
	}
	if b.signatures, err = r.db.Settings(ctx, Signature); err != nil {
		return err
	}
	text, err := r.db.Setting(ctx, "company")
	if err == nil {
		_ = json.Unmarshal([]byte(text), &b.company) // one that is no text has no name
	} else if zongji.KindOf(err) == zongji.NotFound {
		err = nil
	}
	return err
}

func compileRules(version int64, text string) (*rules.Table, error) {
	if text == "" {
		return rules.Compile(rules.Set{Version: version})
	}
	set, err := rules.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	set.Version = version
	return rules.Compile(set)
}

// Announce tells all nodes that configuration was edited, and reloads here.
func (r *Router) Announce(ctx context.Context, what string) error {
	if err := r.Load(ctx); err != nil {
		return err
	}
	live := zongji.Live{Config: what}
	if err := r.publishLive(ctx, live); err != nil {
		r.feed.take(live) // the other nodes see the version within 2 s
	}
	return nil
}

// runReload reloads when another node announced a change.
func (r *Router) runReload(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.reload:
		}
		if err := r.Load(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("configuration not reloaded", "err", err)
		}
	}
}

// queue returns the queue of a conversation: its own, else its channel's,
// else the first.
func (b *book) queue(c *zongji.Conversation) (zongji.Queue, error) {
	for _, id := range []int64{c.Queue, b.channels[c.Channel].Queue} {
		if q, ok := b.queues[id]; ok {
			return q, nil
		}
	}
	if ids := slices.Sorted(maps.Keys(b.queues)); len(ids) > 0 {
		return b.queues[ids[0]], nil
	}
	return zongji.Queue{}, fmt.Errorf("no queue is configured")
}

// restMax is after how long a conversation comes back whose queue never opens.
const restMax = 24 * time.Hour

// open reports whether people of q answer at a moment, and else when they
// will; a queue without a known calendar is always open.
func (b *book) open(q zongji.Queue, at zongji.Ms) (bool, zongji.Ms) {
	cal, ok := b.calendars[q.Calendar]
	if !ok || cal.Open(at.Time()) {
		return true, 0
	}
	if next := cal.NextOpen(at.Time()); !next.IsZero() {
		return false, zongji.MsOf(next)
	}
	return false, at.Add(restMax)
}

// profile returns what the engine knows of a user as an agent; false for
// users who serve nobody.
func (b *book) profile(st zongji.AgentStatus, online bool) (*zongji.AgentProfile, bool) {
	u, ok := b.users[st.User]
	if !ok || u.Disabled || u.Capacity <= 0 {
		return nil, false
	}
	p := &zongji.AgentProfile{ID: u.ID, Skills: u.Skills, Langs: u.Langs, Capacity: u.Capacity, State: st.State, Online: online, Since: st.Since}
	if p.State == "" {
		p.State = zongji.AgentOffline
	}
	if u.Team != 0 {
		p.Teams = []int64{u.Team}
	}
	return p, true
}

// name returns what customers call a user.
func (b *book) name(user int64) string {
	u, ok := b.users[user]
	if !ok {
		return ""
	}
	return u.Public()
}
