//go:build plant_ack_before_publish

package worker

import "time"

// ackFirst plants a fault: the job is acknowledged before its scans are
// published, so a worker that dies in between loses them. It shows that the
// kill test would notice.
const ackFirst = true

// plantedPause holds the window of the fault open, so that a few kills find it.
const plantedPause = 60 * time.Millisecond
