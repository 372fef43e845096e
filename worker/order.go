//go:build !plant_ack_before_publish

package worker

// ackFirst is false: a job is acknowledged only after the broker has stored
// its scans. See order_plant.go.
const ackFirst = false

// plantedPause is of no meaning without the fault.
const plantedPause = 0
