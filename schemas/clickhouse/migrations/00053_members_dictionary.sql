-- +goose NO TRANSACTION
-- +goose Up
-- Which scan speaks for a project in the newest list of members, published or
-- not: what a publication counts by. Ids are dense, so that a look-up is one
-- read of an array. Names of snapshots begin with their time.
CREATE DICTIONARY IF NOT EXISTS ${database}.members
(
    project_id UInt64,
    scan_seq   UInt64,
    stratum    UInt8 DEFAULT 3,
    drawn      Bool DEFAULT false
)
PRIMARY KEY project_id
SOURCE(CLICKHOUSE(QUERY 'SELECT project_id, scan_seq, stratum, drawn FROM ${database}.snapshot_projects WHERE counted AND snapshot = (SELECT max(snapshot) FROM ${database}.snapshot_projects)'))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 65536 MAX_ARRAY_SIZE 50000000))
LIFETIME(0);
