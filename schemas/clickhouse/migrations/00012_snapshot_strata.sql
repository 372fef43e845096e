-- +goose NO TRANSACTION
-- +goose Up
-- How far the crawl of each stratum was: what every estimate of the snapshot,
-- of a behaviour or of a symbol, starts from. stratum: 0 is the Top 100, 1 ranks
-- 101–1k, 2 ranks 1k–10k, 3 the rest. missing counts ranked names that are not
-- on the index.
CREATE TABLE IF NOT EXISTS ${database}.snapshot_strata
(
    snapshot         LowCardinality(String),
    stratum          UInt8,
    open             Bool,
    listed           UInt32,
    scanned          UInt32,
    unanalysed       UInt32,
    empty            UInt32,
    missing          UInt32,
    drawn_scanned    UInt32,
    drawn_unanalysed UInt32,
    drawn_empty      UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, stratum);
