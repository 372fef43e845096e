-- +goose NO TRANSACTION
-- +goose Up
-- One row a scan. A redelivered message has the same scan_seq and replaces
-- itself; catalogue is in the key because a rematch gives an old scan new
-- behaviours. Behaviours are nested, so that a rule that stops matching leaves
-- nothing behind: behavior[i] was seen in the contexts of the bit set
-- contexts[i], and proven in those of resolved[i] (install 1, startup 2,
-- import 4, call 8, package 16, support 32).
-- observation.* has a row a behaviour and context; evidence.* points into it by
-- index from 1.
CREATE TABLE IF NOT EXISTS ${database}.scans
(
    project_id  UInt32,
    project     String CODEC(ZSTD(1)),
    version     String CODEC(ZSTD(1)),
    scan_seq    UInt64 CODEC(Delta, ZSTD(1)),
    scan_order  UInt64 CODEC(Delta, ZSTD(1)),
    catalogue   LowCardinality(String),
    scanner     LowCardinality(String),
    page_latest Bool,
    drawn       Bool,
    reason      LowCardinality(String),
    serial      String CODEC(ZSTD(1)),
    at          DateTime('UTC') CODEC(Delta, ZSTD(1)),

    outcome     LowCardinality(String),
    why         LowCardinality(String),
    detail      String CODEC(ZSTD(1)),
    `cut.file`   Array(String) CODEC(ZSTD(1)),
    `cut.member` Array(String) CODEC(ZSTD(1)),
    `cut.why`    Array(LowCardinality(String)),
    `cut.bytes`  Array(Int64) CODEC(ZSTD(1)),
    dropped     Map(LowCardinality(String), UInt32),

    state       LowCardinality(String),
    yanked      Bool,
    `file.name`         Array(String) CODEC(ZSTD(1)),
    `file.kind`         Array(LowCardinality(String)),
    `file.bytes`        Array(Int64) CODEC(ZSTD(1)),
    `file.sha256`       Array(String) CODEC(ZSTD(1)),
    `file.verified`     Array(Bool),
    `file.members`      Array(UInt32) CODEC(ZSTD(1)),
    `file.member_bytes` Array(Int64) CODEC(ZSTD(1)),
    `file.python_bytes` Array(Int64) CODEC(ZSTD(1)),

    meta_name         String CODEC(ZSTD(1)),
    meta_version      String CODEC(ZSTD(1)),
    summary           Bool,
    description       Bool,
    license           String CODEC(ZSTD(1)),
    requires_python   LowCardinality(String),
    requires_dist     Array(String) CODEC(ZSTD(1)),
    source_repository Bool,
    build_backend     LowCardinality(String),
    modules           Array(String) CODEC(ZSTD(1)),
    email_class       LowCardinality(String),

    behavior Array(LowCardinality(String)),
    contexts Array(UInt8) CODEC(ZSTD(1)),
    resolved Array(UInt8) CODEC(ZSTD(1)),

    `observation.behavior`  Array(LowCardinality(String)),
    `observation.context`   Array(LowCardinality(String)),
    `observation.certainty` Array(LowCardinality(String)),
    `observation.hits`      Array(UInt32) CODEC(ZSTD(1)),
    `evidence.observation`  Array(UInt16) CODEC(ZSTD(1)),
    `evidence.path`         Array(String) CODEC(ZSTD(1)),
    `evidence.line`         Array(UInt32) CODEC(ZSTD(1)),
    `evidence.end_line`     Array(UInt32) CODEC(ZSTD(1)),
    `evidence.symbol`       Array(String) CODEC(ZSTD(1)),
    `evidence.fingerprint`  Array(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, version, scan_seq, catalogue)
SETTINGS index_granularity = 128;
