package proof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"zongji/internal/zongji"
)

// rss is the memory of the served process in MiB.
func (s *site) rss() int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.in.Server.Pid()))
	if err != nil {
		s.t.Skip("needs /proc")
	}
	_, rest, _ := bytes.Cut(b, []byte("VmRSS:"))
	var kb int
	_, _ = fmt.Sscan(string(rest), &kb)
	return kb >> 10
}

// TestOneVisitorFloods: 10,000 quick messages of one visitor leave the others
// as fast as before, and of the flood just what its limit allows is stored.
func TestOneVisitorFloods(t *testing.T) {
	s := serveSite(t, t.TempDir())
	_, token := s.visitor()
	began := time.Now()
	var flood sync.WaitGroup
	var acked atomic.Int64
	flood.Go(func() {
		for sent := 0; sent < 10_000; {
			w := s.dial(chatPath)
			w.say(frame{"t": "hello", "id": 1, "token": token})
			w.ws.SetReadDeadline(time.Now().Add(20 * time.Second))
			var reader sync.WaitGroup
			reader.Go(func() {
				for {
					_, b, err := w.ws.ReadMessage()
					if err != nil {
						return
					}
					if bytes.Contains(b, []byte(`"t":"ok"`)) {
						acked.Add(1)
					}
				}
			})
			for range 100 {
				w.say(frame{"t": "send", "id": 2, "cid": fmt.Sprintf("flood-%d", sent), "text": "x"})
				sent++
			}
			reader.Wait()
		}
	})
	var others sync.WaitGroup
	for i := range 20 {
		w, _ := s.visitor()
		others.Go(func() {
			for n := range 8 {
				at := time.Now()
				w.say(frame{"t": "send", "id": 3 + n, "cid": fmt.Sprintf("other-%d-%d", i, n), "text": "y"})
				if f, code := w.hear("ok", "error"); f == nil || f["t"] != "ok" {
					t.Errorf("customer %d: %v (%d)", i, f, code)
					return
				}
				if took := time.Since(at); took > 3*time.Second {
					t.Errorf("customer %d waited %v", i, took)
				}
				time.Sleep(300 * time.Millisecond)
			}
		})
	}
	others.Wait()
	flood.Wait()
	cids, err := s.store().CIDs(t.Context())
	must(t, err)
	var flooded, stored int
	for cid, n := range cids {
		if n != 1 {
			t.Errorf("%s is stored %d times", cid, n)
		}
		if strings.HasPrefix(cid, "flood-") {
			flooded++
		} else if strings.HasPrefix(cid, "other-") {
			stored++
		}
	}
	if most := 12 + int(time.Since(began).Seconds()); flooded > most {
		t.Errorf("%d messages of the flood are stored, at most %d may", flooded, most)
	}
	if int64(flooded) < acked.Load() || stored != 160 {
		t.Errorf("stored %d of the flood (acknowledged %d) and %d of the others (acknowledged 160)", flooded, acked.Load(), stored)
	}
}

// TestSlowReaders: who does not read is cut within bounded memory, and the
// others get everything.
func TestSlowReaders(t *testing.T) {
	s := serveSite(t, t.TempDir())
	agent := s.as("agent1")
	desk := s.desk(agent)
	desk.say(frame{"t": "state", "id": 2, "state": "ready"})
	desk.want("ok")
	w, token := s.visitor()
	conv := w.send("m1", "x")
	s.assigned(agent, conv)
	desk.ws.Close()
	path := fmt.Sprintf("/api/v1/conversations/%d/messages", conv)
	long := strings.Repeat("长", zongji.MaxText)
	for i := range 30 {
		must(t, agent.Do(t.Context(), "POST", path, frame{"cid": fmt.Sprintf("big-%d", i), "text": long}, nil))
	}

	t.Run("visitors", func(t *testing.T) {
		before := s.rss()
		slow := make([]*wire, 20)
		var wg sync.WaitGroup
		for i := range slow {
			slow[i] = s.dial(chatPath)
			slow[i].t = t
			wg.Go(func() {
				slow[i].say(frame{"t": "hello", "id": 1, "token": token, "conv": conv, "after": 1 << 40, "tab": fmt.Sprint(i)})
				for n := range 55 {
					slow[i].say(frame{"t": "history", "id": 2 + n})
				}
			})
		}
		wg.Wait()
		peak := before
		for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			peak = max(peak, s.rss())
		}
		if peak-before > 200 {
			t.Errorf("memory rose from %d to %d MiB", before, peak)
		}
		for i, w := range slow[:3] { // they were cut while they did not read: few see the code
			if code := w.end(); code != 4408 && code != websocket.CloseAbnormalClosure && code != -1 {
				t.Errorf("slow visitor %d ended with %d", i, code)
			}
		}
		t.Logf("memory %d → %d MiB", before, peak)
		w.say(frame{"t": "ping"})
		w.want("pong")
	})
	t.Run("a visitor who reads too late hears 4408", func(t *testing.T) {
		w := s.dial(chatPath)
		w.t = t
		w.say(frame{"t": "hello", "id": 1, "token": token, "conv": conv, "after": 1 << 40, "tab": "late"})
		for n := range 55 {
			w.say(frame{"t": "history", "id": 2 + n})
		}
		time.Sleep(time.Second)
		if code := w.end(); code != 4408 {
			t.Errorf("ended with %d", code)
		}
	})
	t.Run("desks", func(t *testing.T) {
		sup := s.as("sup")
		before := s.rss()
		for range 2 {
			s.desk(sup)
		}
		good := s.desk(sup)
		good.t = t
		const notes = 900
		var wg sync.WaitGroup
		for k := range 6 {
			wg.Go(func() {
				for i := k; i < notes; i += 6 {
					if err := agent.Do(t.Context(), "POST", path, frame{"cid": fmt.Sprintf("note-%d", i), "text": long, "note": true}, nil); err != nil {
						t.Errorf("note: %v", err)
						return
					}
				}
			})
		}
		heard, alone := 0, false
		for heard < notes || !alone {
			f, code := good.hear("event", "seats")
			if f == nil {
				t.Fatalf("the reading desk ended with %d after %d notes, alone %v", code, heard, alone)
			}
			if f["t"] == "seats" {
				alone = id(f["seats"]) == 1
			} else if ev, _ := f["event"].(frame); ev["msg"] != nil {
				heard++
			}
		}
		wg.Wait()
		if after := s.rss(); after-before > 200 {
			t.Errorf("memory rose from %d to %d MiB", before, after)
		}
	})
}

