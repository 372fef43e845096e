-- +goose NO TRANSACTION
-- +goose Up
-- How much more malicious code shows a behaviour than the community does.
CREATE OR REPLACE VIEW ${views}.importance
(
    snapshot  LowCardinality(String) COMMENT 'name of the snapshot',
    behavior  LowCardinality(String) COMMENT 'id of the behaviour',
    left_out  LowCardinality(String) COMMENT 'source of labels that was left out; empty: none, the number that counts',
    clusters  UInt32 COMMENT 'clusters of malicious releases: equal code counts once',
    shown     UInt32 COMMENT 'clusters that show the behaviour',
    count     UInt32 COMMENT 'projects of the community that show it',
    scanned   UInt32 COMMENT 'projects of the community that were looked into',
    ratio     Nullable(Float64) COMMENT 'of the two shares, 0.5 added to each cell',
    low       Nullable(Float64) COMMENT 'lower 95 % limit of the ratio',
    high      Nullable(Float64) COMMENT 'upper 95 % limit of the ratio',
    important Nullable(Bool) COMMENT 'lower limit at least 3; NULL: not enough data'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, behavior, left_out, clusters, shown, count, scanned, ratio, low, high, important
FROM ${database}.importance FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
