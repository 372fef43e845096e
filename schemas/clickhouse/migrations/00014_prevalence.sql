-- +goose NO TRANSACTION
-- +goose Up
-- The published numbers: kind is behavior, issue, email-class, outcome or reason,
-- context is empty for the headline. share, low and high are NULL while there
-- is not enough data.
CREATE TABLE IF NOT EXISTS ${database}.prevalence
(
    snapshot   LowCardinality(String),
    kind       LowCardinality(String),
    id         LowCardinality(String),
    context    LowCardinality(String),
    band       LowCardinality(String),
    count      UInt32,
    resolved   UInt32,
    scanned    UInt32,
    size       UInt32,
    size_exact Bool,
    share      Nullable(Float64),
    low        Nullable(Float64),
    high       Nullable(Float64),
    label      LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, kind, id, context, band)
SETTINGS index_granularity = 256;
