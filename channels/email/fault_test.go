package email

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zongji/internal/testenv"
)

// behind is a world whose mailbox is reached through a proxy, after its first
// start.
func behind(t *testing.T) (*world, *testenv.DovecotServer, *proxy, map[string]string) {
	t.Helper()
	d, set := box(t)
	w := newWorld()
	w.placed0(t, set)
	p := newProxy(t, d.IMAP)
	return w, d, p, extended(set, "imap_port", fmt.Sprint(p.port))
}

func TestServerThatFallsSilent(t *testing.T) {
	for _, command := range []string{"LOGIN", "SELECT", "EXAMINE", "SEARCH", "FETCH", "IDLE", "DONE", "ID ("} {
		t.Run(command, func(t *testing.T) {
			w, d, p, set := behind(t)
			times := 0
			p.on(func(line string) (string, error) {
				if strings.Contains(line, command) && times < 2 {
					times++
					return "", errSilence
				}
				return "", errPass
			})
			a := w.open(t, set)
			a.pace.command, a.pace.idle = 300*time.Millisecond, 200*time.Millisecond
			w.run(t, a)
			d.Deliver(t, "box@example.test", letters(1, 3)...)
			w.placed(t, 3)
			// The order is that of the UIDs, which Dovecot gives as it finds the files.
			if got := strings.Fields(w.texts()); len(got) != 3 || len(w.mails()) != 3 {
				t.Errorf("took %q", got)
			}
		})
		if testing.Short() && command == "EXAMINE" {
			return
		}
	}
}

func TestDeadNetworkIsNoticedInIdle(t *testing.T) {
	w, d, p, set := behind(t)
	a := w.open(t, set)
	a.pace.command, a.pace.idle = 300*time.Millisecond, 300*time.Millisecond
	w.run(t, a)
	until(t, "IDLE", func() bool { return p.lines("IDLE") > 0 })
	p.die(true)
	d.Deliver(t, "box@example.test", letterOf(1))
	until(t, "an operator is told", func() bool { return w.state() == "backoff email:network" })
	p.die(false)
	w.placed(t, 1)
	until(t, "all is well again", func() bool { return w.state() == "ok" })
}

func TestServerThatSaysGoodbye(t *testing.T) {
	w, d, p, set := behind(t)
	w.run(t, w.open(t, set))
	for n := 1; n <= 3; n++ {
		until(t, "IDLE", func() bool { return p.lines("IDLE") >= n && w.state() == "ok" })
		p.cut()
		d.Deliver(t, "box@example.test", letterOf(n))
		w.placed(t, n)
	}
	d.Stop() // with BYE
	d.Start(t)
	d.Deliver(t, "box@example.test", letterOf(4))
	w.placed(t, 4)
	if got := w.texts(); got != wants(1, 4) {
		t.Errorf("took %q", got)
	}
}

func TestMailThatTheServerCannotGive(t *testing.T) {
	for _, tt := range []struct {
		what  string
		reply func(tag string) (string, error)
		bare  bool // it can be had when less is asked for
	}{
		{"an answer that is no IMAP", func(string) (string, error) {
			return "* 2 FETCH (UID 2 FLAGS (\\Seen) INTERNALDATE \"yesterday\" BODY[] NIL)\r\n", errors.New("reply")
		}, true},
		{"a command that fails", func(tag string) (string, error) {
			return tag + " NO [SERVERBUG] Internal error occurred\r\n", errors.New("reply")
		}, false},
		{"a connection that is cut", func(string) (string, error) { return "", errCut }, false},
		{"nothing", func(tag string) (string, error) { return tag + " OK Fetch completed\r\n", errors.New("reply") }, false},
	} {
		t.Run(tt.what, func(t *testing.T) {
			w, d, p, set := behind(t)
			p.on(func(line string) (string, error) {
				tag, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				if !strings.HasPrefix(rest, "UID FETCH") || tt.bare && !strings.Contains(rest, "FLAGS") {
					return "", errPass
				}
				if set := strings.Fields(rest)[2]; set != "2" && set != "1:3" && set != "2:3" && set != "1:2" {
					return "", errPass
				}
				return tt.reply(tag)
			})
			a := w.open(t, set)
			d.Deliver(t, "box@example.test", letters(1, 3)...)
			w.run(t, a)
			w.placed(t, 3)
			got := w.mails()
			if len(got) != 3 || got[0].Text != "1" || got[2].Text != "3" {
				t.Fatalf("took %q, want 1, something and 3", w.texts())
			}
			if held := strings.Contains(string(got[1].Extra), `"quarantine":"`); held == tt.bare {
				t.Errorf("the second is %q %s: in quarantine %v, want %v", got[1].Text, got[1].Extra, held, !tt.bare)
			}
		})
	}
}

func TestRefusedPasswordIsTriedThreeTimes(t *testing.T) {
	w, _, p, set := behind(t)
	w.run(t, w.open(t, extended(set, "imap_password", "wrong")))
	until(t, "an operator is told", func() bool { return w.state() == "auth_failed email:login" })
	time.Sleep(time.Second)
	if n := p.lines("LOGIN"); n != 3 {
		t.Errorf("%d logins, want 3: providers lock accounts", n)
	}
}

func TestLoginThatFailsForTheMomentIsNoWrongPassword(t *testing.T) {
	w, d, p, set := behind(t)
	n := 0
	p.on(func(line string) (string, error) {
		if tag, rest, _ := strings.Cut(line, " "); strings.HasPrefix(rest, "LOGIN") && n < 6 {
			n++
			return tag + " NO [UNAVAILABLE] try again later\r\n", errors.New("reply")
		}
		return "", errPass
	})
	w.run(t, w.open(t, set))
	d.Deliver(t, "box@example.test", letterOf(1))
	w.placed(t, 1)
}

func TestServerWithoutIdleIsAsked(t *testing.T) {
	w, d, p, set := behind(t)
	a := w.open(t, set)
	a.c.noIdle, a.c.poll, a.c.sendsID = true, 200*time.Millisecond, true
	w.run(t, a)
	until(t, "the first pass", func() bool { return w.state() == "ok" })
	d.Deliver(t, "box@example.test", letterOf(1))
	w.placed(t, 1)
	if p.lines("IDLE") > 0 || p.lines("ID (") == 0 {
		t.Error("want ID and no IDLE")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.seen {
		if strings.Contains(l, "EXAMINE") {
			t.Fatal("the mailbox was opened before ID was said")
		}
		if strings.Contains(l, "ID (") {
			return
		}
	}
}
