package pysource

import (
	"syscall"
	"time"
)

// threadTime is the time that this thread has spent computing, so that what
// else runs on the machine does not fail a test; lock the thread first.
func threadTime() time.Duration {
	const rusageThread = 1
	var ru syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &ru); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
