//go:build !linux

package main

// describeMachine knows nothing here beyond what the runtime does.
func describeMachine() machine { return machine{} }

// processUse is what a process has used so far.
type processUse struct {
	cpuSeconds float64
	peakBytes  int64 // the most that was resident
}

// useOf is not known here.
func useOf(int) processUse { return processUse{} }

// residentBytes is not known here.
func residentBytes(int) int64 { return 0 }

// childrenOf is not known here.
func childrenOf(int) []int { return nil }
