package agentdesk

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"zongji/internal/auth"
	"zongji/internal/zongji"
)

var (
	loginForm = regexp.MustCompile(`^[A-Za-z0-9._@-]{2,64}$`)
	keyForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	langs     = []string{"zh-CN", "zh-TW", "en"}
)

const maxCapacity = 100 // units of one agent

func (m *mistakes) login(field, s string) {
	if !loginForm.MatchString(s) {
		m.add(field, "login", "must be 2 to 64 of A–Z a–z 0–9 . _ @ -")
	}
}

func (m *mistakes) key(field, s string) {
	if !keyForm.MatchString(s) {
		m.add(field, "key", "must be 1 to 40 of a–z 0–9 _ - and begin with a letter or digit")
	}
}

// house is what users and queues refer to.
type house struct {
	users  []zongji.User
	teams  []zongji.Team
	skills []zongji.Skill
	queues []zongji.Queue
}

func (d *Desk) house(ctx context.Context) (h house, err error) {
	if h.users, err = d.cfg.Store.Users(ctx); err != nil {
		return h, err
	}
	if h.teams, err = d.cfg.Store.Teams(ctx); err != nil {
		return h, err
	}
	if h.skills, err = d.cfg.Store.Skills(ctx); err != nil {
		return h, err
	}
	h.queues, err = d.cfg.Store.Queues(ctx)
	return h, err
}

func (h house) team(id int64) bool {
	return slices.ContainsFunc(h.teams, func(t zongji.Team) bool { return t.ID == id })
}

func (h house) skill(key string) bool {
	return slices.ContainsFunc(h.skills, func(s zongji.Skill) bool { return s.Key == key })
}

func (h house) skillLevels(m *mistakes, field string, list []zongji.SkillLevel) {
	for _, s := range list {
		if !h.skill(s.Skill) {
			m.add(field, "no_such", "there is no skill %q: add it first", s.Skill)
		}
		m.between(field, s.Level, 1, 5)
	}
}

// checkUser names what is wrong with a user.
func (h house) checkUser(u *zongji.User) mistakes {
	var m mistakes
	u.Login, u.Name, u.Nick = strings.TrimSpace(u.Login), strings.TrimSpace(u.Name), strings.TrimSpace(u.Nick)
	m.login("login", u.Login)
	m.need("name", u.Name, 64)
	if len([]rune(u.Nick)) > 64 {
		m.add("nick", "longer", "has more than %d characters", 64)
	}
	if !slices.Contains(zongji.Roles(), u.Role) {
		m.oneOf("role", string(u.Role), "agent", "auditor", "supervisor", "admin")
	}
	if u.Team != 0 && !h.team(u.Team) {
		m.add("team", "gone", "there is no such team: reload the list")
	}
	for key, level := range u.Skills {
		if !h.skill(key) {
			m.add("skills", "no_such", "there is no skill %q: add it first", key)
		}
		m.between("skills", level, 1, 5)
	}
	for _, l := range u.Langs {
		m.oneOf("langs", l, langs...)
	}
	m.between("capacity", u.Capacity, 0, maxCapacity)
	for _, o := range h.users {
		if o.ID != u.ID && strings.EqualFold(o.Login, u.Login) {
			m.add("login", "login_taken", "%s has this login already: choose another", o.Name)
		}
	}
	return m
}

// lastAdmin refuses to leave the house without somebody who can log in as admin.
func (h house) lastAdmin(id int64) error {
	for _, u := range h.users {
		if u.ID != id && u.Role == zongji.RoleAdmin && !u.Disabled {
			return nil
		}
	}
	return zongji.Errorf(zongji.Conflict, "last_admin", "this is the last admin: make another one first")
}

func (d *Desk) users(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.User], error) {
	return all(d.cfg.Store.Users(ctx))
}

type userBody struct {
	Body struct {
		zongji.User
		Password string `json:"password,omitempty" maxLength:"200"`
	}
}

type userPut struct {
	ID   int64 `path:"id"`
	Body zongji.User
}

// userAnswer shows a password that was made, once.
type userAnswer struct {
	zongji.User
	Password string `json:"password,omitempty"`
}

