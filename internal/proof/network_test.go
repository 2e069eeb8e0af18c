package proof

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestLostAcks: whatever is sent again, on whichever socket, in whichever
// order, is stored once and answered with the first result.
func TestLostAcks(t *testing.T) {
	s := serveSite(t, t.TempDir())
	one, token := s.visitor()
	two := s.dial(chatPath)
	two.say(frame{"t": "hello", "id": 1, "token": token, "tab": "second"})
	two.want("welcome")
	send := func(w *wire, id int, cid, text string) frame {
		w.say(frame{"t": "send", "id": id, "cid": cid, "text": text})
		return w.want("ok", "error")
	}
	first := send(one, 2, "a", "first")
	for name, again := range map[string]frame{
		"on the same socket": send(one, 3, "a", "first"), "on another tab": send(two, 4, "a", "first"), "with another text": send(two, 5, "a", "other"),
	} {
		if again["repeat"] != true || again["msg"] != first["msg"] || again["seq"] != first["seq"] {
			t.Errorf("again %s: %v, first %v", name, again, first)
		}
	}
	if a := s.ask("POST", "/c/bench/send", frame{"t": "send", "cid": "a", "text": "first"}, "X-Visitor: "+token); a.status != 200 || !strings.Contains(string(a.body), `"repeat":true`) {
		t.Errorf("again over REST: %d %s", a.status, a.body)
	}
	// Both tabs at once.
	one.say(frame{"t": "send", "id": 9, "cid": "b", "text": "both"})
	two.say(frame{"t": "send", "id": 9, "cid": "b", "text": "both"})
	a, b := one.want("ok"), two.want("ok")
	if a["msg"] != b["msg"] || (a["repeat"] == true) == (b["repeat"] == true) {
		t.Errorf("two tabs at once: %v and %v", a, b)
	}
	// A socket dies between its frame and the acknowledgement.
	dying := s.dial(chatPath)
	dying.say(frame{"t": "hello", "id": 1, "token": token, "tab": "third"})
	dying.want("welcome")
	dying.say(frame{"t": "send", "id": 2, "cid": "c", "text": "lost ack"})
	dying.ws.UnderlyingConn().Close()
	time.Sleep(200 * time.Millisecond)
	if f := send(one, 10, "c", "lost ack"); f["t"] != "ok" || f["repeat"] != true {
		t.Errorf("after a lost acknowledgement: %v", f)
	}
	// A socket dies in the middle of a frame: masked text of 100 bytes, 20 come.
	half := s.dial(chatPath)
	half.say(frame{"t": "hello", "id": 1, "token": token, "tab": "fourth"})
	half.want("welcome")
	_, _ = half.ws.NetConn().Write(append([]byte{0x81, 0x80 | 100, 0, 0, 0, 0}, `{"t":"send","id":2,"`...))
	half.ws.NetConn().Close()
	cids, err := s.store().CIDs(t.Context())
	must(t, err)
	if len(cids) != 3 || cids["a"] != 1 || cids["b"] != 1 || cids["c"] != 1 {
		t.Errorf("stored %v", cids)
	}
	// The desk's answers likewise.
	agent := s.as("agent1")
	desk := s.desk(agent)
	desk.say(frame{"t": "state", "id": 2, "state": "ready"})
	desk.want("ok")
	s.assigned(agent, id(first["conv"]))
	reply := frame{"t": "reply", "id": 3, "conv": first["conv"], "cid": "r", "text": "answer"}
	desk.say(reply)
	r1 := desk.want("ok", "error")
	desk.say(reply)
	r2 := desk.want("ok", "error")
	if m1, _ := r1["msg"].(frame); m1 == nil || m1["id"] != r2["msg"].(frame)["id"] {
		t.Errorf("a reply sent twice: %v and %v", r1, r2)
	}
	r3 := s.ask("POST", fmt.Sprintf("/api/v1/conversations/%d/messages", id(first["conv"])), frame{"cid": "r", "text": "answer"}, bearer(agent))
	if r3.status != 200 || !strings.Contains(string(r3.body), fmt.Sprint(id(r1["msg"].(frame)["id"]))) {
		t.Errorf("a reply sent again over REST: %d %s", r3.status, r3.body)
	}
}

