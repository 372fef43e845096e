-- +goose NO TRANSACTION
-- +goose Up
-- What each read page said of its project, in the order of the scans. Rows
-- outlive their scans: together with project_states they are the history.
CREATE TABLE IF NOT EXISTS ${database}.page_states
(
    project_id UInt32,
    scan_order UInt64 CODEC(Delta, ZSTD(1)),
    scan_seq   UInt64 CODEC(Delta, ZSTD(1)),
    states     Array(LowCardinality(String)) COMMENT 'active, archived, quarantined or deprecated (PEP 792); besides all-yanked, no-files',
    serial     String COMMENT 'of the page' CODEC(ZSTD(1)),
    at         DateTime('UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, scan_order, scan_seq);
