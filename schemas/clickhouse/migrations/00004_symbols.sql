-- +goose NO TRANSACTION
-- +goose Up
-- One row a symbol, kind, context and certainty of a scan. The name comes
-- first: the question is who uses it, and the names compress to almost nothing.
CREATE TABLE IF NOT EXISTS ${database}.symbols
(
    name       String CODEC(ZSTD(1)),
    kind       LowCardinality(String),
    project_id UInt32 CODEC(Delta, ZSTD(1)),
    scan_seq   UInt64 CODEC(Delta, ZSTD(1)),
    context    LowCardinality(String),
    certainty  LowCardinality(String),
    hits       UInt32 CODEC(ZSTD(1)),
    path       String CODEC(ZSTD(1)),
    line       UInt32 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (name, kind, project_id, scan_seq, context, certainty)
SETTINGS index_granularity = 1024;
