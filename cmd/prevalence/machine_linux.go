package main

import (
	"strings"

	"github.com/prometheus/procfs"
)

// describeMachine says what /proc knows of this machine; what cannot be read is
// left empty.
func describeMachine() machine {
	var m machine
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return m
	}
	if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
		m.Processor = strings.TrimSpace(cpus[0].ModelName)
	}
	if memory, err := fs.Meminfo(); err == nil && memory.MemTotal != nil {
		m.MemoryGiB = float64(*memory.MemTotal) / (1 << 20)
	}
	if load, err := fs.LoadAvg(); err == nil {
		m.Load = load.Load1
	}
	return m
}

// processUse is what a process has used so far.
type processUse struct {
	cpuSeconds float64
	peakBytes  int64 // the most that was resident
}

// useOf reads what a running process has used; zero when it is gone.
func useOf(pid int) processUse {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return processUse{}
	}
	stat, err := p.Stat()
	if err != nil {
		return processUse{}
	}
	u := processUse{cpuSeconds: stat.CPUTime()}
	if status, err := p.NewStatus(); err == nil {
		u.peakBytes = int64(status.VmHWM)
	}
	return u
}

// residentBytes is what of a running process is in memory; zero when it is gone.
func residentBytes(pid int) int64 {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0
	}
	stat, err := p.Stat()
	if err != nil {
		return 0
	}
	return int64(stat.ResidentMemory())
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil
	}
	var children []int
	for _, p := range all {
		if stat, err := p.Stat(); err == nil && stat.PPID == pid {
			children = append(children, p.PID)
		}
	}
	return children
}
