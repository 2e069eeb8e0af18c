// Package auth knows who somebody is: passwords (argon2id), sessions (128-bit
// tokens of which only the SHA-256 is stored), limits on guessing, and the
// one-time code of the first start.
package auth

import (
	"context"
	"crypto/subtle"
	"net/netip"
	"strings"
	"sync"
	"time"

	"zongji/internal/zongji"
)

const (
	// sessionLife is how long a session lives after its last use.
	sessionLife = 12 * time.Hour
	// slideEvery is how much of it must be used up before it is written again.
	slideEvery = 10 * time.Minute
	// cacheFor is how long a session's user is believed without asking SQL:
	// an ended session or a changed role takes effect everywhere within it.
	cacheFor = 5 * time.Second
	// cacheMax is how many sessions are remembered on this node.
	cacheMax = 10_000
	// hashAtOnce bounds the memory of password checks: 4 × 19 MiB.
	hashAtOnce = 4
)

// Store is what auth needs of the database.
type Store interface {
	Users(ctx context.Context) ([]zongji.User, error)
	User(ctx context.Context, id int64) (zongji.User, error)
	PutUser(ctx context.Context, u zongji.User) (zongji.User, error)
	PasswordHash(ctx context.Context, login string) (id int64, hash string, err error)
	SetPassword(ctx context.Context, id int64, hash string) error
	PutSession(ctx context.Context, tokenHash string, user int64, expires zongji.Ms) error
	SessionUser(ctx context.Context, tokenHash string) (user int64, expires zongji.Ms, err error)
	DeleteSession(ctx context.Context, tokenHash string) error
	DeleteUserSessions(ctx context.Context, user int64, keepHash string) error
}

// Config of an Auth.
type Config struct {
	Store     Store
	Clock     zongji.Clock
	SetupCode string // of the first start; "" = a random one
	Loopback  bool   // limits per IP hold for loopback too
}

// Auth checks logins and sessions. Safe for concurrent use.
type Auth struct {
	cfg    Config
	logins failures
	hashes chan struct{} // limit of password checks at once
	decoy  func() string // a hash that is checked for unknown logins, so that they take as long

	mu    sync.Mutex
	cache map[string]known // by token hash

	setupMu sync.Mutex // one setup at a time
}

type known struct {
	user    zongji.User
	expires zongji.Ms
	at      time.Time
}

// Session is an open session. Token is shown to its owner only.
type Session struct {
	Token   string
	Expires zongji.Ms
	User    zongji.User
}

// New returns an Auth.
func New(cfg Config) *Auth {
	if cfg.Clock == nil {
		cfg.Clock = zongji.Wall{}
	}
	if cfg.SetupCode == "" {
		cfg.SetupCode = NewPassword()
	}
	return &Auth{cfg: cfg, logins: failures{clock: cfg.Clock, at: map[string][]time.Time{}}, hashes: make(chan struct{}, hashAtOnce),
		decoy: sync.OnceValue(func() string { return Hash(NewToken()) }), cache: map[string]known{}}
}

var (
	errBadLogin  = zongji.Errorf(zongji.Unauthenticated, "bad_login", "login or password is wrong")
	errTryLater  = zongji.Errorf(zongji.Busy, "try_later", "too many failed logins: try again in 10 minutes")
	errNoSession = zongji.Errorf(zongji.Unauthenticated, "unauthenticated", "the session is unknown or has ended: log in again")
)

// Login opens a session. Unknown login, wrong password and disabled user are
// answered alike, in the same time.
func (a *Auth) Login(ctx context.Context, ip, login, password string) (Session, error) {
	login = strings.TrimSpace(login)
	byLogin, byIP := "l:"+strings.ToLower(login), "i:"+ip
	limitIP := a.cfg.Loopback || !loopback(ip)
	if limitIP && !a.logins.try(byIP, failsIP) {
		return Session{}, errTryLater
	}
	if !a.logins.try(byLogin, failsLogin) {
		return Session{}, errTryLater
	}
	user, ok, err := a.verify(ctx, login, password)
	if err != nil || !ok {
		if err == nil {
			err = errBadLogin
		}
		return Session{}, err
	}
	a.logins.forget(byLogin)
	if limitIP {
		a.logins.back(byIP)
	}
	return a.open(ctx, user)
}

func (a *Auth) verify(ctx context.Context, login, password string) (zongji.User, bool, error) {
	id, hash, err := a.cfg.Store.PasswordHash(ctx, login)
	if err != nil && zongji.KindOf(err) != zongji.NotFound {
		return zongji.User{}, false, err
	}
	if err != nil || hash == "" {
		id, hash = 0, a.decoy()
	}
	select {
	case a.hashes <- struct{}{}:
	case <-ctx.Done():
		return zongji.User{}, false, ctx.Err()
	}
	ok := Check(hash, password)
	<-a.hashes
	if !ok || id == 0 {
		return zongji.User{}, false, nil
	}
	user, err := a.cfg.Store.User(ctx, id)
	return user, err == nil && !user.Disabled, err
}

// open makes a session for user.
func (a *Auth) open(ctx context.Context, user zongji.User) (Session, error) {
	s := Session{Token: NewToken(), Expires: zongji.NowMs(a.cfg.Clock).Add(sessionLife), User: user}
	return s, a.cfg.Store.PutSession(ctx, TokenHash(s.Token), user.ID, s.Expires)
}

