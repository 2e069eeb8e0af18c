package proof

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/demo"
	"zongji/internal/testenv"
)

// percentile of durations, which it sorts.
func percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)*p/100]
}

// TestWeChatAtFiveHundredASecond: callbacks come at 500/s for eight seconds;
// each is answered by its first try, in WeChat's five seconds, and stored. The
// percentile that is meant, 200 ms, holds on an idle machine and is told only.
func TestWeChatAtFiveHundredASecond(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	w := serveWeChat(t, 5*time.Second, nil, demo.Plain(2, 30))
	const people, perSecond, seconds = 400, 500, 8
	users := make([]*wechattest.User, people)
	for i := range users {
		users[i] = w.User(fmt.Sprintf("客户%d", i), "")
		if d := users[i].Follow(w.oa, ""); d.Err != nil {
			t.Fatal(d.Err)
		}
	}
	var mu sync.Mutex
	var took []time.Duration
	var said sync.WaitGroup
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for n := range perSecond * seconds {
		<-tick.C
		said.Go(func() {
			d := users[n%people].Say(w.oa, fmt.Sprintf("快-%d", n))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, d.Took)
			if d.Err != nil || d.Attempts != 1 {
				t.Errorf("message %d: %+v", n, d)
			}
		})
	}
	said.Wait()
	if p99 := percentile(took, 99); p99 > 2*time.Second {
		t.Errorf("p99 %v", p99)
	}
	t.Logf("%d callbacks: p50 %v, p99 %v, longest %v", len(took), percentile(took, 50), percentile(took, 99), took[len(took)-1])
	db, err := w.in.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if have := stored(t, db); len(have) != perSecond*seconds {
		t.Errorf("%d messages stored, want %d", len(have), perSecond*seconds)
	}
}

// TestWeChatRotatesTokensUnderLoad: while each new follower is welcomed, all
// tokens end three times; no welcome is lost or doubled, and each time one new
// token is asked for.
func TestWeChatRotatesTokensUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	w := serveWeChat(t, 5*time.Second, nil, demo.Plain(2, 30))
	var followers []*wechattest.User
	for i := range 120 {
		if i%40 == 20 {
			w.Rotate("wx-oa")
		}
		u := w.User(fmt.Sprintf("客户%d", i), "")
		if d := u.Follow(w.oa, ""); d.Err != nil {
			t.Fatal(d.Err)
		}
		followers = append(followers, u)
		time.Sleep(30 * time.Millisecond)
	}
	for i, u := range followers {
		if lines := u.Wait(w.oa, 1, 20*time.Second); len(lines) != 1 {
			t.Errorf("follower %d got %+v", i, lines)
		}
	}
	if n := w.Called("stable_token", 0); n > 5 { // one for the mini-program too
		t.Errorf("%d tokens were asked for, want at most 5", n)
	}
	refused := 0
	for _, c := range w.Calls() {
		if c.Code == 40001 {
			refused += c.Count
		}
	}
	if refused < 3 {
		t.Errorf("%d calls met an ended token: too little is proved", refused)
	}
}

// TestWeChatWithoutRedis: while Redis is down, callbacks are stored and
// answered all the same, and tokens are got without it.
func TestWeChatWithoutRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	redis := testenv.Redis(t)
	w := serveWeChat(t, 5*time.Second, []string{"ZONGJI_REDIS_URL=" + redis.URL}, demo.Plain(2, 30))
	ming := w.User("小明", "")
	redis.Stop()
	for _, a := range w.apps {
		if a.Kind() == wechattest.Official {
			ming.Follow(a, "")
		}
		if d := ming.Say(a, "没有Redis-"+a.ID()); d.Err != nil || d.Attempts != 1 || d.Took > 5*time.Second {
			t.Errorf("%s: %+v", a.ID(), d)
		}
	}
	db, err := w.in.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, a := range w.apps {
		text := "没有Redis-" + a.ID()
		for end := time.Now().Add(15 * time.Second); stored(t, db)[text] != 1; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%s stands in SQL %d times", text, stored(t, db)[text])
				break
			}
		}
	}
}
