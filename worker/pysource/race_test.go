//go:build race

package pysource

const slowness = 20
