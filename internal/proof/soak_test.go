package proof

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"zongji/internal/demo"
	"zongji/internal/testenv"
)

// TestSoak: ten minutes on two nodes; nodes killed, Redis flushed and
// restarted, PostgreSQL restarted. Runs with ZONGJI_SOAK=1 (make soak).
func TestSoak(t *testing.T) {
	if os.Getenv("ZONGJI_SOAK") == "" {
		t.Skip("ZONGJI_SOAK is not set: make soak runs it")
	}
	redis, pg := testenv.Redis(t), testenv.OwnPostgres(t)
	in, err := demo.Prepare(t.Context(), t.TempDir(), []string{"ZONGJI_DB=" + pg.DSN, "ZONGJI_REDIS_URL=" + redis.URL}, demo.Plain(20, 30))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, in, 2, 200)
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
		time.Sleep(time.Duration(15+rand.IntN(10)) * time.Second)
		switch what := rand.IntN(5); what {
		case 0, 1:
			t.Logf("kill node %d", what+1)
			w.nodes[what].Kill()
		case 2:
			t.Log("flush Redis")
			redis.Flush(t)
		case 3:
			t.Log("restart Redis")
			redis.Stop()
			time.Sleep(3 * time.Second)
			redis.Start(t)
		case 4:
			t.Log("restart PostgreSQL")
			pg.Stop()
			time.Sleep(3 * time.Second)
			if err := pg.Start(); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(20 * time.Second)
	w.settle()
	t.Logf("%d messages acknowledged", len(w.ledger.Acks()))
}
