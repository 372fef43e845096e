//go:build plant_ack_before_publish

package worker

// ackFirst plants a fault: the job is acknowledged before its scans are
// published, so a worker that dies in between loses them. It shows that the
// kill test would notice.
const ackFirst = true
