//go:build !race

package pysource

const (
	slowness   = 1
	budgetSize = maxSource
)
