// Package crawler finds out what is new on an index: it lists all names,
// compares them with the list that it published last, and publishes one job per
// project that is new or changed.
//
// Once runs one sweep. The root listing is always whole, even when the jobs are
// restricted by hand, so every sweep records which names vanished and which
// came back. What the sweep learned becomes the next list (message.Index), which
// is replaced whole, by compare-and-set, after the broker has acknowledged every
// job: a sweep that dies half-way leaves the old list, and is repeated.
package crawler
