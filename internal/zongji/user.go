package zongji

import "slices"

// Role is a set of permissions.
type Role string

// The roles of this version.
const (
	RoleAdmin      Role = "admin"      // configuration and users; sees all
	RoleSupervisor Role = "supervisor" // sees all conversations, the wall, tunes rules and knowledge
	RoleAgent      Role = "agent"      // own and team's conversations
	RoleAuditor    Role = "auditor"    // read-only: decisions, events, wall; no message text is hidden from him
)

// Perm is one right. Each route and each socket event names one.
type Perm string

// The permissions.
const (
	PermPublic    Perm = "public"    // no session needed
	PermSelf      Perm = "self"      // any session: one's own profile, state, password
	PermDesk      Perm = "desk"      // read conversations in scope
	PermReply     Perm = "reply"     // write, take, transfer, close in scope
	PermContact   Perm = "contact"   // change customers in scope
	PermReveal    Perm = "reveal"    // see a whole phone number, logged
	PermExport    Perm = "export"    // transcript of a conversation in scope
	PermWall      Perm = "wall"      // live figures
	PermSupervise Perm = "supervise" // take over, change others' state
	PermKB        Perm = "kb"        // FAQ and quick replies
	PermRules     Perm = "rules"     // routing rules, queues, calendars
	PermUsers     Perm = "users"     // users, teams, skills
	PermChannels  Perm = "channels"  // channels and their secrets
	PermSystem    Perm = "system"    // system card, demo data
)

var rolePerms = map[Role][]Perm{
	RoleAgent:      {PermSelf, PermDesk, PermReply, PermContact, PermExport},
	RoleSupervisor: {PermSelf, PermDesk, PermReply, PermContact, PermReveal, PermExport, PermWall, PermSupervise, PermKB, PermRules},
	RoleAuditor:    {PermSelf, PermDesk, PermWall},
	RoleAdmin: {PermSelf, PermDesk, PermReply, PermContact, PermReveal, PermExport, PermWall, PermSupervise, PermKB, PermRules,
		PermUsers, PermChannels, PermSystem},
}

// Roles lists the roles, the least first.
func Roles() []Role { return []Role{RoleAgent, RoleAuditor, RoleSupervisor, RoleAdmin} }

// Perms returns the permissions of r.
func (r Role) Perms() []Perm { return rolePerms[r] }

// May reports whether r includes p.
func (r Role) May(p Perm) bool { return p == PermPublic || slices.Contains(rolePerms[r], p) }

// User is somebody with a login: an agent, a supervisor, an admin.
type User struct {
	ID       int64          `json:"id"`
	Login    string         `json:"login"`
	Name     string         `json:"name"`
	Nick     string         `json:"nick"` // what customers see; "" = Name
	Role     Role           `json:"role"`
	Team     int64          `json:"team,omitempty"`
	Skills   map[string]int `json:"skills,omitempty"`
	Langs    []string       `json:"langs,omitempty"`
	Capacity int            `json:"capacity"` // units
	Disabled bool           `json:"disabled,omitempty"`
	Demo     bool           `json:"demo,omitempty"` // a scripted agent may sit here
	Created  Ms             `json:"created_at"`
}

// Public returns the name that customers see.
func (u *User) Public() string {
	if u.Nick != "" {
		return u.Nick
	}
	return u.Name
}

// Team is a group of users.
type Team struct {
	ID   int64  `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Skill is something that agents can do, at a level from 1 to 5.
type Skill struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Actor is who does something: the session's user and what he may see.
type Actor struct {
	User  int64
	Name  string // shown to customers
	Role  Role
	Scope Scope
}

// Scope says which conversations somebody sees. The same function filters
// lists in SQL (store) and events on the way to screens.
type Scope struct {
	All    bool    `json:"all,omitempty"`
	User   int64   `json:"user"`
	Teams  []int64 `json:"teams,omitempty"`  // everything of these teams
	Queues []int64 `json:"queues,omitempty"` // what waits in these queues
}

// Sees reports whether a conversation with that view lies in s.
func (s Scope) Sees(v View) bool {
	switch {
	case s.All:
		return true
	case v.Owner != 0 && v.Owner == s.User:
		return true
	case v.Team != 0 && slices.Contains(s.Teams, v.Team):
		return true
	}
	return v.Status == StatusQueued && slices.Contains(s.Queues, v.Queue)
}
