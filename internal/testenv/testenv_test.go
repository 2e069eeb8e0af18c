package testenv_test

import (
	"testing"
	"time"

	"zongji/internal/testenv"
)

func TestServersStart(t *testing.T) {
	t.Run("redis", func(t *testing.T) { testenv.Redis(t) })
	t.Run("postgres", func(t *testing.T) {
		if first, second := testenv.Postgres(t), testenv.Postgres(t); first == second {
			t.Error("two tests got the same schema")
		}
	})
}

func TestClockFiresWhatIsDue(t *testing.T) {
	c := testenv.NewClock(time.Time{})
	soon, _ := c.Timer(time.Second)
	late, _ := c.Timer(time.Minute)
	c.Move(2 * time.Second)
	select {
	case <-soon:
	default:
		t.Error("the due timer did not fire")
	}
	select {
	case <-late:
		t.Error("the later timer fired")
	default:
	}
}
