//go:build race

package pysource

// The race detector makes all ten times as slow.
const (
	slowness   = 2
	budgetSize = 1 << 19
)
