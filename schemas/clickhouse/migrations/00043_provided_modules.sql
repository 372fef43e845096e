-- +goose NO TRANSACTION
-- +goose Up
-- The top-level modules that each scanned release brings (its files, RECORD,
-- top_level.txt, Import-Name of PEP 794): which projects provide an import.
CREATE TABLE IF NOT EXISTS ${database}.provided_modules
(
    module     String CODEC(ZSTD(1)),
    project_id UInt32 CODEC(Delta, ZSTD(1)),
    scan_seq   UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (module, project_id, scan_seq);
