package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// edit writes configuration and counts its version up in one transaction.
func (db *DB) edit(ctx context.Context, what string, fn func(u run) error) error {
	err := db.write(ctx, func(u run) error {
		if err := fn(u); err != nil {
			return err
		}
		_, err := u.exec(db.q.ConfigBump, what)
		return err
	})
	if isUnique(err) {
		return zongji.Errorf(zongji.Conflict, "key_taken", "this key or login is already used in %s", what)
	}
	return err
}

// remove deletes one row of configuration; NotFound when it is not there.
func (db *DB) remove(ctx context.Context, what string, key any, s *stmt, with ...*stmt) error {
	return db.edit(ctx, what, func(u run) error {
		n, err := u.exec(s, key)
		if err == nil && n == 0 {
			err = zongji.Errorf(zongji.NotFound, "not_found", "nothing to delete in %s: %v", what, key)
		}
		for _, s := range with {
			if err == nil {
				_, err = u.exec(s, key)
			}
		}
		return err
	})
}

func (db *DB) fresh(id *int64) {
	if *id == 0 {
		*id = db.ids.New()
	}
}

// ConfigVersions returns a number for each kind of configuration that grows
// with each edit: users, teams, skills, queues, calendars, channels, faq,
// replies, rules, settings.
func (db *DB) ConfigVersions(ctx context.Context) (map[string]int64, error) {
	return pairs(db.read(ctx), db.q.ConfigVersions, func(s scan) (k string, v int64, err error) { return k, v, s(&k, &v) })
}

func pairs[V any](r run, q *stmt, fn func(scan) (string, V, error)) (map[string]V, error) {
	out := map[string]V{}
	_, err := list(r, q, nil, func(s scan) (struct{}, error) {
		k, v, err := fn(s)
		out[k] = v
		return struct{}{}, err
	})
	return out, err
}

// Teams returns all teams by key.
func (db *DB) Teams(ctx context.Context) ([]zongji.Team, error) {
	return list(db.read(ctx), db.q.TeamAll, nil, func(s scan) (t zongji.Team, err error) {
		var id int64
		err = s(&id, from{&t})
		t.ID = id
		return t, err
	})
}

// PutTeam writes a team; ID 0 makes a new one.
func (db *DB) PutTeam(ctx context.Context, t zongji.Team) (zongji.Team, error) {
	db.fresh(&t.ID)
	return t, db.edit(ctx, "teams", func(u run) error {
		_, err := u.exec(db.q.TeamPut, t.ID, t.Key, object(t))
		return err
	})
}

// DeleteTeam removes a team.
func (db *DB) DeleteTeam(ctx context.Context, id int64) error {
	return db.remove(ctx, "teams", id, db.q.TeamDelete)
}

// Queues returns all queues by key.
func (db *DB) Queues(ctx context.Context) ([]zongji.Queue, error) {
	return list(db.read(ctx), db.q.QueueAll, nil, func(s scan) (q zongji.Queue, err error) {
		var id int64
		err = s(&id, from{&q})
		q.ID = id
		return q, err
	})
}

// PutQueue writes a queue; ID 0 makes a new one.
func (db *DB) PutQueue(ctx context.Context, q zongji.Queue) (zongji.Queue, error) {
	db.fresh(&q.ID)
	return q, db.edit(ctx, "queues", func(u run) error {
		_, err := u.exec(db.q.QueuePut, q.ID, q.Key, object(q))
		return err
	})
}

// DeleteQueue removes a queue.
func (db *DB) DeleteQueue(ctx context.Context, id int64) error {
	return db.remove(ctx, "queues", id, db.q.QueueDelete)
}

// Skills returns all skills by key.
func (db *DB) Skills(ctx context.Context) ([]zongji.Skill, error) {
	return list(db.read(ctx), db.q.SkillAll, nil, func(s scan) (k zongji.Skill, err error) { return k, s(&k.Key, &k.Name) })
}

// PutSkill writes a skill.
func (db *DB) PutSkill(ctx context.Context, k zongji.Skill) (zongji.Skill, error) {
	return k, db.edit(ctx, "skills", func(u run) error {
		_, err := u.exec(db.q.SkillPut, k.Key, k.Name)
		return err
	})
}

