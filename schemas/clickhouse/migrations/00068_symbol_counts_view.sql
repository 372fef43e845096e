-- +goose NO TRANSACTION
-- +goose Up
-- In how many projects each symbol stands; the newest snapshots alone have rows.
-- Projects with the symbol in support code alone are in support_only and nowhere else.
CREATE OR REPLACE VIEW ${views}.symbol_counts
(
    snapshot     LowCardinality(String) COMMENT 'name of the snapshot',
    name         String COMMENT 'the symbol, for example os.rename or subprocess.run#shell=True',
    kind         LowCardinality(String) COMMENT 'import, call, ref, arg, flow, method, string, trait or native',
    top100       UInt32 COMMENT 'projects of the Top 100 that have it',
    top1k        UInt32 COMMENT 'projects of the Top 1k that have it',
    top10k       UInt32 COMMENT 'projects of the Top 10k that have it',
    community    UInt32 COMMENT 'projects of the community that have it',
    resolved     UInt32 COMMENT 'projects of the community that have it proven',
    support_only UInt32 COMMENT 'projects that have it in support alone',
    seen         Array(UInt32) COMMENT 'projects by stratum: ranks to 100, to 1,000, to 10,000, the rest',
    drawn        Array(UInt32) COMMENT 'those of them that the crawl drew at random, by stratum',
    proven       Array(UInt32) COMMENT 'those where it is proven, by stratum'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, name, kind,
       seen_100 AS top100, toUInt32(seen_100 + seen_1k) AS top1k, toUInt32(seen_100 + seen_1k + seen_10k) AS top10k,
       toUInt32(seen_100 + seen_1k + seen_10k + seen_rest) AS community,
       toUInt32(proven_100 + proven_1k + proven_10k + proven_rest) AS resolved,
       support_only,
       [seen_100, seen_1k, seen_10k, seen_rest] AS seen,
       [drawn_100, drawn_1k, drawn_10k, drawn_rest] AS drawn,
       [proven_100, proven_1k, proven_10k, proven_rest] AS proven
FROM ${database}.symbol_counts
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
