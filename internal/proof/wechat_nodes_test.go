package proof

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
	"zongji/internal/demo"
	"zongji/internal/testenv"
)

// TestWeChatOnTwoNodes: two processes on PostgreSQL and Redis get the callbacks
// of one account in turn, the same one three times at once, while its tokens end
// three times. Each message is stored once, each follower welcomed once, nobody
// gets a sixth message, and the nodes ask for one new token each time.
func TestWeChatOnTwoNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	redis := testenv.Redis(t)
	w := serveWeChat(t, 300*time.Millisecond, []string{"ZONGJI_DB=" + testenv.Postgres(t), "ZONGJI_REDIS_URL=" + redis.URL}, demo.Plain(2, 30))
	second := w.in.Node("n2")
	second.Bin, second.Log = w.in.Server.Bin, slog.New(slog.DiscardHandler)
	ctx, down := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { _ = second.Run(ctx) })
	t.Cleanup(func() { down(); served.Wait() })
	if err := second.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	nodes := []string{w.in.Base + "/c/oa", second.Base + "/c/oa/"}
	for _, node := range nodes {
		w.oa.SetCallback(node)
		for end := time.Now().Add(20 * time.Second); w.oa.Verify() != nil; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s does not answer", node)
			}
		}
	}
	asked := w.Called("stable_token", 0)
	var users []*wechattest.User
	var talk sync.WaitGroup
	for i := range 60 {
		if i%20 == 10 {
			w.Rotate("wx-oa")
		}
		w.oa.SetCallback(nodes[i%2])
		u := w.User(fmt.Sprintf("客户%d", i), "")
		users = append(users, u)
		if d := u.Follow(w.oa, ""); d.Err != nil {
			t.Fatal(d.Err)
		}
		talk.Go(func() {
			for n := range 8 { // the bot cannot answer all of them
				if n == 0 {
					w.oa.Overlap(1)
				}
				if d := u.Say(w.oa, fmt.Sprintf("两个节点-%d-%d", i, n)); d.Err != nil {
					t.Errorf("%d %d: %v", i, n, d.Err)
				}
			}
		})
		time.Sleep(50 * time.Millisecond)
	}
	talk.Wait()
	for i, u := range users {
		if len(u.Wait(w.oa, 1, 20*time.Second)) == 0 {
			t.Errorf("follower %d got nothing", i)
		}
		if n := len(slices.DeleteFunc(u.Inbox(w.oa), func(l wechattest.Line) bool { return !strings.Contains(l.Text, "欢迎关注") })); n > 1 {
			t.Errorf("follower %d was welcomed %d times", i, n)
		}
	}
	if n := w.Called("stable_token", 0) - asked; n > 3 {
		t.Errorf("%d tokens were asked for, want one for each of three rotations", n)
	}
	refused := 0
	for _, c := range w.Calls() {
		switch c.Code {
		case 40001, 40014, 42001:
			refused += c.Count
		case 45047, 45015:
			t.Errorf("%d sends went beyond the window: %+v", c.Count, c)
		}
	}
	if refused == 0 {
		t.Error("no call met an ended token: nothing is proved")
	}
	db, err := w.in.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	have := stored(t, db)
	for i := range users {
		for n := range 8 {
			if text := fmt.Sprintf("两个节点-%d-%d", i, n); have[text] != 1 {
				t.Errorf("%s stands in SQL %d times", text, have[text])
			}
		}
	}
	if con, err := db.Conservation(t.Context()); err != nil || !con.OK() {
		t.Errorf("not conserved: %+v %v", con, err)
	}
}
