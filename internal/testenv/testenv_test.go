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
	t.Run("dovecot and postfix", func(t *testing.T) {
		d := testenv.Dovecot(t)
		d.Deliver(t, "box@example.test", "Subject: 1\r\n\r\n1\r\n", "Subject: 2\r\n\r\n2\r\n")
		d.Forget(t, "box")
		testenv.Postfix(t, d)
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
