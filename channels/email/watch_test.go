package email

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// box is a Dovecot with its settings for an account.
func box(t *testing.T) (*testenv.DovecotServer, map[string]string) {
	t.Helper()
	d := testenv.Dovecot(t)
	return d, map[string]string{"imap_port": fmt.Sprint(d.IMAP)}
}

func extended(set map[string]string, pairs ...string) map[string]string {
	m := map[string]string{}
	for k, v := range set {
		m[k] = v
	}
	return with(m, pairs...)
}

func TestSuite(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, accept channels.Accept) (channels.Channel, channeltest.Outside) {
		port, user := memoryServer(t)
		w := newWorld()
		a := w.open(t, map[string]string{"imap_port": fmt.Sprint(port), "first_days": "1"})
		a.Accept = accept
		wrote := 0
		return &told{a, func(ctx context.Context, in zongji.Inbound) (zongji.Stored, error) {
				st, err := accept(ctx, in)
				if err == nil {
					w.threads.Save(in)
				}
				return st, err
			}}, channeltest.Outside{Write: func(ctx context.Context, id, text string) error {
				wrote++
				put(t, user, "Message-ID: <"+id+"@x.test>\r\nFrom: a@x.test\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+text+"\r\n")
				for end := time.Now().Add(2 * time.Second); w.count() < wrote && w.taken() < wrote; time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						return errors.New("the mail is not taken")
					}
				}
				return nil
			}}
	})
}

// told is an account whose Run has an accept of its own.
type told struct {
	*Account
	accept channels.Accept
}

func (c *told) Run(ctx context.Context, _ channels.Accept) error { return c.Account.Run(ctx, c.accept) }

// taken is the UID up to which INBOX is taken, in a mailbox that began empty.
func (w *world) taken() int {
	var n int
	text, _ := w.keep.Get(context.Background(), keepPlace("INBOX"))
	_, _ = fmt.Sscanf(strings.SplitAfter(text+`"uid":0`, `"uid":`)[1], "%d", &n)
	return n
}

func TestMailsAreTakenOnceAndInOrder(t *testing.T) {
	d, set := box(t)
	for _, tt := range []struct {
		what string
		set  []string
	}{
		{"without encryption", nil},
		{"over TLS", []string{"imap_tls", "tls", "imap_port", fmt.Sprint(d.IMAPS), "tls_ca", d.CA}},
		{"over STARTTLS", []string{"imap_tls", "starttls", "imap_host", "localhost", "tls_ca", d.CA}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			user := strings.ReplaceAll(tt.what, " ", "")
			w, set := newWorld(), extended(extended(set, tt.set...), "imap_user", user)
			d.Deliver(t, user+"@example.test", letters(1, 3)...)
			stop := w.run(t, w.open(t, set))
			until(t, "the first start", func() bool { return w.count() == 0 })
			d.Deliver(t, user+"@example.test", letters(4, 6)...)
			w.placed(t, 3)
			stop()
			d.Deliver(t, user+"@example.test", letters(7, 8)...)
			stop = w.run(t, w.open(t, set))
			w.placed(t, 5)
			stop()
			if got := w.texts(); got != wants(4, 8) {
				t.Errorf("took %q, want %q: from the first start on", got, wants(4, 8))
			}
			if got := w.state(); got != "ok" {
				t.Errorf("the account is %q, want ok", got)
			}
		})
	}
}

func TestFirstStartMayTakeTheLastDays(t *testing.T) {
	d, set := box(t)
	d.Deliver(t, "box@example.test", letters(1, 5)...)
	w := newWorld()
	w.run(t, w.open(t, extended(set, "first_days", "3")))
	w.placed(t, 0)
	d.Deliver(t, "box@example.test", letterOf(6))
	w.placed(t, 1)
	if got := w.texts(); got != wants(1, 6) {
		t.Errorf("took %q, want %q", got, wants(1, 6))
	}
	in := w.mails()[0]
	if in.From.Ext != "zhang1@customer.test" || in.From.Name != "张三" || in.Msg != zongji.KindMail || in.Thread == "" || in.ExtID == "" || in.Auto {
		t.Errorf("accepted %+v", in)
	}
}

