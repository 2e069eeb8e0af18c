package wechattest_test

import (
	"testing"
	"time"

	"zongji/channels/wechat/wechattest"
)

// TestARestartedServerIsNew: nothing of an earlier server is taken for
// something of this one.
func TestARestartedServerIsNew(t *testing.T) {
	old := open(t, wechattest.Options{})
	old.must(old.ming.Follow(old.oa, ""))
	first := old.must(old.ming.Say(old.oa, "在吗"))
	for range 3 {
		old.must(old.ming.Say(old.kf, "在吗"))
	}
	cursor := old.sync("", nil).text("next_cursor")

	w := openAt(t, old.clock.Now().Add(time.Second))
	w.must(w.ming.Follow(w.oa, ""))
	w.must(w.ming.Say(w.kf, "新的"))
	if d := w.must(w.ming.Say(w.oa, "在吗")); d.MsgID == first.MsgID || w.ming.OpenID(w.oa) == old.ming.OpenID(old.oa) {
		t.Error("a number or an openid of the earlier server")
	}
	if got := w.sync(cursor, nil).items(); len(got) != 1 {
		t.Errorf("after an earlier server's cursor: %d items, want 1", len(got))
	}
}
