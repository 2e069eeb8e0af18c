package auth

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// people is a Store in memory; the database's own has its tests beside it.
type people struct {
	users    map[int64]zongji.User
	hash     map[int64]string
	sessions map[string]struct {
		user int64
		end  zongji.Ms
	}
}

var gone = zongji.Errorf(zongji.NotFound, "no_user", "no such user")

func (p *people) Users(context.Context) ([]zongji.User, error) {
	return slices.Collect(maps.Values(p.users)), nil
}
func (p *people) User(_ context.Context, id int64) (zongji.User, error) {
	if u, ok := p.users[id]; ok {
		return u, nil
	}
	return zongji.User{}, gone
}
func (p *people) PutUser(_ context.Context, u zongji.User) (zongji.User, error) {
	u.ID = int64(len(p.users) + 1)
	p.users[u.ID] = u
	return u, nil
}
func (p *people) PasswordHash(_ context.Context, login string) (int64, string, error) {
	for id, u := range p.users {
		if u.Login == login {
			return id, p.hash[id], nil
		}
	}
	return 0, "", gone
}
func (p *people) SetPassword(_ context.Context, id int64, hash string) error {
	p.hash[id] = hash
	return nil
}
func (p *people) PutSession(_ context.Context, hash string, user int64, end zongji.Ms) error {
	p.sessions[hash] = struct {
		user int64
		end  zongji.Ms
	}{user, end}
	return nil
}
func (p *people) SessionUser(_ context.Context, hash string) (int64, zongji.Ms, error) {
	if s, ok := p.sessions[hash]; ok {
		return s.user, s.end, nil
	}
	return 0, 0, gone
}
func (p *people) DeleteSession(_ context.Context, hash string) error {
	delete(p.sessions, hash)
	return nil
}
func (p *people) DeleteUserSessions(_ context.Context, user int64, keep string) error {
	maps.DeleteFunc(p.sessions, func(h string, s struct {
		user int64
		end  zongji.Ms
	}) bool {
		return s.user == user && h != keep
	})
	return nil
}

