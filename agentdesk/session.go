package agentdesk

import (
	"context"
	"slices"
	"sync"
	"time"

	"zongji/internal/auth"
	"zongji/internal/zongji"
)

// peopleFor is how long queues, teams and names are believed without asking
// SQL. An edit on this node is seen at once.
const peopleFor = 2 * time.Second

// people is what scopes and names are made from.
type people struct {
	mu     sync.Mutex
	at     time.Time
	queues []zongji.Queue
	users  map[int64]zongji.User
}

// load returns queues and users as of a moment ago.
func (d *Desk) load(ctx context.Context) ([]zongji.Queue, map[int64]zongji.User, error) {
	p := &d.people
	p.mu.Lock()
	defer p.mu.Unlock()
	now := d.cfg.Clock.Now()
	if p.users != nil && now.Sub(p.at) < peopleFor {
		return p.queues, p.users, nil
	}
	queues, err := d.cfg.Store.Queues(ctx)
	if err != nil {
		return nil, nil, err
	}
	list, err := d.cfg.Store.Users(ctx)
	if err != nil {
		return nil, nil, err
	}
	users := make(map[int64]zongji.User, len(list))
	for _, u := range list {
		users[u.ID] = u
	}
	p.at, p.queues, p.users = now, queues, users
	return queues, users, nil
}

func (p *people) forget() {
	p.mu.Lock()
	p.users = nil
	p.mu.Unlock()
}

// actor says what a user may see: all of it, or one's own, one's team's, and
// what waits where one may be asked.
func (d *Desk) actor(ctx context.Context, u zongji.User) (zongji.Actor, error) {
	me := zongji.Actor{User: u.ID, Name: u.Public(), Role: u.Role, Scope: zongji.Scope{User: u.ID}}
	if u.Role != zongji.RoleAgent {
		me.Scope.All = true
		return me, nil
	}
	if u.Team != 0 {
		me.Scope.Teams = []int64{u.Team}
	}
	queues, _, err := d.load(ctx)
	for _, q := range queues {
		if serves(u, q) {
			me.Scope.Queues = append(me.Scope.Queues, q.ID)
		}
	}
	return me, err
}

// serves reports whether u may be asked to take what waits in q: by team, as a
// neighbour, or by all its skills.
func serves(u zongji.User, q zongji.Queue) bool {
	if q.Team != 0 && u.Team == q.Team || slices.Contains(q.Neighbours, u.Team) {
		return true
	}
	for _, s := range q.Skills {
		if u.Skills[s.Skill] < max(s.Level, 1) {
			return false
		}
	}
	return len(q.Skills) > 0
}

type loginReq struct {
	Body struct {
		Login    string `json:"login" required:"true" maxLength:"64"`
		Password string `json:"password" required:"true" maxLength:"200"`
	}
}

type session struct {
	Token   string        `json:"token"`
	Expires zongji.Ms     `json:"expires_at"`
	User    zongji.User   `json:"user"`
	Perms   []zongji.Perm `json:"perms"`
}

func sessionOf(s auth.Session) session {
	return session{s.Token, s.Expires, s.User, s.User.Role.Perms()}
}

func (d *Desk) login(ctx context.Context, _ zongji.Actor, req *loginReq) (session, error) {
	s, err := d.cfg.Auth.Login(ctx, callerOf(ctx).ip, req.Body.Login, req.Body.Password)
	if err != nil {
		return session{}, err
	}
	return sessionOf(s), d.cfg.Store.Audit(ctx, s.User.ID, "login", "", nil)
}

func (d *Desk) logout(ctx context.Context, me zongji.Actor, _ *struct{}) (none, error) {
	err := d.cfg.Auth.Logout(ctx, callerOf(ctx).token)
	d.hub.check()
	return none{}, err
}

type meAnswer struct {
	User  zongji.User        `json:"user"`
	Perms []zongji.Perm      `json:"perms"`
	Scope zongji.Scope       `json:"scope"`
	State zongji.AgentStatus `json:"state"`
}

func (d *Desk) me(ctx context.Context, me zongji.Actor, _ *struct{}) (meAnswer, error) {
	return meAnswer{callerOf(ctx).user, me.Role.Perms(), me.Scope, d.status(me.User)}, nil
}

// status returns what is known of an agent, offline when nothing is.
func (d *Desk) status(user int64) zongji.AgentStatus {
	st, ok := d.cfg.Router.Statuses()[user]
	if !ok {
		st = zongji.AgentStatus{User: user, State: zongji.AgentOffline}
	}
	return st
}