func (d *Desk) addUser(ctx context.Context, me zongji.Actor, req *userBody) (userAnswer, error) {
	h, err := d.house(ctx)
	if err != nil {
		return userAnswer{}, err
	}
	u, password := req.Body.User, req.Body.Password
	u.ID, u.Created = 0, d.now()
	m := h.checkUser(&u)
	made := password == ""
	if made {
		password = auth.NewPassword()
	} else if err := auth.CheckStrength(u.Login, password); err != nil {
		m.add("password", "password", "%s", text(err))
	}
	if err := m.err(); err != nil {
		return userAnswer{}, err
	}
	if u, err = d.cfg.Store.PutUser(ctx, u); err != nil {
		return userAnswer{}, err
	}
	if err := d.cfg.Auth.SetPassword(ctx, u, password); err != nil {
		return userAnswer{}, err
	}
	a := userAnswer{User: u}
	if made {
		a.Password = password
	}
	return a, d.saved(ctx, me, "users", "add", u.ID, map[string]string{"login": u.Login, "role": string(u.Role)})
}

func (d *Desk) changeUser(ctx context.Context, me zongji.Actor, req *userPut) (zongji.User, error) {
	h, err := d.house(ctx)
	old, err := find(h.users, err, func(u zongji.User) bool { return u.ID == req.ID })
	if err != nil {
		return old, err
	}
	u := req.Body
	u.ID, u.Created = old.ID, old.Created
	if err := h.checkUser(&u).err(); err != nil {
		return u, err
	}
	if old.Role == zongji.RoleAdmin && (u.Role != zongji.RoleAdmin || u.Disabled) {
		if err := h.lastAdmin(u.ID); err != nil {
			return u, err
		}
	}
	if u, err = d.cfg.Store.PutUser(ctx, u); err != nil {
		return u, err
	}
	d.cfg.Auth.Forget(u.ID)
	if u.Disabled {
		if err := d.endSessions(ctx, u.ID); err != nil {
			return u, err
		}
	}
	return u, d.saved(ctx, me, "users", "change", u.ID, map[string]string{"login": u.Login, "role": string(u.Role)})
}

// endSessions makes somebody who may no longer work leave.
func (d *Desk) endSessions(ctx context.Context, user int64) error {
	if err := d.cfg.Auth.End(ctx, user, ""); err != nil {
		return err
	}
	_, err := d.cfg.Router.SetState(ctx, user, zongji.AgentOffline, "", zongji.BySystem)
	return err
}

func (d *Desk) deleteUser(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	h, err := d.house(ctx)
	u, err := find(h.users, err, func(u zongji.User) bool { return u.ID == req.ID })
	if err != nil {
		return none{}, err
	}
	if u.Role == zongji.RoleAdmin {
		if err := h.lastAdmin(u.ID); err != nil {
			return none{}, err
		}
	}
	if n := d.cfg.Router.Statuses()[u.ID].Chats; n > 0 {
		return none{}, zongji.Errorf(zongji.Conflict, "in_use", "%s holds %d conversations: transfer or close them first", u.Name, n)
	}
	if err := d.endSessions(ctx, u.ID); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteUser(ctx, u.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "users", "delete", u.ID, map[string]string{"login": u.Login})
}

type setPasswordReq struct {
	ID   int64 `path:"id"`
	Body struct {
		Password string `json:"password,omitempty" maxLength:"200" doc:"absent: one is made and shown once"`
	}
}

type passwordAnswer struct {
	Password string `json:"password,omitempty"`
}

func (d *Desk) setPassword(ctx context.Context, me zongji.Actor, req *setPasswordReq) (passwordAnswer, error) {
	u, err := d.cfg.Store.User(ctx, req.ID)
	if err != nil {
		return passwordAnswer{}, err
	}
	password, a := req.Body.Password, passwordAnswer{}
	if password == "" {
		password = auth.NewPassword()
		a.Password = password
	}
	if err := d.cfg.Auth.SetPassword(ctx, u, password); err != nil {
		return passwordAnswer{}, err
	}
	d.hub.check()
	return a, d.audit(ctx, me, "password", about("users", u.ID), nil)
}

