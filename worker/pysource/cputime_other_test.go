//go:build !linux

package pysource

import "time"

func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
