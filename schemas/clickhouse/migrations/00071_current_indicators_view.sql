-- +goose NO TRANSACTION
-- +goose Up
-- Indicators of the releases that speak for their projects in the newest
-- snapshot. The domain of an address reads "other" while fewer than 5 projects
-- had it when that was taken. A row may stand here more than once until
-- duplicates are merged. Two parts, so that a value is found by the key.
CREATE OR REPLACE VIEW ${views}.current_indicators
(
    value      String COMMENT 'the value',
    kind       LowCardinality(String) COMMENT 'ipv4, ipv6, url, domain, email-domain, wallet, webhook, token',
    project_id UInt32 COMMENT 'see projects',
    scan_seq   UInt64 COMMENT 'the scan',
    context    LowCardinality(String) COMMENT 'when the code runs',
    hits       UInt32 COMMENT 'how often it stands in the release',
    path       String COMMENT 'member of the first hit',
    line       UInt32 COMMENT 'from 1; 0 where lines mean nothing',
    stratum    UInt8 COMMENT '0: ranks to 100, 1: to 1,000, 2: to 10,000, 3: the rest',
    drawn      Bool COMMENT 'the crawl drew the project at random',
    rank       UInt32 COMMENT '0: unranked'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT value, kind, project_id, scan_seq, context, hits, path, line,
       dictGet('${database}.published', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('${database}.published', 'drawn', toUInt64(project_id)) AS drawn,
       dictGet('${database}.published', 'rank', toUInt64(project_id)) AS rank
FROM ${database}.indicators
WHERE dictGet('${database}.published', 'scan_seq', toUInt64(project_id)) = scan_seq AND (kind != 'email-domain' OR value IN (
    SELECT domain FROM ${database}.shown_domains WHERE snapshot = (SELECT max(snapshot) FROM ${database}.snapshots)))
UNION ALL
SELECT 'other' AS value, kind, project_id, scan_seq, context, hits, path, line,
       dictGet('${database}.published', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('${database}.published', 'drawn', toUInt64(project_id)) AS drawn,
       dictGet('${database}.published', 'rank', toUInt64(project_id)) AS rank
FROM ${database}.indicators
WHERE dictGet('${database}.published', 'scan_seq', toUInt64(project_id)) = scan_seq AND kind = 'email-domain' AND value NOT IN (
    SELECT domain FROM ${database}.shown_domains WHERE snapshot = (SELECT max(snapshot) FROM ${database}.snapshots));
