package testenv

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a redis-server that a test owns: it can be stopped, started
// again and emptied in the middle of a test.
type RedisServer struct {
	URL  string // for bus.OpenRedis and REDIS_URL: unix:///…/r.sock
	sock string
	dir  string
	bin  string
	stop func()
}

// Redis starts a redis-server on a unix socket and stops it after the test.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		Missing(t, "redis-server")
	}
	dir, err := os.MkdirTemp("", "zj") // short: the path of a socket ends at 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{bin: bin, dir: dir, sock: filepath.Join(dir, "r.sock")}
	s.URL = "unix://" + s.sock
	t.Cleanup(func() { s.Stop(); os.RemoveAll(dir) })
	s.Start(t)
	return s
}

// Start starts the server again after Stop; it is empty then.
func (s *RedisServer) Start(t testing.TB) {
	t.Helper()
	stop, err := start(exec.Command(s.bin, "--port", "0", "--unixsocket", s.sock, "--save", "", "--appendonly", "no", "--dir", s.dir), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	s.stop = stop
	for range 500 {
		if c, err := net.Dial("unix", s.sock); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("redis-server did not start in 5 s")
}

// Stop kills the server.
func (s *RedisServer) Stop() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Flush empties the server, as a mistaken FLUSHALL does.
func (s *RedisServer) Flush(t testing.TB) { s.do(t, "FLUSHALL") }

// Trim cuts every stream to its newest entries.
func (s *RedisServer) Trim(t testing.TB) {
	s.do(t, "EVAL", `for _, k in ipairs(redis.call('KEYS', '*')) do
		if redis.call('TYPE', k).ok == 'stream' then redis.call('XTRIM', k, 'MAXLEN', 3) end
	end`, "0")
}

// do sends one command in the protocol's inline-free form (RESP arrays) and
// reads the first line of the answer.
func (s *RedisServer) do(t testing.TB, args ...string) {
	t.Helper()
	c, err := net.Dial("unix", s.sock)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(a), a)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || line[0] == '-' {
		t.Fatalf("redis %s: %q %v", args[0], line, err)
	}
}
