-- +goose NO TRANSACTION
-- +goose Up
-- Behaviours that a rematch computed, until all of them are written as scans.
CREATE TABLE IF NOT EXISTS ${database}.rematched
(
    catalogue  LowCardinality(String),
    project_id UInt32,
    version    String,
    scan_seq   UInt64,
    undecided  Array(LowCardinality(String)),
    behavior   Array(LowCardinality(String)),
    contexts   Array(UInt8),
    resolved   Array(UInt8),
    `observation.behavior`  Array(LowCardinality(String)),
    `observation.context`   Array(LowCardinality(String)),
    `observation.certainty` Array(LowCardinality(String)),
    `observation.hits`      Array(UInt32),
    `evidence.observation`  Array(UInt16),
    `evidence.path`         Array(String),
    `evidence.line`         Array(UInt32),
    `evidence.end_line`     Array(UInt32),
    `evidence.symbol`       Array(String),
    `evidence.fingerprint`  Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (catalogue, project_id, version, scan_seq);
