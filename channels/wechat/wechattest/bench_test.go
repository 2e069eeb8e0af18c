package wechattest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"zongji/channels/wechat/wechattest"
)

// BenchmarkCallback sends messages of 64 customers side by side.
func BenchmarkCallback(b *testing.B) {
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer back.Close()
	s := wechattest.New(wechattest.Options{})
	defer s.Close()
	oa := s.OfficialAccount(wechattest.Account{AppID: "wx1", Secret: "s", Token: "t", AESKey: aesKey, Mode: wechattest.Safe, Callback: back.URL})
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		u := s.User("小明", "")
		u.Follow(oa, "")
		for pb.Next() {
			if d := u.Say(oa, "订单什么时候发货？"); d.Err != nil {
				b.Error(d.Err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "callbacks/s")
}
