package router_test

import (
	"path/filepath"
	"testing"
	"time"

	"zongji/bot"
	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
	"zongji/router"
	"zongji/router/bus"
)

func TestMediaThatNoAccountFetchesIsGivenUp(t *testing.T) {
	clock := testenv.NewClock(time.Time{})
	db, err := store.Open(t.Context(), store.Config{DSN: filepath.Join(t.TempDir(), "z.db"), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := router.New(router.Config{Store: db, Bus: bus.NewMemory(), Bot: bot.New(bot.Config{}), Clock: clock, Node: "n"})
	in := zongji.Inbound{Channel: 1, ChanKind: "wechat", ExtID: "1", Thread: "amy", Kind: zongji.InMessage, Msg: zongji.KindImage, Fetch: "pic", From: zongji.Identity{Ext: "amy"}}
	st, err := r.Accept(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		after time.Duration
		want  zongji.SendState
	}{
		{"three days on an account may still bring it", 72 * time.Hour, zongji.StateFetching},
		{"a day later none will", 25 * time.Hour, zongji.StateFailed},
	} {
		clock.Move(tt.after)
		if err := r.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m, err := db.MessageBy(t.Context(), 1, "1", 0); err != nil || m.ID != st.Msg.ID || m.State != tt.want {
			t.Errorf("%s: %s (%s), %v", tt.name, m.State, m.Reason, err)
		}
	}
}