func (d *Desk) teams(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.Team], error) {
	return all(d.cfg.Store.Teams(ctx))
}

type teamBody struct{ Body zongji.Team }
type teamPut struct {
	ID   int64 `path:"id"`
	Body zongji.Team
}

func (d *Desk) addTeam(ctx context.Context, me zongji.Actor, req *teamBody) (zongji.Team, error) {
	return d.putTeam(ctx, me, 0, req.Body, "add")
}

func (d *Desk) changeTeam(ctx context.Context, me zongji.Actor, req *teamPut) (zongji.Team, error) {
	return d.putTeam(ctx, me, req.ID, req.Body, "change")
}

func (d *Desk) putTeam(ctx context.Context, me zongji.Actor, id int64, t zongji.Team, verb string) (zongji.Team, error) {
	h, err := d.house(ctx)
	if err != nil {
		return t, err
	}
	if id != 0 && !h.team(id) {
		return t, errNotThere
	}
	t.ID = id
	var m mistakes
	m.key("key", t.Key)
	m.need("name", t.Name, 64)
	for _, o := range h.teams {
		if o.ID != id && o.Key == t.Key {
			m.add("key", "taken_by", "team %s has this key: choose another", o.Name)
		}
	}
	if err := m.err(); err != nil {
		return t, err
	}
	if t, err = d.cfg.Store.PutTeam(ctx, t); err != nil {
		return t, err
	}
	return t, d.saved(ctx, me, "users", verb+"-team", t.ID, map[string]string{"team": t.Name})
}

func (d *Desk) deleteTeam(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	h, err := d.house(ctx)
	if err != nil {
		return none{}, err
	}
	var uses []string
	for _, u := range h.users {
		if u.Team == req.ID {
			uses = append(uses, u.Name)
		}
	}
	for _, q := range h.queues {
		if q.Team == req.ID || slices.Contains(q.Neighbours, req.ID) {
			uses = append(uses, q.Name)
		}
	}
	if err := inUse("the team", uses); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteTeam(ctx, req.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "users", "delete-team", req.ID, nil)
}

// inUse refuses to delete what others refer to, and names them.
func inUse(what string, by []string) error {
	if len(by) == 0 {
		return nil
	}
	names := strings.Join(by[:min(5, len(by))], ", ")
	if len(by) > 5 {
		names += " …"
	}
	said := fmt.Sprintf("%s is used by %s: change them first", what, names)
	return &Problem{Status: http.StatusConflict, Code: "in_use", Detail: said, Errors: []mistake{{Message: said, Code: "used_by", Params: []any{names}}}}
}

func (d *Desk) skills(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.Skill], error) {
	return all(d.cfg.Store.Skills(ctx))
}

type skillBody struct{ Body zongji.Skill }
type skillPut struct {
	Key  string `path:"key"`
	Body zongji.Skill
}
type byKey struct {
	Key string `path:"key"`
}

func (d *Desk) addSkill(ctx context.Context, me zongji.Actor, req *skillBody) (zongji.Skill, error) {
	list, err := d.cfg.Store.Skills(ctx)
	if err != nil {
		return req.Body, err
	}
	for _, s := range list {
		if s.Key == req.Body.Key {
			return req.Body, mistakes{}.with("key", "taken_by", "skill %s has this key: choose another", s.Name)
		}
	}
	return d.putSkill(ctx, me, req.Body, "add-skill")
}

func (d *Desk) changeSkill(ctx context.Context, me zongji.Actor, req *skillPut) (zongji.Skill, error) {
	list, err := d.cfg.Store.Skills(ctx)
	if _, err := find(list, err, func(s zongji.Skill) bool { return s.Key == req.Key }); err != nil {
		return req.Body, err
	}
	req.Body.Key = req.Key
	return d.putSkill(ctx, me, req.Body, "change-skill")
}

