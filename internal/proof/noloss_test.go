package proof

import (
	"math/rand/v2"
	"testing"
	"time"

	"zongji/internal/demo"
	"zongji/internal/testenv"
)

// TestNoLossWhenTheProcessIsKilled: 200 customers and 20 agents write for a
// minute while the only process is killed with -9 five times.
func TestNoLossWhenTheProcessIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel() // they wait more than they work
	in, err := demo.Prepare(t.Context(), t.TempDir(), nil, demo.Plain(20, 30))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, in, 1, 200)
	for range 5 {
		time.Sleep(time.Duration(8+rand.IntN(4)) * time.Second)
		w.nodes[0].Kill()
	}
	time.Sleep(8 * time.Second)
	w.settle()
	if n, _ := w.nodes[0].Starts(); n < 6 {
		t.Errorf("the process was started %d times; the kills did not happen", n)
	}
	t.Logf("%d messages acknowledged", len(w.ledger.Acks()))
}

// TestNoLossOnTwoNodes: Redis and PostgreSQL, nodes killed in turn, Redis
// flushed twice and restarted once.
func TestNoLossOnTwoNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel() // they wait more than they work
	redis := testenv.Redis(t)
	in, err := demo.Prepare(t.Context(), t.TempDir(), []string{"ZONGJI_DB=" + testenv.Postgres(t), "ZONGJI_REDIS_URL=" + redis.URL}, demo.Plain(20, 30))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, in, 2, 200)
	for i, breakIt := range []func(){
		func() { w.nodes[0].Kill() },
		func() { redis.Flush(t) },
		func() { w.nodes[1].Kill() },
		func() { redis.Stop(); time.Sleep(2 * time.Second); redis.Start(t) },
		func() { w.nodes[0].Kill() },
		func() { redis.Flush(t) },
	} {
		time.Sleep(time.Duration(7+rand.IntN(2)) * time.Second)
		t.Logf("break %d", i+1)
		breakIt()
	}
	time.Sleep(10 * time.Second)
	w.settle()
	t.Logf("%d messages acknowledged", len(w.ledger.Acks()))
}