func TestIdleTellsWithinTwoSeconds(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	a := w.open(t, set)
	a.pace.idle = time.Minute
	w.run(t, a)
	until(t, "the first start", func() bool { return w.state() == "ok" })
	time.Sleep(300 * time.Millisecond) // IDLE begins
	worst := time.Duration(0)
	for n := 1; n <= 5; n++ {
		began := time.Now()
		d.Deliver(t, "box@example.test", letterOf(n))
		until(t, "the mail", func() bool { return len(w.mails()) == n })
		worst = max(worst, time.Since(began))
	}
	t.Logf("from LMTP to Accept by IDLE: at most %s of 5", worst.Round(time.Millisecond))
	if worst > 2*time.Second {
		t.Errorf("a mail took %s, want less than 2 s", worst)
	}
}

func TestSeveralMailboxesAndWhatIsDoneAfterwards(t *testing.T) {
	d, set := box(t)
	for _, tt := range []struct{ then, glob string }{
		{"seen", "cur/*:2,*S"},
		{"flag", "cur/*:2,*a"},
		{"move", ".Done/*/*"},
	} {
		t.Run(tt.then, func(t *testing.T) {
			w := newWorld()
			a := w.open(t, extended(set, "imap_user", tt.then, "mailboxes", "INBOX\nSent", "then", tt.then, "move_to", "Done", "first_days", "1"))
			d.Deliver(t, tt.then+"@example.test", letters(1, 3)...)
			if err := a.appendCopy(t.Context(), []byte(letterOf(9))); err != nil {
				t.Fatal(err)
			}
			w.run(t, a)
			until(t, "four mails", func() bool { return len(w.mails()) == 4 })
			until(t, "the marks", func() bool { return len(glob(t, d.Dir+"/mail/"+tt.then+"/"+tt.glob)) >= 3 })
		})
	}
}

func TestServerThatNumbersItsMailsAnew(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	stop := w.run(t, w.open(t, set))
	w.placed(t, 0)
	d.Deliver(t, "box@example.test", letters(1, 20)...)
	w.placed(t, 20)
	before, _ := w.keep.Get(t.Context(), keepPlace("INBOX"))
	d.Forget(t, "box")
	d.Deliver(t, "box@example.test", letters(21, 23)...)
	until(t, "the mails after it", func() bool { return len(w.mails()) >= 23 })
	until(t, "health", func() bool { return w.state() == "ok" })
	stop()
	after, _ := w.keep.Get(t.Context(), keepPlace("INBOX"))
	if strings.Split(before, ",")[0] == strings.Split(after, ",")[0] {
		t.Fatalf("UIDVALIDITY is the same: %s", after)
	}
	if got := len(w.mails()); got != 23 {
		t.Errorf("%d mails stored, want 23: none twice, none lost", got)
	}
}

func TestNothingIsLostBetweenFetchAndCommit(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	w.placed0(t, set)
	d.Deliver(t, "box@example.test", letters(1, 150)...)
	n := 0
	w.refuses(func(zongji.Inbound) error { // SQL is down now and then
		if n++; n%40 == 0 {
			return zongji.Errorf(zongji.Busy, "unavailable", "the database is down")
		}
		return nil
	})
	for len(w.mails()) < 150 { // and the process is killed again and again
		had := len(w.mails())
		stop := w.run(t, w.open(t, set))
		until(t, "more mails", func() bool { return len(w.mails()) >= min(had+30, 150) })
		stop()
	}
	if got := w.texts(); got != wants(1, 150) {
		t.Errorf("took %q, want 1 … 150 in order, each once", got)
	}
}

// placed0 is a first start, from now on.
func (w *world) placed0(t *testing.T, set map[string]string) {
	t.Helper()
	stop := w.run(t, w.open(t, set))
	w.placed(t, 0)
	stop()
}

func TestTwoNodesWatchOneMailbox(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	w.run(t, w.open(t, set))
	w.run(t, w.open(t, set))
	w.placed(t, 0)
	d.Deliver(t, "box@example.test", letters(1, 50)...)
	w.placed(t, 50)
	if got := w.texts(); got != wants(1, 50) {
		t.Errorf("took %q, want each once", got)
	}
}

