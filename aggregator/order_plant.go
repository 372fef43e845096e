//go:build plant_ack_before_insert

package aggregator

import "time"

// ackBeforeInsert: see order.go. This build loses scans when it is killed.
const ackBeforeInsert = true

// plantedPause holds the window of the fault open, so that a few kills find it.
const plantedPause = 500 * time.Millisecond
