package packs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"zongji/internal/zongji"
)

// Store is what Load writes to. Setting returns "" for a key that is not set.
type Store interface {
	Teams(context.Context) ([]zongji.Team, error)
	PutTeam(context.Context, zongji.Team) (zongji.Team, error)
	PutSkill(context.Context, zongji.Skill) (zongji.Skill, error)
	Queues(context.Context) ([]zongji.Queue, error)
	PutQueue(context.Context, zongji.Queue) (zongji.Queue, error)
	Users(context.Context) ([]zongji.User, error)
	PutUser(context.Context, zongji.User) (zongji.User, error)
	Channels(context.Context) ([]zongji.ChannelAccount, error)
	PutChannel(context.Context, zongji.ChannelAccount) (zongji.ChannelAccount, error)
	FAQs(context.Context) ([]zongji.FAQ, error)
	PutFAQs(context.Context, []zongji.FAQ) ([]zongji.FAQ, error)
	QuickReplies(ctx context.Context, user int64) ([]zongji.QuickReply, error)
	PutQuickReplies(context.Context, []zongji.QuickReply) ([]zongji.QuickReply, error)
	Rules(context.Context) (version int64, text string, err error)
	PutRules(ctx context.Context, base int64, text string, by int64) (int64, error)
	Setting(ctx context.Context, key string) (string, error)
	PutSetting(ctx context.Context, key, text string) error
}

// Usual numbers of a queue, in seconds but for Units and MaxOffers.
const (
	offerS, reopenS, wrapupS, idleCloseS, firstS, lostS = 20, 1800, 60, 900, 60, 60
	units, maxOffers                                    = 3, 10
)

// loader loads one pack. hashes are of the texts that earlier loads wrote:
// what differs from them now was edited by a person and stays.
type loader struct {
	p      *Pack
	db     Store
	hashes map[string]string
	teams  map[string]int64
	queues map[string]int64
}

// Load puts a pack into an installation. It may be repeated: what is missing
// is added, what nobody edited since is brought up to date, all else stays.
func (p *Pack) Load(ctx context.Context, db Store) error {
	l := &loader{p: p, db: db, hashes: map[string]string{}, teams: map[string]int64{}, queues: map[string]int64{}}
	key := "pack." + p.ID
	text, err := db.Setting(ctx, key)
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		return err
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &l.hashes); err != nil {
			return fmt.Errorf("setting %s: %w", key, err)
		}
	}
	for _, part := range []struct {
		name string
		load func(context.Context) error
	}{{"teams", l.loadTeams}, {"queues", l.loadQueues}, {"users", l.loadUsers}, {"channel", l.loadChannel}, {"faq", l.loadFAQs}, {"replies", l.loadReplies}, {"rules", l.loadRules}, {"settings", l.loadSettings}} {
		if err := part.load(ctx); err != nil {
			return fmt.Errorf("pack %s: %s: %w", p.ID, part.name, err)
		}
	}
	out, err := json.Marshal(l.hashes)
	if err != nil {
		return err
	}
	return db.PutSetting(ctx, key, string(out))
}

// due reports whether the pack's text is to be written: now is what is
// stored, nil when nothing is.
func (l *loader) due(key string, now, want any) bool {
	if now != nil && hash(now) != l.hashes[key] {
		return false // edited since, or not ours
	}
	h := hash(want)
	if now != nil && h == l.hashes[key] {
		return false
	}
	l.hashes[key] = h
	return true
}

