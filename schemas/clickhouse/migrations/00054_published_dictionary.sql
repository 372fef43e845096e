-- +goose NO TRANSACTION
-- +goose Up
-- Which scan speaks for a project in the newest published snapshot: what
-- questions about facts go by. It looks for a newer one by itself, should the
-- aggregator end before it says so.
CREATE DICTIONARY IF NOT EXISTS ${database}.published
(
    project_id UInt64,
    scan_seq   UInt64,
    stratum    UInt8 DEFAULT 3,
    drawn      Bool DEFAULT false,
    rank       UInt32
)
PRIMARY KEY project_id
SOURCE(CLICKHOUSE(QUERY 'SELECT project_id, scan_seq, stratum, drawn, rank FROM ${database}.snapshot_projects WHERE counted AND snapshot = (SELECT max(snapshot) FROM ${database}.snapshots)' INVALIDATE_QUERY 'SELECT max(snapshot) FROM ${database}.snapshots'))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 65536 MAX_ARRAY_SIZE 50000000))
LIFETIME(MIN 20 MAX 40);