// DeleteSkill removes a skill.
func (db *DB) DeleteSkill(ctx context.Context, key string) error {
	return db.remove(ctx, "skills", key, db.q.SkillDelete)
}

// Calendars returns the JSON text of each calendar by its key.
func (db *DB) Calendars(ctx context.Context) (map[string]string, error) {
	return pairs(db.read(ctx), db.q.CalendarAll, func(s scan) (k, v string, err error) { return k, v, s(&k, &v) })
}

// PutCalendar writes a calendar as JSON text.
func (db *DB) PutCalendar(ctx context.Context, key, text string) error {
	return db.edit(ctx, "calendars", func(u run) error {
		_, err := u.exec(db.q.CalendarPut, key, text)
		return err
	})
}

// DeleteCalendar removes a calendar.
func (db *DB) DeleteCalendar(ctx context.Context, key string) error {
	return db.remove(ctx, "calendars", key, db.q.CalendarDelete)
}

// Setting returns the JSON text of a setting, or a NotFound error.
func (db *DB) Setting(ctx context.Context, key string) (string, error) {
	return first(db.read(ctx), db.q.SettingByKey, []any{key}, zongji.Errorf(zongji.NotFound, "no_setting", "no setting %s", key),
		func(s scan) (v string, err error) { return v, s(&v) })
}

// PutSetting writes a setting as JSON text.
func (db *DB) PutSetting(ctx context.Context, key, text string) error {
	return db.edit(ctx, "settings", func(u run) error {
		_, err := u.exec(db.q.SettingPut, key, text)
		return err
	})
}

var errNoChannel = zongji.Errorf(zongji.NotFound, "no_channel", "no such channel")

func (db *DB) scanChannel(s scan) (c zongji.ChannelAccount, err error) {
	var id int64
	var key, sealed, secrets string
	if err := s(&id, &key, &sealed, &secrets, from{&c}); err != nil {
		return c, err
	}
	c.ID, c.Key = id, key
	if c.Secret, err = db.cfg.Sealer.Open(sealed); err != nil || secrets == "" {
		return c, err
	}
	if secrets, err = db.cfg.Sealer.Open(secrets); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(secrets), &c.Secrets); err != nil {
		return c, fmt.Errorf("secrets of channel %s: %w", c.Name, err)
	}
	c.Have = slices.Sorted(maps.Keys(c.Secrets))
	return c, nil
}

// Channels returns all channel accounts, with their secrets opened.
func (db *DB) Channels(ctx context.Context) ([]zongji.ChannelAccount, error) {
	return list(db.read(ctx), db.q.ChannelAll, nil, db.scanChannel)
}

// Channel returns one account, or a NotFound error.
func (db *DB) Channel(ctx context.Context, id int64) (zongji.ChannelAccount, error) {
	return first(db.read(ctx), db.q.ChannelByID, []any{id}, errNoChannel, db.scanChannel)
}

// ChannelByKey returns the account with a public key, or a NotFound error.
func (db *DB) ChannelByKey(ctx context.Context, key string) (zongji.ChannelAccount, error) {
	return first(db.read(ctx), db.q.ChannelByKey, []any{key}, errNoChannel, db.scanChannel)
}

// PutChannel writes an account; ID 0 makes a new one, with its Secret. The
// secret of one that exists stays: see SetChannelSecret. Secrets replace those
// that were there; nil keeps them, an empty value removes one.
func (db *DB) PutChannel(ctx context.Context, c zongji.ChannelAccount) (zongji.ChannelAccount, error) {
	db.fresh(&c.ID)
	c.Updated, c.Have = db.now(), nil
	sealed := ""
	if c.Secrets != nil {
		c.Secrets = maps.Clone(c.Secrets)
		maps.DeleteFunc(c.Secrets, func(_, v string) bool { return v == "" })
		text, err := json.Marshal(c.Secrets)
		if err != nil {
			return c, err
		}
		sealed = db.cfg.Sealer.Seal(string(text))
	}
	err := db.edit(ctx, "channels", func(u run) error {
		_, err := u.exec(db.q.ChannelPut, c.ID, c.Key, db.cfg.Sealer.Seal(c.Secret), sealed, object(c))
		return err
	})
	if err != nil {
		return c, err
	}
	return db.Channel(ctx, c.ID)
}

