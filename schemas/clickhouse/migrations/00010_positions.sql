-- +goose NO TRANSACTION
-- +goose Up
-- How far a stream was read into tables; written after the rows.
CREATE TABLE IF NOT EXISTS ${database}.positions
(
    stream LowCardinality(String),
    seq    UInt64
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY stream;
