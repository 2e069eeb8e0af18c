package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	childStart = 5 * time.Second // until the child must answer
	childStop  = 3 * time.Second // until it is killed
	socketPath = 100             // bytes; systems allow 104 to 108
)

// OpenChild starts a private redis-server that keeps its data in dir and
// listens on a unix socket only, and connects to it. The child ends with
// Close, and with this process however it ends. It fails with exec.ErrNotFound when
// no redis-server is installed.
func OpenChild(ctx context.Context, dir string) (*Bus, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	// Each start has a socket of its own: a redis-server that still ends, of a
	// parent that was killed, unlinks the path that it was started with.
	name := "redis-" + strconv.Itoa(os.Getpid()) + ".sock"
	stale, _ := filepath.Glob(filepath.Join(dir, "redis-*.sock")) // the pattern is valid
	for _, old := range stale {
		_ = os.Remove(old)
	}
	sock, tmp := filepath.Join(dir, name), ""
	if len(sock) > socketPath {
		if tmp, err = os.MkdirTemp("", "zj"); err != nil {
			return nil, fmt.Errorf("bus: %w", err)
		}
		sock = filepath.Join(tmp, name)
	}
	cmd := exec.Command(bin, "--port", "0", "--unixsocket", sock, "--unixsocketperm", "700", "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
		"--daemonize", "no", "--dir", dir, "--logfile", filepath.Join(dir, "redis.log"), "--loglevel", "warning")
	stop, ended, err := runChild(cmd)
	if err != nil {
		return nil, fmt.Errorf("bus: start redis-server: %w", err)
	}
	b, err := connectChild(ctx, sock, ended)
	if err != nil {
		stop()
		return nil, err
	}
	b.Detail = "redis-server child in " + dir
	closeConns := b.Close
	b.Close = func() error {
		err := closeConns()
		stop()
		if tmp != "" {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
		return err
	}
	return b, nil
}

// connectChild waits until the child answers: a few ms, longer when it reads
// much.
func connectChild(ctx context.Context, sock string, ended <-chan struct{}) (*Bus, error) {
	ctx, cancel := context.WithTimeout(ctx, childStart)
	defer cancel()
	for {
		if c, err := net.Dial("unix", sock); err == nil {
			_ = c.Close() // only asked whether it listens
			b, err := OpenRedis(ctx, "unix://"+sock)
			if !errors.Is(err, ErrDown) {
				return b, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("bus: redis-server child did not answer: %w", ctx.Err())
		case <-ended:
			return nil, errors.New("bus: redis-server child ended at once: see redis.log in its folder")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// runChild starts cmd from a goroutine that keeps its thread until the child
// ends: the signal at the parent's death follows the thread that forked.
func runChild(cmd *exec.Cmd) (stop func(), ended <-chan struct{}, err error) {
	dieWithParent(cmd)
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return nil, nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // gone already: fine
		select {
		case <-done:
		case <-time.After(childStop):
			_ = cmd.Process.Kill()
			<-done
		}
	}
	return stop, done, nil
}
