-- +goose NO TRANSACTION
-- +goose Up
-- In how many projects of a snapshot each symbol stands, by stratum, so that a
-- symbol's prevalence is one look-up. seen counts projects with the symbol in a
-- context other than support, proven those of them where it is resolved, drawn
-- those that a crawl drew at random. The newest snapshots alone have rows.
CREATE TABLE IF NOT EXISTS ${database}.symbol_counts
(
    snapshot     LowCardinality(String),
    name         String CODEC(ZSTD(1)),
    kind         LowCardinality(String),
    seen_100     UInt32 COMMENT 'projects of ranks 1 to 100' CODEC(ZSTD(1)),
    seen_1k      UInt32 COMMENT 'projects of ranks 101 to 1,000' CODEC(ZSTD(1)),
    seen_10k     UInt32 COMMENT 'projects of ranks 1,001 to 10,000' CODEC(ZSTD(1)),
    seen_rest    UInt32 COMMENT 'all other projects' CODEC(ZSTD(1)),
    drawn_100    UInt32 CODEC(ZSTD(1)),
    drawn_1k     UInt32 CODEC(ZSTD(1)),
    drawn_10k    UInt32 CODEC(ZSTD(1)),
    drawn_rest   UInt32 CODEC(ZSTD(1)),
    proven_100   UInt32 CODEC(ZSTD(1)),
    proven_1k    UInt32 CODEC(ZSTD(1)),
    proven_10k   UInt32 CODEC(ZSTD(1)),
    proven_rest  UInt32 CODEC(ZSTD(1)),
    support_only UInt32 COMMENT 'projects that have it in support alone; in no other column' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (snapshot, name, kind)
SETTINGS index_granularity = 1024;
