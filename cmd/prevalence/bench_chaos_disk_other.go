//go:build !linux

package main

// chaosDisk is never there: only Linux has small file systems in memory.
type chaosDisk struct{}

func newChaosDisk(string) *chaosDisk     { return &chaosDisk{} }
func (d *chaosDisk) there() bool         { return false }
func (d *chaosDisk) fill() (free func()) { return func() {} }
func (d *chaosDisk) close()              {}
