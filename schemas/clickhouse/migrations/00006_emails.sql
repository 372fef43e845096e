-- +goose NO TRANSACTION
-- +goose Up
-- Author addresses, reduced to domain, class and a keyed hash by the worker. No
-- view shows the hash, and none shows a domain of few projects.
CREATE TABLE IF NOT EXISTS ${database}.emails
(
    domain     String CODEC(ZSTD(1)),
    class      LowCardinality(String),
    project_id UInt32 CODEC(Delta, ZSTD(1)),
    scan_seq   UInt64 CODEC(Delta, ZSTD(1)),
    key        String CODEC(ZSTD(1)),
    key_id     LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (domain, class, project_id, scan_seq, key_id, key);
