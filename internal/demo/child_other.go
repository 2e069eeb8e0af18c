//go:build !linux

package demo

import "os/exec"

// startWithParent starts cmd. Only Linux lets it die with this process.
func startWithParent(cmd *exec.Cmd, ended chan<- error) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { ended <- cmd.Wait() }()
	return nil
}
