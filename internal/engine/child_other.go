//go:build !linux

package engine

import "os/exec"

// dieWithParent does nothing: only Linux has a parent-death signal. The watch
// on standard input remains.
func dieWithParent(*exec.Cmd) {}