// files counts what lies in the folder of attachments.
func (s *site) files() (n int) {
	_ = filepath.Walk(filepath.Join(s.in.Dir, "blobs"), func(_ string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			n++
		}
		return nil
	})
	return n
}

// TestCutUpload: an upload that ends in the middle leaves nothing behind.
func TestCutUpload(t *testing.T) {
	s := serveSite(t, t.TempDir())
	_, token := s.visitor()
	agent := s.as("agent1")
	for path, header := range map[string]string{"/c/bench/files": "X-Visitor: " + token, "/api/v1/files": bearer(agent)} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		must(t, err)
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n%s", path, header, strings.Repeat("a", 1<<20))
		time.Sleep(200 * time.Millisecond)
		if s.files() != 1 {
			t.Errorf("%s: %d files while it comes in, want the temporary one", path, s.files())
		}
		c.Close()
		for end := time.Now().Add(5 * time.Second); s.files() > 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		}
		if n := s.files(); n != 0 {
			t.Errorf("%s: %d files left", path, n)
		}
	}
	// One that the process does not survive is swept at a later start.
	old := filepath.Join(s.in.Dir, "blobs", "tmp", "put-1")
	must(t, os.WriteFile(old, []byte("half"), 0o600))
	must(t, os.Chtimes(old, time.Now().Add(-2*time.Hour), time.Now().Add(-2*time.Hour)))
	s.in.Server.Kill()
	time.Sleep(200 * time.Millisecond)
	must(t, s.in.Server.WaitReady(t.Context()))
	if n := s.files(); n != 0 {
		t.Errorf("%d temporary files of a killed process left", n)
	}
}