// TestSlowRequests: who sends or reads a request byte by byte is cut.
func TestSlowRequests(t *testing.T) {
	t.Parallel() // waits
	s := serveSite(t, t.TempDir())
	addr := strings.TrimPrefix(s.base, "http://")
	var wg sync.WaitGroup
	for name, head := range map[string]string{
		"headers":             "GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
		"nothing":             "",
		"a visitor's body":    "POST /c/bench/hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		"a login's body":      "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		"a body without need": "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
	} {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			began := time.Now()
			_, _ = io.WriteString(c, head)
			for time.Since(began) < 35*time.Second {
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := io.Copy(io.Discard, c); err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
					return // cut
				}
				if head != "" {
					_, _ = io.WriteString(c, "a")
				}
			}
			t.Errorf("%s: still open after %v", name, time.Since(began).Round(time.Second))
		})
	}
	wg.Wait()
}

// TestLimitsPerAddress: guessing, new visitors and sockets are limited by the
// true address, whatever a header claims.
func TestLimitsPerAddress(t *testing.T) {
	t.Run("guessing", func(t *testing.T) {
		s := serveSite(t, t.TempDir(), "ZONGJI_LIMITS_LOOPBACK=true")
		guess := func(login, password, from string) answer {
			return s.ask("POST", "/api/v1/login", frame{"login": login, "password": password}, "X-Forwarded-For: "+from, "X-Real-IP: "+from, "Forwarded: for="+from)
		}
		for i := range 5 {
			if a := guess("root", "guess", fmt.Sprintf("9.9.9.%d", i)); a.status != 401 || a.code != "bad_login" {
				t.Errorf("guess %d: %d %s", i, a.status, a.body)
			}
		}
		if a := guess("ROOT ", scratch, "9.9.9.77"); a.status != 429 || a.head.Get("Retry-After") == "" {
			t.Errorf("the sixth guess: %d %s", a.status, a.body)
		}
		refused := false
		for i := range 20 {
			refused = refused || guess(fmt.Sprintf("nobody%d", i), "guess", fmt.Sprintf("8.8.8.%d", i)).status == 429
		}
		if !refused {
			t.Error("one address guessed 25 logins")
		}
	})
	t.Run("visitors", func(t *testing.T) {
		s := serveSite(t, t.TempDir(), "ZONGJI_LIMITS_LOOPBACK=true")
		made := 0
		var last answer
		for i := range 30 {
			if last = s.ask("POST", "/c/bench/hello", frame{"t": "hello"}, fmt.Sprintf("X-Forwarded-For: 9.9.9.%d", i)); last.status == 200 {
				made++
			}
		}
		if made > 21 || last.status != 429 || last.head.Get("Retry-After") == "" {
			t.Errorf("%d visitors made, then %d %s", made, last.status, last.body)
		}
		var w *wire
		for i := range 55 {
			w = s.dial(chatPath, fmt.Sprintf("X-Forwarded-For: 9.9.9.%d", i))
		}
		if code := w.end(); code != 4429 {
			t.Errorf("the 55th socket of one address ended with %d, want 4429", code)
		}
	})
	t.Run("behind a proxy that is trusted", func(t *testing.T) {
		s := serveSite(t, t.TempDir(), "ZONGJI_LIMITS_LOOPBACK=true", "ZONGJI_TRUSTED_PROXIES=127.0.0.1")
		from := func(ip string) answer {
			return s.ask("POST", "/c/bench/hello", frame{"t": "hello"}, "X-Forwarded-For: "+ip)
		}
		for i := range 30 {
			if a := from(fmt.Sprintf("9.9.9.%d", i)); a.status != http.StatusOK {
				t.Fatalf("customer %d pays for others: %d %s", i, a.status, a.body)
			}
		}
		made := 0
		for i := range 30 {
			if from(fmt.Sprintf("7.7.7.%d, 9.9.8.1", i)).status == http.StatusOK {
				made++
			}
		}
		if made > 21 {
			t.Errorf("one customer behind the proxy made %d visitors by claiming other addresses", made)
		}
		made = 0
		for i := range 30 {
			if from(fmt.Sprintf("2001:db8:1:2::%x", i+1)).status == http.StatusOK {
				made++
			}
		}
		if made > 21 {
			t.Errorf("one IPv6 network made %d visitors", made)
		}
	})
}
