package sandbox

import "runtime/debug"

// LimitMemory bounds this process's memory: softly, where the collector works
// harder, and hard, where an allocation fails and the process dies of it. The
// hard limit counts what was mapped and not given back (RLIMIT_DATA), which is
// up to 128 MiB more than what a Go program uses. Zero is no limit. It reports
// whether the hard limit is in force: on Linux alone, and not with the race
// detector, whose own memory counts as well.
func LimitMemory(soft, hard int64) (enforced bool, err error) {
	if soft > 0 {
		debug.SetMemoryLimit(soft)
	}
	if hard <= 0 || raceEnabled {
		return false, nil
	}
	return limitData(hard)
}
