-- +goose NO TRANSACTION
-- +goose Up
-- Scans that a collection of garbage deletes, while it runs.
CREATE TABLE IF NOT EXISTS ${database}.garbage
(
    project_id UInt32,
    scan_seq   UInt64
)
ENGINE = MergeTree
ORDER BY (project_id, scan_seq);