func hash(v any) string {
	b, _ := json.Marshal(v) // plain structs and text always marshal
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func (l *loader) loadTeams(ctx context.Context) error {
	have, err := l.db.Teams(ctx)
	if err != nil {
		return err
	}
	for _, t := range have {
		l.teams[t.Key] = t.ID
	}
	for _, t := range l.p.Teams {
		if l.teams[t.Key] == 0 {
			made, err := l.db.PutTeam(ctx, zongji.Team{Key: t.Key, Name: t.Name})
			if err != nil {
				return err
			}
			l.teams[t.Key] = made.ID
		}
	}
	for _, s := range l.p.Skills {
		if k := "skill:" + s.Key; l.hashes[k] == "" {
			l.hashes[k] = hash(s)
			if _, err := l.db.PutSkill(ctx, zongji.Skill{Key: s.Key, Name: s.Name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadQueues adds queues that are missing; fallbacks follow when all are there.
func (l *loader) loadQueues(ctx context.Context) error {
	have, err := l.db.Queues(ctx)
	if err != nil {
		return err
	}
	for _, q := range have {
		l.queues[q.Key] = q.ID
	}
	made := map[string]zongji.Queue{}
	for _, q := range l.p.Queues {
		if l.queues[q.Key] != 0 {
			continue
		}
		row := zongji.Queue{Key: q.Key, Name: q.Name, Team: l.teams[q.Team], Calendar: l.p.Calendar, OfferS: cmp.Or(q.OfferS, offerS), MaxOffers: maxOffers,
			Broadcast: q.Broadcast, RingS: []int{30, 60, 120}, ReopenS: reopenS, WrapupS: wrapupS, IdleCloseS: idleCloseS, FirstS: cmp.Or(q.FirstS, firstS), Units: units, LostS: lostS}
		for _, t := range q.Neighbours {
			row.Neighbours = append(row.Neighbours, l.teams[t])
		}
		if row, err = l.db.PutQueue(ctx, row); err != nil {
			return err
		}
		l.queues[q.Key], made[q.Key] = row.ID, row
	}
	for _, q := range l.p.Queues {
		if row, ok := made[q.Key]; ok && q.Fallback != "" {
			row.Fallback = l.queues[q.Fallback]
			if _, err := l.db.PutQueue(ctx, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadUsers adds logins that are missing, without passwords.
func (l *loader) loadUsers(ctx context.Context) error {
	have, err := l.db.Users(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, u := range have {
		known[u.Login] = true
	}
	for _, u := range l.p.Users {
		if known[u.Login] {
			continue
		}
		if _, err := l.db.PutUser(ctx, zongji.User{Login: u.Login, Name: u.Name, Nick: u.Nick, Role: u.Role, Team: l.teams[u.Team], Skills: u.Skills,
			Langs: u.Langs, Capacity: u.Capacity, Demo: u.Role == zongji.RoleAgent}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) loadChannel(ctx context.Context) error {
	have, err := l.db.Channels(ctx)
	if err != nil {
		return err
	}
	for _, c := range have {
		if c.Key == l.p.Channel.Key {
			return nil
		}
	}
	_, err = l.db.PutChannel(ctx, zongji.ChannelAccount{Kind: "webchat", Name: l.p.Channel.Name, Key: l.p.Channel.Key, Queue: l.queues[l.p.Channel.Queue],
		Bot: true, Settings: map[string]string{"title": l.p.Company}})
	return err
}

func (l *loader) loadFAQs(ctx context.Context) error {
	have, err := l.db.FAQs(ctx)
	if err != nil {
		return err
	}
	known := map[string]zongji.FAQ{}
	for _, f := range have {
		known[f.Key] = f
	}
	var put []zongji.FAQ
	for _, f := range l.p.FAQs {
		row, ok := known[f.ID]
		var now any
		if ok {
			now = FAQ{row.Key, row.Category, row.Question, row.Answer, row.Similar}
		}
		if l.due("faq:"+f.ID, now, f) {
			row.Key, row.Category, row.Question, row.Answer, row.Similar = f.ID, f.Category, f.Question, f.Answer, f.Similar
			put = append(put, row)
		}
	}
	if len(put) > 0 {
		_, err = l.db.PutFAQs(ctx, put)
	}
	return err
}

func (l *loader) loadReplies(ctx context.Context) error {
	have, err := l.db.QuickReplies(ctx, 0)
	if err != nil {
		return err
	}
	known := map[string]zongji.QuickReply{}
	for _, r := range have {
		if r.Owner == 0 {
			known[r.Shortcut] = r
		}
	}
	var put []zongji.QuickReply
	for _, r := range l.p.Replies {
		row, ok := known[r.Shortcut]
		var now any
		if ok {
			now = Reply{row.Group, row.Shortcut, row.Title, row.Text}
		}
		if l.due("reply:"+r.Shortcut, now, r) {
			row.Group, row.Shortcut, row.Title, row.Text = r.Group, r.Shortcut, r.Title, r.Text
			put = append(put, row)
		}
	}
	if len(put) > 0 {
		_, err = l.db.PutQuickReplies(ctx, put)
	}
	return err
}

func (l *loader) loadRules(ctx context.Context) error {
	version, text, err := l.db.Rules(ctx)
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		return err
	}
	var now any
	if text != "" {
		now = text
	}
	if !l.due("rules", now, l.p.RulesText) {
		return nil
	}
	_, err = l.db.PutRules(ctx, version, l.p.RulesText, 0)
	return err
}

// loadSettings sets the company's name and the wrap-up categories, "报修/上门",
// where they are not set.
func (l *loader) loadSettings(ctx context.Context) error {
	all := []string{}
	for _, c := range l.p.Categories {
		if len(c.Children) == 0 {
			all = append(all, c.Name)
		}
		for _, child := range c.Children {
			all = append(all, c.Name+"/"+child)
		}
	}
	for key, v := range map[string]any{"company": l.p.Company, "categories": all} {
		if text, err := l.db.Setting(ctx, key); err != nil && zongji.KindOf(err) != zongji.NotFound {
			return err
		} else if err == nil && text != "" {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := l.db.PutSetting(ctx, key, string(b)); err != nil {
			return err
		}
	}
	return nil
}
