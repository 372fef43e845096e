-- +goose NO TRANSACTION
-- +goose Up
-- One pointer row a snapshot, written last: a snapshot without it does not exist.
CREATE TABLE IF NOT EXISTS ${database}.snapshots
(
    snapshot       String,
    taken          DateTime('UTC'),
    ranking        LowCardinality(String),
    scanner        LowCardinality(String),
    catalogue      LowCardinality(String),
    index_url      LowCardinality(String),
    index_serial   String,
    index_sweep    DateTime('UTC'),
    index_complete Bool,
    names          UInt64,
    scans_through  UInt64,
    projects       UInt32,
    fingerprint    UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY snapshot;
