// Package testenv gives tests the real servers: a redis-server of their own,
// an empty database of each engine, and a clock that they set. Nothing here
// is faked. What is not installed is skipped with one clear line, or fails
// where ZONGJI_TEST_ALL is set (as it is in CI).
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
)

// Missing skips the test for want of something that is not installed, or
// fails it when ZONGJI_TEST_ALL is set.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("ZONGJI_TEST_ALL") != "" {
		t.Fatalf("%s is missing (ZONGJI_TEST_ALL is set)", what)
	}
	t.Skipf("%s is missing: skipped", what)
}

// Data returns the path of third-party test data below ZONGJI_TESTDATA, or
// skips: such data is not part of the repository.
func Data(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("ZONGJI_TESTDATA")
	if root == "" {
		t.Skip("ZONGJI_TESTDATA is not set: third-party data skipped")
	}
	p := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no test data at %s: skipped", p)
	}
	return p
}

// start runs cmd until the test binary ends, however it ends: the child gets
// sig when its parent dies. The signal follows the thread that forked, so one
// locked goroutine forks and waits.
func start(cmd *exec.Cmd, sig syscall.Signal) (stop func(), err error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = sig
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a stopped server exits tells nothing
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() { _ = cmd.Process.Signal(sig); <-ended }, nil
}

// newest returns the last of the paths that match pattern, by name.
func newest(pattern string) string {
	found, _ := filepath.Glob(pattern)
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}
