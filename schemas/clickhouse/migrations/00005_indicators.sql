-- +goose NO TRANSACTION
-- +goose Up
-- One row a value, kind and context of a scan, by value: who else has it.
CREATE TABLE IF NOT EXISTS ${database}.indicators
(
    value      String CODEC(ZSTD(1)),
    kind       LowCardinality(String),
    project_id UInt32 CODEC(Delta, ZSTD(1)),
    scan_seq   UInt64 CODEC(Delta, ZSTD(1)),
    context    LowCardinality(String),
    hits       UInt32 CODEC(ZSTD(1)),
    path       String CODEC(ZSTD(1)),
    line       UInt32 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (value, kind, project_id, scan_seq, context);