// SetChannelSecret replaces the secret of an account.
func (db *DB) SetChannelSecret(ctx context.Context, id int64, secret string) error {
	return db.edit(ctx, "channels", func(u run) error {
		n, err := u.exec(db.q.ChannelSecret, id, db.cfg.Sealer.Seal(secret))
		if err == nil && n == 0 {
			return errNoChannel
		}
		return err
	})
}

// DeleteChannel removes an account with all that it kept (tokens, cursors) and
// its log; its conversations stay.
func (db *DB) DeleteChannel(ctx context.Context, id int64) error {
	return db.remove(ctx, "channels", id, db.q.ChannelDelete, db.q.KeepDrop, db.q.LogDrop, db.q.HealthDrop)
}

// FAQs returns the knowledge base in the order it was written.
func (db *DB) FAQs(ctx context.Context) ([]zongji.FAQ, error) {
	return list(db.read(ctx), db.q.FAQAll, nil, func(s scan) (f zongji.FAQ, err error) {
		var id, hits, good, bad int64
		err = s(&id, from{&f}, &hits, &good, &bad)
		f.ID, f.Hits, f.Good, f.Bad = id, hits, good, bad
		return f, err
	})
}

// PutFAQs writes entries together; ID 0 makes a new one. The counts of ones
// that exist stay.
func (db *DB) PutFAQs(ctx context.Context, faqs []zongji.FAQ) ([]zongji.FAQ, error) {
	for i := range faqs {
		db.fresh(&faqs[i].ID)
		faqs[i].Updated = db.now()
	}
	return faqs, db.edit(ctx, "faq", func(u run) error {
		for _, f := range faqs {
			if _, err := u.exec(db.q.FAQPut, f.ID, object(f)); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteFAQ removes an entry.
func (db *DB) DeleteFAQ(ctx context.Context, id int64) error {
	return db.remove(ctx, "faq", id, db.q.FAQDelete)
}

// FAQHit adds to the counts of an entry; the version stays.
func (db *DB) FAQHit(ctx context.Context, id int64, hits, good, bad int64) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.FAQCount, id, hits, good, bad)
		return err
	})
}

func scanReply(s scan) (q zongji.QuickReply, err error) {
	var id, owner int64
	err = s(&id, &owner, from{&q})
	q.ID, q.Owner = id, owner
	return q, err
}

// QuickReplies returns everybody's replies and those of one user; user 0:
// only everybody's.
func (db *DB) QuickReplies(ctx context.Context, user int64) ([]zongji.QuickReply, error) {
	return list(db.read(ctx), db.q.QuickReplyAll, []any{user}, scanReply)
}

// QuickReply returns one, or a NotFound error.
func (db *DB) QuickReply(ctx context.Context, id int64) (zongji.QuickReply, error) {
	return first(db.read(ctx), db.q.QuickReplyByID, []any{id}, zongji.Errorf(zongji.NotFound, "no_reply", "no such quick reply"), scanReply)
}

// PutQuickReply writes a reply; ID 0 makes a new one.
func (db *DB) PutQuickReply(ctx context.Context, q zongji.QuickReply) (zongji.QuickReply, error) {
	all, err := db.PutQuickReplies(ctx, []zongji.QuickReply{q})
	return all[0], err
}