func (d *Desk) putSkill(ctx context.Context, me zongji.Actor, s zongji.Skill, verb string) (zongji.Skill, error) {
	var m mistakes
	m.key("key", s.Key)
	m.need("name", s.Name, 64)
	if err := m.err(); err != nil {
		return s, err
	}
	s, err := d.cfg.Store.PutSkill(ctx, s)
	if err != nil {
		return s, err
	}
	return s, d.saved(ctx, me, "users", verb, s.Key, nil)
}

func (d *Desk) deleteSkill(ctx context.Context, me zongji.Actor, req *byKey) (none, error) {
	h, err := d.house(ctx)
	if err != nil {
		return none{}, err
	}
	var uses []string
	for _, u := range h.users {
		if u.Skills[req.Key] > 0 {
			uses = append(uses, u.Name)
		}
	}
	for _, q := range h.queues {
		if slices.ContainsFunc(q.Skills, func(s zongji.SkillLevel) bool { return s.Skill == req.Key }) {
			uses = append(uses, q.Name)
		}
	}
	if err := inUse("the skill", uses); err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteSkill(ctx, req.Key); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "users", "delete-skill", req.Key, nil)
}

type agentCard struct {
	ID     int64              `json:"id"`
	Name   string             `json:"name"`
	Nick   string             `json:"nick"`
	Team   int64              `json:"team,omitempty"`
	Role   zongji.Role        `json:"role"`
	Skills map[string]int     `json:"skills,omitempty"`
	Status zongji.AgentStatus `json:"status"`
}

type queueCard struct {
	ID      int64  `json:"id"`
	Key     string `json:"key"`
	Name    string `json:"name"`
	Team    int64  `json:"team"`
	Waiting int    `json:"waiting"`
	WaitS   int    `json:"wait_s"`
	FirstS  int    `json:"first_s"`
}

type channelCard struct {
	ID   int64  `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"`   // the kind's setting "type": a mini-program is an account of the kind wechat
	From string `json:"from,omitempty"`   // its address, where messages are mails
	Undo string `json:"undo_s,omitempty"` // how long an agent may take a mail back, seconds; as the account says
}

type directory struct {
	Items      []agentCard   `json:"items"`
	Queues     []queueCard   `json:"queues"`
	Teams      []zongji.Team `json:"teams"`
	Channels   []channelCard `json:"channels"`
	Categories []string      `json:"categories"`
	Company    string        `json:"company"`
}

// cards shows those who may work, with their states.
func (d *Desk) cards(users []zongji.User) []agentCard {
	statuses, out := d.cfg.Router.Statuses(), []agentCard{}
	for _, u := range users {
		if u.Disabled {
			continue
		}
		st, ok := statuses[u.ID]
		if !ok {
			st = zongji.AgentStatus{User: u.ID, Team: u.Team, State: zongji.AgentOffline, Capacity: u.Capacity}
		}
		out = append(out, agentCard{u.ID, u.Name, u.Nick, u.Team, u.Role, u.Skills, st})
	}
	return out
}

// agents is what the desk needs to name things.
func (d *Desk) agents(ctx context.Context, _ zongji.Actor, _ *struct{}) (directory, error) {
	a := directory{Items: []agentCard{}, Queues: []queueCard{}, Teams: []zongji.Team{}, Channels: []channelCard{}, Categories: []string{}}
	h, err := d.house(ctx)
	if err != nil {
		return a, err
	}
	a.Items = d.cards(h.users)
	depths := d.depths(ctx)
	for _, q := range h.queues {
		if !q.Disabled {
			a.Queues = append(a.Queues, queueCard{q.ID, q.Key, q.Name, q.Team, depths[q.ID], d.cfg.Router.Estimate(q.ID), q.FirstS})
		}
	}
	a.Teams = append(a.Teams, h.teams...)
	channels, err := d.cfg.Store.Channels(ctx)
	if err != nil {
		return a, err
	}
	for _, c := range channels {
		a.Channels = append(a.Channels, channelCard{c.ID, c.Kind, c.Name, c.Settings["type"], c.Settings["from"], c.Settings["undo_s"]})
	}
	if err := d.setting(ctx, "categories", &a.Categories); err != nil {
		return a, err
	}
	return a, d.setting(ctx, "company", &a.Company)
}
