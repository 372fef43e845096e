-- +goose NO TRANSACTION
-- +goose Up
-- Symbols of the releases that speak for their projects in the newest snapshot.
-- A row may stand here more than once until duplicates are merged.
CREATE OR REPLACE VIEW ${views}.current_symbols
(
    name       String COMMENT 'the symbol',
    kind       LowCardinality(String) COMMENT 'import, call, ref, arg, flow, method, string, trait or native',
    project_id UInt32 COMMENT 'see projects',
    scan_seq   UInt64 COMMENT 'the scan',
    context    LowCardinality(String) COMMENT 'when the code runs',
    certainty  LowCardinality(String) COMMENT 'resolved or likely',
    hits       UInt32 COMMENT 'how often it stands in the release',
    path       String COMMENT 'member of the first hit',
    line       UInt32 COMMENT 'from 1; 0 where lines mean nothing',
    contexts   UInt8 COMMENT 'on one row of each name, kind and project: all its contexts as bits; else 0',
    resolved   UInt8 COMMENT 'likewise: the contexts in which it is proven',
    stratum    UInt8 COMMENT '0: ranks to 100, 1: to 1,000, 2: to 10,000, 3: the rest',
    drawn      Bool COMMENT 'the crawl drew the project at random',
    rank       UInt32 COMMENT '0: unranked'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT name, kind, project_id, scan_seq, context, certainty, hits, path, line, contexts, resolved,
       dictGet('${database}.published', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('${database}.published', 'drawn', toUInt64(project_id)) AS drawn,
       dictGet('${database}.published', 'rank', toUInt64(project_id)) AS rank
FROM ${database}.symbols
WHERE dictGet('${database}.published', 'scan_seq', toUInt64(project_id)) = scan_seq;
