-- +goose NO TRANSACTION
-- +goose Up
-- Pinned rankings; what stands under a name never changes.
CREATE TABLE IF NOT EXISTS ${database}.rankings
(
    ranking   LowCardinality(String),
    rank      UInt32,
    project   String,
    base      LowCardinality(String),
    date      Date,
    source    LowCardinality(String),
    state_seq UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (ranking, rank);
