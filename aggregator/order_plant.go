//go:build plant_ack_before_insert

package aggregator

// ackBeforeInsert: see order.go. This build loses scans when it is killed.
const ackBeforeInsert = true