// PutQuickReplies writes replies together.
func (db *DB) PutQuickReplies(ctx context.Context, all []zongji.QuickReply) ([]zongji.QuickReply, error) {
	for i := range all {
		db.fresh(&all[i].ID)
	}
	return all, db.edit(ctx, "replies", func(u run) error {
		for _, q := range all {
			if _, err := u.exec(db.q.QuickReplyPut, q.ID, q.Owner, object(q)); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteQuickReply removes a reply.
func (db *DB) DeleteQuickReply(ctx context.Context, id int64) error {
	return db.remove(ctx, "replies", id, db.q.QuickReplyDelete)
}

// RulesVersion is one version of the routing rules.
type RulesVersion struct {
	Version int64     `json:"version"`
	At      zongji.Ms `json:"at"`
	By      int64     `json:"by,omitempty"`
	JSON    string    `json:"-"`
}

func scanRules(s scan) (v RulesVersion, err error) { return v, s(&v.Version, &v.At, &v.By, &v.JSON) }

// Rules returns the rules in force; version 0 and "" when there are none.
func (db *DB) Rules(ctx context.Context) (version int64, json string, err error) {
	v, err := first(db.read(ctx), db.q.RulesNewest, nil, errNoConversation, scanRules)
	if zongji.KindOf(err) == zongji.NotFound {
		err = nil
	}
	return v.Version, v.JSON, err
}

// RulesVersions returns all versions, the newest first.
func (db *DB) RulesVersions(ctx context.Context) ([]RulesVersion, error) {
	return list(db.read(ctx), db.q.RulesAll, nil, scanRules)
}

// RulesVersion returns one version, or a NotFound error.
func (db *DB) RulesVersion(ctx context.Context, version int64) (RulesVersion, error) {
	return first(db.read(ctx), db.q.RulesByVersion, []any{version}, zongji.Errorf(zongji.NotFound, "no_version", "no version %d of the rules", version), scanRules)
}

// PutRules writes the version after base; Conflict version_moved when base is
// not the version in force.
func (db *DB) PutRules(ctx context.Context, base int64, json string, by int64) (int64, error) {
	err := db.edit(ctx, "rules", func(u run) error {
		v, err := first(u, db.q.RulesNewest, nil, errNoConversation, scanRules)
		if err != nil && zongji.KindOf(err) != zongji.NotFound {
			return err
		}
		n := int64(0)
		if v.Version == base {
			if n, err = u.exec(db.q.RulesInsert, base+1, db.now(), by, json); err != nil {
				return err
			}
		}
		if n == 0 {
			return zongji.Errorf(zongji.Conflict, "version_moved", "the rules were changed meanwhile: reload and edit again")
		}
		return nil
	})
	return base + 1, err
}

var errNoUser = zongji.Errorf(zongji.NotFound, "no_user", "no such user")

func scanUser(s scan) (v zongji.User, err error) {
	var id int64
	var login string
	err = s(&id, &login, from{&v})
	v.ID, v.Login = id, login
	return v, err
}

func login(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Users returns all users by login.
func (db *DB) Users(ctx context.Context) ([]zongji.User, error) {
	return list(db.read(ctx), db.q.UserAll, nil, scanUser)
}

// User returns one user, or a NotFound error.
func (db *DB) User(ctx context.Context, id int64) (zongji.User, error) {
	return first(db.read(ctx), db.q.UserByID, []any{id}, errNoUser, scanUser)
}

// UserByLogin returns the user with a login in any case.
func (db *DB) UserByLogin(ctx context.Context, name string) (zongji.User, error) {
	return first(db.read(ctx), db.q.UserByLogin, []any{login(name)}, errNoUser, scanUser)
}

// PutUser writes a user; ID 0 makes a new one, without a password.
func (db *DB) PutUser(ctx context.Context, v zongji.User) (zongji.User, error) {
	db.fresh(&v.ID)
	v.Login = login(v.Login)
	if v.Created == 0 {
		v.Created = db.now()
	}
	return v, db.edit(ctx, "users", func(u run) error {
		_, err := u.exec(db.q.UserPut, v.ID, v.Login, object(v))
		return err
	})
}

// DeleteUser removes a user and ends his sessions.
func (db *DB) DeleteUser(ctx context.Context, id int64) error {
	return db.edit(ctx, "users", func(u run) error {
		if _, err := u.exec(db.q.SessionsDelete, id, ""); err != nil {
			return err
		}
		n, err := u.exec(db.q.UserDelete, id)
		if err == nil && n == 0 {
			return errNoUser
		}
		return err
	})
}

// SetPassword writes the hash of a user's password.
func (db *DB) SetPassword(ctx context.Context, id int64, hash string) error {
	return db.write(ctx, func(u run) error {
		n, err := u.exec(db.q.UserSetHash, id, hash)
		if err == nil && n == 0 {
			return errNoUser
		}
		return err
	})
}

// PasswordHash returns the hash of a login's password, or a NotFound error.
func (db *DB) PasswordHash(ctx context.Context, name string) (id int64, hash string, err error) {
	if err = db.read(ctx).one(db.q.UserHash, []any{login(name)}, &id, &hash); missing(err) {
		err = errNoUser
	}
	return id, hash, err
}

// PutSession writes a session, or moves its end.
func (db *DB) PutSession(ctx context.Context, tokenHash string, user int64, expires zongji.Ms) error {
	return db.write(ctx, func(u run) error {
		if _, err := u.exec(db.q.SessionsExpire, db.now()); err != nil {
			return err
		}
		_, err := u.exec(db.q.SessionPut, tokenHash, user, expires)
		return err
	})
}

// SessionUser returns whose a session is, or a NotFound error when it is
// unknown or over.
func (db *DB) SessionUser(ctx context.Context, tokenHash string) (user int64, expires zongji.Ms, err error) {
	if err = db.read(ctx).one(db.q.SessionByToken, []any{tokenHash, db.now()}, &user, &expires); missing(err) {
		err = zongji.Errorf(zongji.NotFound, "no_session", "the session is unknown or over")
	}
	return user, expires, err
}

// DeleteSession ends a session.
func (db *DB) DeleteSession(ctx context.Context, tokenHash string) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.SessionDelete, tokenHash)
		return err
	})
}

// DeleteUserSessions ends all sessions of a user but the one that is kept.
func (db *DB) DeleteUserSessions(ctx context.Context, user int64, keepHash string) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.SessionsDelete, user, keepHash)
		return err
	})
}