func TestNodeThatWasTakenForDeadWritesNoPlace(t *testing.T) {
	_, set := box(t)
	w := newWorld()
	wt := &watch{Account: w.open(t, set), box: "INBOX"}
	if err := wt.put(t.Context(), place{Validity: 1, UID: 9}, 5); err != nil {
		t.Fatal(err)
	}
	if err := wt.put(t.Context(), place{Validity: 1, UID: 3}, 4); zongji.KindOf(err) != zongji.Conflict {
		t.Errorf("a place under an older fence = %v, want Conflict", err)
	}
}

func TestFullDiskLosesNothing(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	w.placed0(t, set)
	w.shelf.Full(zongji.Errorf(zongji.Busy, "disk_full", "no room"))
	d.Deliver(t, "box@example.test", letters(1, 3)...)
	w.run(t, w.open(t, set))
	until(t, "an operator is told", func() bool { return w.state() == "degraded email:store" })
	time.Sleep(time.Second) // several tries: none may step over a mail
	w.shelf.Full(nil)
	w.placed(t, 3)
	if got := w.texts(); got != wants(1, 3) {
		t.Errorf("took %q", got)
	}
	for _, in := range w.mails() {
		if strings.Contains(string(in.Extra), "quarantine") {
			t.Error("a mail was put into quarantine because the disk was full")
		}
	}
	until(t, "all is well again", func() bool { return w.state() == "ok" })
}

func TestMailThatTheStoreRefusesIsQuarantined(t *testing.T) {
	for _, tt := range []struct {
		what string
		err  error
	}{
		{"for good", zongji.Errorf(zongji.Invalid, "bad_inbound", "not like this")},
		{"again and again", errors.New("a mistake of ours")},
	} {
		t.Run(tt.what, func(t *testing.T) {
			d, set := box(t)
			w := newWorld()
			w.placed0(t, set)
			w.refuses(func(in zongji.Inbound) error {
				if in.Text == "2" {
					return tt.err
				}
				return nil
			})
			d.Deliver(t, "box@example.test", letters(1, 3)...)
			w.run(t, w.open(t, set))
			w.placed(t, 3)
			got := w.mails()
			if len(got) != 3 || !strings.Contains(string(got[1].Extra), `"quarantine":"`) || !strings.Contains(string(got[1].Extra), `"raw":`) {
				t.Errorf("stored %d mails, the second %s: want it in quarantine with its raw mail", len(got), got[1].Extra)
			}
		})
	}
}

func TestMailsThatWerePassedOverAreFound(t *testing.T) {
	d, set := box(t)
	w := newWorld()
	w.placed0(t, set)
	d.Deliver(t, "box@example.test", letters(1, 4)...)
	text, _ := w.keep.Get(t.Context(), keepPlace("INBOX"))
	_ = w.keep.Put(t.Context(), keepPlace("INBOX"), strings.Replace(text, `"uid":0`, `"uid":3`, 1), 0)
	w.run(t, w.open(t, set))
	until(t, "all four", func() bool { return len(w.mails()) == 4 && w.state() == "ok" })
	w.mu.Lock()
	defer w.mu.Unlock()
	if !strings.Contains(strings.Join(w.problems, "\n"), "email:balance") {
		t.Errorf("no operator was told: %q", w.problems)
	}
}

func TestBacklog(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 mails: skipped with -short")
	}
	n := 10000
	if os.Getenv("N") != "" {
		n = 1000
	}
	d, set := box(t)
	w := newWorld()
	w.placed0(t, set)
	d.Fill(t, "box", letters(1, n)...)
	began := time.Now()
	w.run(t, w.open(t, set))
	for end := time.Now().Add(5 * time.Minute); w.count() < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d mails in 5 minutes", w.count(), n)
		}
	}
	took := time.Since(began)
	t.Logf("backlog of %d mails: %s, %.0f/s", n, took.Round(time.Millisecond), float64(n)/took.Seconds())
	once := map[string]bool{}
	for _, in := range w.mails() {
		once[in.Text] = true
	}
	if got := len(w.mails()); got != n || len(once) != n {
		t.Errorf("%d mails stored, %d different ones, want %d each once", got, len(once), n)
	}
}
