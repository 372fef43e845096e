//go:build !race

package rights_test

const race = false
