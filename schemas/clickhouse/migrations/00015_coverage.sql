-- +goose NO TRANSACTION
-- +goose Up
-- Up to where a snapshot is known to be what one taken now would be: a look that
-- finds nothing new moves this row and publishes nothing.
CREATE TABLE IF NOT EXISTS ${database}.coverage
(
    snapshot       LowCardinality(String),
    looked         DateTime64(3, 'UTC'),
    scans_through  UInt64,
    states_through UInt64,
    index_revision UInt64,
    index_sweep    DateTime('UTC')
)
ENGINE = ReplacingMergeTree(looked)
ORDER BY snapshot;
