// Package message holds the contracts that travel over the broker: the Job
// that a crawler publishes, the Scan that a worker answers with, the State
// that a crawler records when a project appears, changes or goes away, and the
// Index, the list of all names that a sweep saw.
//
// Every message carries its schema number. A reader of version N also reads
// N−1; unknown fields are ignored, so that a writer may be one version ahead.
// On the wire a Scan is zstd-compressed JSON (see EncodeScan); Job and State
// are plain JSON, because they are small and people read them in the broker's
// own tools.
//
// The package imports nothing of ours and does no I/O.
package message
