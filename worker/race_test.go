//go:build race

package worker

// raceEnabled says that this binary was built with the race detector.
const raceEnabled = true
