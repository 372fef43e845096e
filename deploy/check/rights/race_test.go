//go:build race

package rights_test

// race is true where the race detector makes everything slow.
const race = true
