package proof

import (
	"math/rand/v2"
	"testing"
	"time"

	"zongji/internal/demo"
	"zongji/internal/testenv"
)

// TestResumeAfterCuts: 1,000 sockets are cut at random while the stream is
// trimmed and flushed; both ends must be equal.
func TestResumeAfterCuts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel() // they wait more than they work
	redis := testenv.Redis(t)
	in, err := demo.Prepare(t.Context(), t.TempDir(), []string{"ZONGJI_REDIS_URL=" + redis.URL}, demo.Plain(10, 30))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, in, 1, 100)
	time.Sleep(5 * time.Second)
	for cut := range 1000 {
		if rand.IntN(4) == 0 {
			w.agents[rand.IntN(len(w.agents))].Cut()
		} else {
			w.visitors[rand.IntN(len(w.visitors))].Cut()
		}
		switch cut {
		case 300, 700:
			redis.Flush(t)
		case 500:
			redis.Trim(t)
		}
		time.Sleep(25 * time.Millisecond)
	}
	time.Sleep(3 * time.Second)
	w.settle()
	t.Logf("%d messages acknowledged", len(w.ledger.Acks()))
}
