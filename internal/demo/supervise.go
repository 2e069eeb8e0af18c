package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Server is a served installation as a child process that comes back after
// each kill, as a service manager would do it.
type Server struct {
	Bin    string   // the zongji binary
	Args   []string // after "serve"
	Env    []string // added to the environment
	Base   string   // http://127.0.0.1:8080
	Output io.Writer
	Log    *slog.Logger

	mu      sync.Mutex
	process *os.Process
	starts  int
	ready   time.Duration // of the last start
}

// Run keeps the child running until ctx ends, then stops it with SIGTERM so
// that it drains.
func (s *Server) Run(ctx context.Context) error {
	for {
		cmd := exec.Command(s.Bin, append([]string{"serve"}, s.Args...)...)
		cmd.Env = append(os.Environ(), s.Env...)
		cmd.Stdout, cmd.Stderr = s.Output, s.Output
		began := time.Now()
		ended := make(chan error, 1)
		if err := startWithParent(cmd, ended); err != nil {
			return fmt.Errorf("start %s: %w", s.Bin, err)
		}
		s.mu.Lock()
		s.process = cmd.Process
		s.starts++
		s.mu.Unlock()
		watch, stop := context.WithCancel(ctx)
		go func() {
			if s.WaitReady(watch) == nil {
				s.mu.Lock()
				s.ready = time.Since(began)
				s.mu.Unlock()
			}
		}()
		select {
		case <-ctx.Done():
			stop()
			_ = cmd.Process.Signal(os.Interrupt)
			select {
			case <-ended:
			case <-time.After(25 * time.Second):
				_ = cmd.Process.Kill()
				<-ended
			}
			return nil
		case err := <-ended:
			stop()
			s.Log.Info("the served process ended and is started again", "err", err)
			if time.Since(began) < 500*time.Millisecond {
				return fmt.Errorf("%s serve ends at once: %w", s.Bin, err)
			}
		}
	}
}

// Kill ends the child with SIGKILL. It answers what was running.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		_ = s.process.Kill()
	}
}

// Pid returns the process id of the child, 0 before the first start.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Pid
}

// Starts returns how often the child was started and how long the last start
// took until it was ready (0: not yet).
func (s *Server) Starts() (n int, ready time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts, s.ready
}

// WaitReady returns when /readyz answers 200, or with ctx's error.
func (s *Server) WaitReady(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sleep(ctx, 20*time.Millisecond)
	}
}