// TestDrain: a node that is told to stop sends everybody elsewhere, loses
// nothing it acknowledged and exits with 0, also when somebody holds it up.
func TestDrain(t *testing.T) {
	t.Parallel() // waits
	s := serveSite(t, t.TempDir())
	s.stop()
	cmd := exec.Command(s.in.Server.Bin, "serve")
	cmd.Env = append(os.Environ(), s.in.Server.Env...)
	cmd.Stdout, cmd.Stderr = s.in.LogFile(), s.in.LogFile()
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer cmd.Process.Kill()
	must(t, s.in.Server.WaitReady(t.Context()))
	agent := s.as("agent1")
	desk := s.desk(agent)
	_, token := s.visitor()
	stuck, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	must(t, err)
	defer stuck.Close()
	fmt.Fprintf(stuck, "POST /c/bench/files HTTP/1.1\r\nHost: x\r\nX-Visitor: %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"+
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf", token)

	var mu sync.Mutex
	acked := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 10 {
		w, _ := s.visitor()
		wg.Go(func() {
			moving := false
			for n := 0; ; n++ {
				cid := fmt.Sprintf("d-%d-%d", i, n)
				w.say(frame{"t": "send", "id": n + 2, "cid": cid, "text": "x"})
				f, code := w.hear("ok", "error", "moving")
				if f != nil && f["t"] == "moving" {
					moving = true
					f, code = w.hear("ok", "error")
				}
				if f == nil {
					if code != 1001 || !moving {
						t.Errorf("customer %d was cut with %d, told to move: %v", i, code, moving)
					}
					return
				}
				if f["t"] == "ok" {
					mu.Lock()
					acked[cid] = true
					mu.Unlock()
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	unready := false
	for end := began.Add(2 * time.Second); time.Now().Before(end) && !unready; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get(s.base + "/readyz")
		if err != nil {
			break
		}
		unready = resp.StatusCode == 503
		resp.Body.Close()
	}
	if !unready {
		t.Error("readyz did not say 503 while the node stopped")
	}
	if f, code := desk.hear("moving"); f == nil {
		t.Errorf("the desk was cut with %d without a word", code)
	} else if code := desk.end(); code != 1001 {
		t.Errorf("the desk was closed with %d", code)
	}
	wg.Wait()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("exit: %v", err)
		}
	case <-time.After(21 * time.Second):
		t.Error("still running after 21 s")
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	cids, err := s.store().CIDs(t.Context())
	must(t, err)
	for cid := range acked {
		if cids[cid] != 1 {
			t.Errorf("%s was acknowledged and is stored %d times", cid, cids[cid])
		}
	}
	if len(acked) < 10 {
		t.Errorf("only %d messages acknowledged", len(acked))
	}
}

// TestDiskFull: without space writes are refused in so many words, nothing
// acknowledged is lost, and with space it goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("needs root to mount a small disk: %v", err)
	}
	s := serveSite(t, dir)
	t.Cleanup(func() {
		s.stop()
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	})
	agent := s.as("agent1")
	desk := s.desk(agent)
	desk.say(frame{"t": "state", "id": 2, "state": "ready"})
	desk.want("ok")
	w, token := s.visitor()
	conv := w.send("before", "x")
	s.assigned(agent, conv)
	fill, err := os.Create(filepath.Join(dir, "fill"))
	must(t, err)
	chunk := make([]byte, 64<<10)
	for err == nil {
		_, err = fill.Write(chunk)
	}
	for size := len(chunk); size > 0; size /= 2 { // the last bytes too
		_, _ = fill.Write(chunk[:size])
	}
	fill.Close()
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/api/v1/conversations/%d/messages", conv)
	acked := map[string]bool{"before": true}
	long := strings.Repeat("长", 3000)
	full := false
	for n := 0; n < 400 && !full; n++ { // what the write-ahead log still holds is filled first
		cid := fmt.Sprintf("agent-%d", n)
		a := s.ask("POST", path, frame{"cid": cid, "text": long}, bearer(agent))
		switch a.status {
		case 200:
			acked[cid] = true
		case 503:
			full = true
			if a.head.Get("Retry-After") == "" || a.code != "unavailable" {
				t.Errorf("%v %s", a.head, a.body)
			}
		default:
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if !full {
		t.Fatal("the disk did not fill up")
	}
	if a := s.ask("POST", "/c/bench/send", frame{"t": "send", "cid": "rest", "text": long}, "X-Visitor: "+token); a.status != 503 || a.head.Get("Retry-After") == "" || strings.Contains(string(a.body), "disk") {
		t.Errorf("a visitor over REST: %d %s", a.status, a.body)
	}
	w.say(frame{"t": "send", "id": 20, "cid": "full", "text": long})
	if f := w.want("ok", "error"); f["code"] != "unavailable" {
		t.Errorf("a visitor's socket: %v", f)
	}
	desk.say(frame{"t": "reply", "id": 21, "conv": conv, "cid": "full", "text": long})
	if f := desk.want("ok", "error"); f["code"] != "unavailable" {
		t.Errorf("the desk's socket: %v", f)
	}
	if a := s.upload("/c/bench/files", "a.txt", []byte("text"), "X-Visitor: "+token); a.status != 503 || a.head.Get("Retry-After") == "" {
		t.Errorf("an upload: %d %s", a.status, a.body)
	}
	if a := s.ask("GET", fmt.Sprintf("/api/v1/conversations/%d", conv), nil, bearer(agent)); a.status != 200 {
		t.Errorf("reading: %d %s", a.status, a.body)
	}
	must(t, os.Remove(filepath.Join(dir, "fill")))
	deadline := time.Now().Add(10 * time.Second)
	for {
		w.say(frame{"t": "send", "id": 22, "cid": "full", "text": "x"})
		f := w.want("ok", "error")
		if f["t"] == "ok" {
			acked["full"] = true
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("does not recover: %v", f)
		}
		time.Sleep(300 * time.Millisecond)
	}
	db := s.store()
	cids, err := db.CIDs(t.Context())
	must(t, err)
	for cid := range acked {
		if cids[cid] == 0 {
			t.Errorf("%s was acknowledged and is gone", cid)
		}
	}
	con, err := db.Conservation(t.Context())
	must(t, err)
	if !con.OK() {
		t.Errorf("not conserved: %+v", con)
	}
}
