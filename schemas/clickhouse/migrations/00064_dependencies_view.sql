-- +goose NO TRANSACTION
-- +goose Up
-- What releases declare to need; join with projects on (project_id, scan_seq).
CREATE OR REPLACE VIEW ${views}.dependencies
(
    dependency String COMMENT 'name of the needed project, normalised by PEP 503',
    project_id UInt32 COMMENT 'project that needs it',
    scan_seq   UInt64 COMMENT 'scan of the release that needs it',
    extra      LowCardinality(String) COMMENT 'extra of the release that needs it, empty: always',
    marker     String COMMENT 'environment marker as declared; empty: always',
    specifier  String COMMENT 'versions that will do, or @ and an address; empty: any',
    extras     Array(LowCardinality(String)) COMMENT 'extras that are asked of the needed project',
    current    Bool COMMENT 'of the release that speaks for its project in the newest snapshot'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT dependency, project_id, scan_seq, extra, marker, specifier, extras,
       dictGet('${database}.published', 'scan_seq', toUInt64(project_id)) = scan_seq AS current
FROM ${database}.dependencies FINAL;