// Audit logs who did what. data is an object for JSON, or nil.
func (db *DB) Audit(ctx context.Context, who int64, what, about string, data any) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.AuditInsert, db.ids.New(), db.now(), who, what, about, object(data))
		return err
	})
}

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	ID    int64     `json:"id"`
	At    zongji.Ms `json:"at"`
	Who   int64     `json:"who"`
	What  string    `json:"what"`
	About string    `json:"about"`
	Data  string    `json:"data,omitempty"`
}

// AuditLog returns the last entries, the newest first.
func (db *DB) AuditLog(ctx context.Context, limit int) ([]AuditEntry, error) {
	return list(db.read(ctx), db.q.AuditLast, []any{limit}, func(s scan) (a AuditEntry, err error) {
		return a, s(&a.ID, &a.At, &a.Who, &a.What, &a.About, &a.Data)
	})
}

// VisitorByToken returns the channel's id of the visitor with a token.
func (db *DB) VisitorByToken(ctx context.Context, channel int64, tokenHash string) (ext string, err error) {
	if err = db.read(ctx).one(db.q.VisitorByToken, []any{channel, tokenHash}, &ext); missing(err) {
		return "", zongji.Errorf(zongji.NotFound, "no_visitor", "the visitor's token is unknown")
	} else if err != nil {
		return "", err
	}
	return db.cfg.Sealer.Open(ext)
}

// PutVisitor remembers whose a visitor token is.
func (db *DB) PutVisitor(ctx context.Context, channel int64, tokenHash, ext string) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.VisitorPut, channel, tokenHash, db.cfg.Sealer.Seal(ext))
		return err
	})
}

var errNoFile = zongji.Errorf(zongji.NotFound, "no_file", "no such file")

type fileRow struct {
	zongji.File
	key string
}

func scanFile(s scan) (f fileRow, err error) { return f, s(&f.key, from{&f.File}) }

// PutFile remembers a file that lies in the blob store under a key; token is
// of its address.
func (db *DB) PutFile(ctx context.Context, f zongji.File, token, blobKey string) (zongji.File, error) {
	db.fresh(&f.ID)
	return f, db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.FileInsert, f.ID, token, blobKey, object(f), db.now())
		return err
	})
}

// FilesByID returns files in the order asked; an unknown one is Invalid.
func (db *DB) FilesByID(ctx context.Context, ids []int64) ([]zongji.File, error) {
	var out []zongji.File
	for _, id := range ids {
		f, err := first(db.read(ctx), db.q.FileByID, []any{id}, errNoFile, scanFile)
		if errors.Is(err, errNoFile) {
			return nil, zongji.Errorf(zongji.Invalid, "no_file", "no file %d: upload it first", id)
		} else if err != nil {
			return nil, err
		}
		out = append(out, f.File)
	}
	return out, nil
}

// FileByToken returns a file and its key in the blob store.
func (db *DB) FileByToken(ctx context.Context, token string) (zongji.File, string, error) {
	f, err := first(db.read(ctx), db.q.FileByToken, []any{token}, errNoFile, scanFile)
	return f.File, f.key, err
}