// User returns who holds a token and moves the session's end. Unknown and
// ended ones are Unauthenticated.
func (a *Auth) User(ctx context.Context, token string) (zongji.User, error) {
	if len(token) != 32 {
		return zongji.User{}, errNoSession
	}
	hash, now := TokenHash(token), a.cfg.Clock.Now()
	a.mu.Lock()
	k, ok := a.cache[hash]
	a.mu.Unlock()
	if ok && now.Sub(k.at) < cacheFor && zongji.MsOf(now) < k.expires {
		return k.user, nil
	}
	id, expires, err := a.cfg.Store.SessionUser(ctx, hash)
	if zongji.KindOf(err) == zongji.NotFound || err == nil && expires <= zongji.MsOf(now) {
		a.drop(hash)
		return zongji.User{}, errNoSession
	}
	if err != nil {
		return zongji.User{}, err
	}
	user, err := a.cfg.Store.User(ctx, id)
	if zongji.KindOf(err) == zongji.NotFound || err == nil && user.Disabled {
		a.drop(hash)
		return zongji.User{}, errNoSession
	}
	if err != nil {
		return zongji.User{}, err
	}
	if end := zongji.MsOf(now).Add(sessionLife); end.Sub(expires) > slideEvery {
		if err := a.cfg.Store.PutSession(ctx, hash, id, end); err != nil {
			return zongji.User{}, err
		}
		expires = end
	}
	a.mu.Lock()
	if len(a.cache) >= cacheMax {
		clear(a.cache)
	}
	a.cache[hash] = known{user, expires, now}
	a.mu.Unlock()
	return user, nil
}

func (a *Auth) drop(hash string) {
	a.mu.Lock()
	delete(a.cache, hash)
	a.mu.Unlock()
}

// Forget drops what is remembered of a user's sessions on this node, after he
// was changed.
func (a *Auth) Forget(user int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for hash, k := range a.cache {
		if k.user.ID == user {
			delete(a.cache, hash)
		}
	}
}

// Logout ends one session.
func (a *Auth) Logout(ctx context.Context, token string) error {
	a.drop(TokenHash(token))
	return a.cfg.Store.DeleteSession(ctx, TokenHash(token))
}

// ChangePassword sets one's own password and ends one's other sessions.
func (a *Auth) ChangePassword(ctx context.Context, user zongji.User, token, old, password string) error {
	key := "p:" + user.Login
	if !a.logins.try(key, failsLogin) {
		return errTryLater
	}
	if _, ok, err := a.verify(ctx, user.Login, old); err != nil {
		return err
	} else if !ok {
		return zongji.Errorf(zongji.Invalid, "wrong_password", "the old password is wrong")
	}
	a.logins.forget(key)
	if err := CheckStrength(user.Login, password); err != nil {
		return err
	}
	return a.set(ctx, user.ID, password, TokenHash(token))
}

// SetPassword sets somebody's password and ends all his sessions.
func (a *Auth) SetPassword(ctx context.Context, user zongji.User, password string) error {
	if err := CheckStrength(user.Login, password); err != nil {
		return err
	}
	return a.set(ctx, user.ID, password, "")
}

func (a *Auth) set(ctx context.Context, user int64, password, keep string) error {
	if err := a.cfg.Store.SetPassword(ctx, user, Hash(password)); err != nil {
		return err
	}
	return a.End(ctx, user, keep)
}

// End ends a user's sessions but the one with the hash keep ("" = all).
func (a *Auth) End(ctx context.Context, user int64, keep string) error {
	a.Forget(user)
	return a.cfg.Store.DeleteUserSessions(ctx, user, keep)
}

// SetupNeeded reports whether nobody can log in yet.
func (a *Auth) SetupNeeded(ctx context.Context) (bool, error) {
	users, err := a.cfg.Store.Users(ctx)
	return len(users) == 0, err
}

// SetupCode returns the one-time code that stands in the log of the first
// start.
func (a *Auth) SetupCode() string { return a.cfg.SetupCode }

// Setup makes the first admin and logs him in.
func (a *Auth) Setup(ctx context.Context, ip, code, login, name, password string) (Session, error) {
	a.setupMu.Lock()
	defer a.setupMu.Unlock()
	if needed, err := a.SetupNeeded(ctx); err != nil {
		return Session{}, err
	} else if !needed {
		return Session{}, zongji.Errorf(zongji.Conflict, "setup_done", "somebody has set this installation up already: log in")
	}
	if !a.logins.try("s:"+ip, failsIP) {
		return Session{}, errTryLater
	}
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(code)), []byte(a.cfg.SetupCode)) != 1 {
		return Session{}, zongji.Errorf(zongji.Denied, "bad_code", "the code is wrong: it stands in the log of the first start")
	}
	if err := CheckStrength(login, password); err != nil {
		return Session{}, err
	}
	user, err := a.cfg.Store.PutUser(ctx, zongji.User{Login: strings.TrimSpace(login), Name: name, Role: zongji.RoleAdmin})
	if err != nil {
		return Session{}, err
	}
	if err := a.cfg.Store.SetPassword(ctx, user.ID, Hash(password)); err != nil {
		return Session{}, err
	}
	return a.open(ctx, user)
}

func loopback(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && addr.IsLoopback()
}