func setup(t *testing.T) (*Auth, *people, *testenv.Clock, Session) {
	t.Helper()
	p := &people{map[int64]zongji.User{}, map[int64]string{}, map[string]struct {
		user int64
		end  zongji.Ms
	}{}}
	clock := testenv.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	a := New(Config{Store: p, Clock: clock, SetupCode: "code", Loopback: true})
	s, err := a.Setup(t.Context(), "10.0.0.1", " code\n", "boss", "老板", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	return a, p, clock, s
}

func TestSetupWorksOnceWithTheCode(t *testing.T) {
	a, p, _, s := setup(t)
	if s.User.Role != zongji.RoleAdmin {
		t.Errorf("first user is %s", s.User.Role)
	}
	if _, err := a.Setup(t.Context(), "10.0.0.1", "code", "two", "two", "correct horse"); zongji.CodeOf(err) != "setup_done" {
		t.Errorf("second setup = %v", err)
	}
	clear(p.users)
	if _, err := a.Setup(t.Context(), "10.0.0.1", "guess", "two", "two", "correct horse"); zongji.CodeOf(err) != "bad_code" {
		t.Errorf("wrong code = %v", err)
	}
}

func TestSessionsSlideAndEnd(t *testing.T) {
	a, p, clock, s := setup(t)
	ctx := t.Context()
	for range 5 {
		clock.Move(11 * time.Hour)
		if u, err := a.User(ctx, s.Token); err != nil || u.Login != "boss" {
			t.Fatalf("User after 11 h = %v, %v", u, err)
		}
	}
	clock.Move(13 * time.Hour)
	if _, err := a.User(ctx, s.Token); zongji.KindOf(err) != zongji.Unauthenticated {
		t.Errorf("after 13 h without use = %v", err)
	}
	for _, forged := range []string{"", "x", strings.Repeat("0", 32), s.Token + "0"} {
		if _, err := a.User(ctx, forged); zongji.KindOf(err) != zongji.Unauthenticated {
			t.Errorf("forged token %q = %v", forged, err)
		}
	}
	for hash := range p.sessions {
		if hash == s.Token || strings.Contains(hash, s.Token) {
			t.Error("the token itself is stored")
		}
	}
}

func TestDisabledUserLosesHisSessionWithinFiveSeconds(t *testing.T) {
	a, p, clock, s := setup(t)
	if _, err := a.User(t.Context(), s.Token); err != nil {
		t.Fatal(err)
	}
	u := p.users[1]
	u.Disabled = true
	p.users[1] = u
	clock.Move(cacheFor)
	if _, err := a.User(t.Context(), s.Token); zongji.KindOf(err) != zongji.Unauthenticated {
		t.Errorf("disabled user = %v", err)
	}
	if _, err := a.Login(t.Context(), "10.0.0.1", "boss", "correct horse"); zongji.CodeOf(err) != "bad_login" {
		t.Errorf("login of a disabled user = %v", err)
	}
}

func TestGuessingIsLimitedPerLoginAndPerIP(t *testing.T) {
	a, _, clock, _ := setup(t)
	ctx := t.Context()
	for i := range 7 {
		want := "bad_login"
		if i >= 5 {
			want = "try_later"
		}
		if _, err := a.Login(ctx, "10.0.0.2", "boss", "wrong"); zongji.CodeOf(err) != want {
			t.Errorf("guess %d = %v, want %s", i+1, err, want)
		}
	}
	if _, err := a.Login(ctx, "10.0.0.3", "boss", "correct horse"); zongji.CodeOf(err) != "try_later" {
		t.Errorf("right password of a locked login = %v", err)
	}
	clock.Move(failWindow + time.Second)
	if _, err := a.Login(ctx, "10.0.0.2", "boss", "correct horse"); err != nil {
		t.Errorf("after 10 minutes = %v", err)
	}
	for i := range 22 {
		_, err := a.Login(ctx, "10.0.0.4", "nobody"+strings.Repeat("x", i), "wrong")
		if want := map[bool]string{true: "bad_login", false: "try_later"}[i < failsIP]; zongji.CodeOf(err) != want {
			t.Errorf("guess %d of one IP = %v, want %s", i+1, err, want)
		}
	}
}

func TestNewPasswordEndsTheOtherSessions(t *testing.T) {
	a, _, _, s := setup(t)
	ctx := t.Context()
	other, err := a.Login(ctx, "10.0.0.1", "boss", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.ChangePassword(ctx, s.User, s.Token, "wrong", "new password"); zongji.CodeOf(err) != "wrong_password" {
		t.Errorf("wrong old password = %v", err)
	}
	if err := a.ChangePassword(ctx, s.User, s.Token, "correct horse", "short"); zongji.CodeOf(err) != "weak_password" {
		t.Errorf("short password = %v", err)
	}
	if err := a.ChangePassword(ctx, s.User, s.Token, "correct horse", "new password"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.User(ctx, s.Token); err != nil {
		t.Errorf("own session = %v", err)
	}
	if _, err := a.User(ctx, other.Token); zongji.KindOf(err) != zongji.Unauthenticated {
		t.Errorf("other session = %v", err)
	}
	if _, err := a.Login(ctx, "10.0.0.1", "boss", "new password"); err != nil {
		t.Errorf("login with the new password = %v", err)
	}
}

func TestHashesDoNotRepeatAndHoldTheirCost(t *testing.T) {
	a, b := Hash("x"), Hash("x")
	if a == b || !Check(a, "x") || Check(a, "y") || Check("", "x") || Check("$argon2id$v=19$m=1,t=0,p=0$$", "x") {
		t.Errorf("Hash or Check is wrong: %s %s", a, b)
	}
}
