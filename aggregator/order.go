//go:build !plant_ack_before_insert

package aggregator

// ackBeforeInsert is true only in builds with a planted fault, which show that
// the tests of crashes notice a batch that is acknowledged too early.
const ackBeforeInsert = false

// plantedPause is of no meaning without the fault.
const plantedPause = 0
