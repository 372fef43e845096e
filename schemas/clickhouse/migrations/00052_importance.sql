-- +goose NO TRANSACTION
-- +goose Up
-- How much more malicious code shows a behaviour than the community does.
-- left_out is empty for the number of all sources, else the source without
-- whose labels the same was computed.
CREATE TABLE IF NOT EXISTS ${database}.importance
(
    snapshot  LowCardinality(String),
    behavior  LowCardinality(String),
    left_out  LowCardinality(String),
    clusters  UInt32 COMMENT 'clusters of malicious releases: equal code counts once',
    shown     UInt32 COMMENT 'clusters that show the behaviour',
    count     UInt32 COMMENT 'projects of the community that show it',
    scanned   UInt32 COMMENT 'projects of the community that were looked into',
    ratio     Nullable(Float64) COMMENT 'of the two shares, 0.5 added to each cell',
    low       Nullable(Float64) COMMENT 'lower 95 % limit of the ratio (Katz, log scale)',
    high      Nullable(Float64) COMMENT 'upper 95 % limit',
    important Nullable(Bool) COMMENT 'NULL: not enough data'
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, behavior, left_out);