type passwordReq struct {
	Body struct {
		Old string `json:"old" required:"true" maxLength:"200"`
		New string `json:"new" required:"true" maxLength:"200"`
	}
}

func (d *Desk) myPassword(ctx context.Context, me zongji.Actor, req *passwordReq) (none, error) {
	who := callerOf(ctx)
	if err := d.cfg.Auth.ChangePassword(ctx, who.user, who.token, req.Body.Old, req.Body.New); err != nil {
		return none{}, err
	}
	d.hub.check()
	return none{}, d.cfg.Store.Audit(ctx, me.User, "password", "own", nil)
}

type stateReq struct {
	Body struct {
		State  zongji.AgentState `json:"state" required:"true" enum:"ready,break,offline"`
		Reason string            `json:"reason" maxLength:"40"`
	}
}

type stateAnswer struct {
	Me zongji.AgentStatus `json:"me"`
}

func (d *Desk) myState(ctx context.Context, me zongji.Actor, req *stateReq) (stateAnswer, error) {
	return d.setState(ctx, me, req.Body.State, req.Body.Reason)
}

type agentStateReq struct {
	ID int64 `path:"id"`
	stateReq
}

// agentState lets a supervisor set the state of somebody else; it is logged.
func (d *Desk) agentState(ctx context.Context, me zongji.Actor, req *agentStateReq) (stateAnswer, error) {
	if err := checkState(req.Body.State, req.Body.Reason); err != nil {
		return stateAnswer{}, err
	}
	if _, err := d.cfg.Store.User(ctx, req.ID); err != nil {
		return stateAnswer{}, err
	}
	got, err := d.cfg.Router.SetState(ctx, req.ID, req.Body.State, req.Body.Reason, zongji.BySystem)
	if err != nil {
		return stateAnswer{}, err
	}
	return stateAnswer{got}, d.audit(ctx, me, "state", about("users", req.ID), map[string]string{"state": string(got.State)})
}

// setState is what the REST route and the socket frame do.
func (d *Desk) setState(ctx context.Context, me zongji.Actor, st zongji.AgentState, reason string) (stateAnswer, error) {
	if err := checkState(st, reason); err != nil {
		return stateAnswer{}, err
	}
	got, err := d.cfg.Router.SetState(ctx, me.User, st, reason, zongji.ByAgent)
	return stateAnswer{got}, err
}

// checkState refuses states that nobody sets by hand.
func checkState(st zongji.AgentState, reason string) error {
	if st != zongji.AgentReady && st != zongji.AgentBreak && st != zongji.AgentOffline {
		return zongji.Errorf(zongji.Invalid, "bad_state", "state is %q: ready, break and offline are allowed", st)
	}
	if len([]rune(reason)) > 40 {
		return zongji.Errorf(zongji.Invalid, "invalid", "the reason has more than 40 characters")
	}
	return nil
}

type setupAnswer struct {
	Needed bool `json:"needed"`
}

func (d *Desk) setupNeeded(ctx context.Context, _ zongji.Actor, _ *struct{}) (setupAnswer, error) {
	needed, err := d.cfg.Auth.SetupNeeded(ctx)
	return setupAnswer{needed}, err
}

type setupReq struct {
	Body struct {
		Code     string `json:"code" required:"true" maxLength:"64"`
		Login    string `json:"login" required:"true" maxLength:"64"`
		Name     string `json:"name" required:"true" maxLength:"64"`
		Password string `json:"password" required:"true" maxLength:"200"`
	}
}

func (d *Desk) setup(ctx context.Context, _ zongji.Actor, req *setupReq) (session, error) {
	b := req.Body
	var m mistakes
	m.login("login", b.Login)
	m.need("name", b.Name, 64)
	if err := m.err(); err != nil {
		return session{}, err
	}
	s, err := d.cfg.Auth.Setup(ctx, callerOf(ctx).ip, b.Code, b.Login, b.Name, b.Password)
	if err != nil {
		return session{}, err
	}
	d.edited(ctx, "users")
	return sessionOf(s), d.cfg.Store.Audit(ctx, s.User.ID, "setup", "", nil)
}

// edited makes a change of configuration live on all nodes. Who misses the
// announcement sees the version within 2 s.
func (d *Desk) edited(ctx context.Context, what string) {
	d.people.forget()
	if err := d.cfg.Router.Announce(ctx, what); err != nil {
		d.log.Warn("configuration not announced", "what", what, "err", err)
	}
	d.hub.check()
}
