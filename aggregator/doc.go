// Package aggregator turns scans into the dataset: it inserts what the broker
// delivers, one insert a table a batch, acknowledges a batch after its insert,
// and publishes snapshots, in which every number that is ever shown stands.
//
// Nothing is counted by hand and nothing is added up over time. A scan that is
// delivered twice replaces itself in its table, and a snapshot is computed from
// the tables alone: per project the scan with the highest (scan_order,
// scan_seq) among those that named their release the latest and have the
// snapshot's versions. So the aggregator may be killed at any moment and
// started again, and scans may come in any order, any number of times: the next
// snapshot is the same.
//
// One aggregator writes to a dataset at a time, because it gives out the dense
// ids of projects.
//
//	db.Migrate(ctx)
//	a, err := aggregator.New(ctx, db, aggregator.Options{Catalog: c, Log: log})
//	err = a.Run(ctx, broker)
package aggregator
