-- +goose NO TRANSACTION
-- +goose Up
-- The prevalence of everything, by snapshot, context and band.
CREATE OR REPLACE VIEW ${views}.prevalence
(
    snapshot     LowCardinality(String) COMMENT 'name of the snapshot',
    kind         LowCardinality(String) COMMENT 'behavior, issue, email-class, outcome, reason, build-backend, distribution, requires-python, license, typed, attested',
    id           LowCardinality(String) COMMENT 'what is counted',
    context      LowCardinality(String) COMMENT 'install, startup, import, call, package or support; empty: all but support',
    band         LowCardinality(String) COMMENT 'top100, top1k, top10k or community',
    count        UInt32 COMMENT 'projects that show it, proven or likely',
    resolved     UInt32 COMMENT 'projects that show it proven',
    scanned      UInt32 COMMENT 'projects of the band that were looked into',
    size         UInt32 COMMENT 'reference projects of the band',
    size_exact   Bool COMMENT 'false while size is an estimate',
    share        Nullable(Float64) COMMENT 'estimated share of the band, from 0 to 1; NULL: not enough data',
    low          Nullable(Float64) COMMENT 'lower 95 % limit of share',
    high         Nullable(Float64) COMMENT 'upper 95 % limit of share',
    label        LowCardinality(String) COMMENT 'Common, Uncommon, Rare, Unseen or Not enough data, of the community',
    count_before Nullable(UInt32) COMMENT 'count in the snapshot before',
    share_before Nullable(Float64) COMMENT 'share in the snapshot before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label, count_before, share_before
FROM ${database}.prevalence FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
