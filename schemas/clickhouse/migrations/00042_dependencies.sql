-- +goose NO TRANSACTION
-- +goose Up
-- What each scanned release declares to need (Requires-Dist, PEP 508), by the
-- name that is needed: who leans on it.
CREATE TABLE IF NOT EXISTS ${database}.dependencies
(
    dependency  String COMMENT 'name of the needed project, normalised by PEP 503' CODEC(ZSTD(1)),
    project_id  UInt32 CODEC(Delta, ZSTD(1)),
    scan_seq    UInt64 CODEC(Delta, ZSTD(1)),
    extra       LowCardinality(String) COMMENT 'extra of the release that needs it, empty: always',
    marker      String COMMENT 'environment marker as declared, blanks evened out; empty: always' CODEC(ZSTD(1)),
    specifier   String COMMENT 'versions that will do, or @ and an address; empty: any' CODEC(ZSTD(1)),
    extras      Array(LowCardinality(String)) COMMENT 'extras that are asked of the needed project'
)
ENGINE = ReplacingMergeTree
ORDER BY (dependency, project_id, scan_seq, extra, marker, specifier);
