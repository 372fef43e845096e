-- +goose NO TRANSACTION
-- +goose Up
-- The scan that speaks for each project in a snapshot. listed is false for a
-- project that is gone from the index: it has a report and is in no count. A
-- partition a snapshot, so that dropping one costs nothing; the snapshot leads the
-- key as well, because FINAL replaces rows across partitions.
CREATE TABLE IF NOT EXISTS ${database}.snapshot_projects
(
    snapshot    LowCardinality(String),
    project_id  UInt32,
    project     String CODEC(ZSTD(1)),
    version     String CODEC(ZSTD(1)),
    scan_order  UInt64 CODEC(Delta, ZSTD(1)),
    scan_seq    UInt64 CODEC(Delta, ZSTD(1)),
    rank        UInt32 CODEC(ZSTD(1)),
    stratum     UInt8 CODEC(ZSTD(1)),
    listed      Bool,
    drawn       Bool,
    outcome     LowCardinality(String),
    why         LowCardinality(String),
    email_class LowCardinality(String),
    state       LowCardinality(String),
    yanked      Bool,
    issues      Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
PARTITION BY snapshot
ORDER BY (snapshot, project_id)
SETTINGS index_granularity = 256;
