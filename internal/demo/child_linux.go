package demo

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startWithParent starts cmd so that it dies with this process, however this
// one ends. The kernel ties that to the thread that forked, so one locked
// goroutine forks and waits.
func startWithParent(cmd *exec.Cmd, ended chan<- error) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	return <-started
}
