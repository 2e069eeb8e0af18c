package bus

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the kernel end the child when this process dies, and
// keeps a terminal's Ctrl+C from reaching it before us.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
