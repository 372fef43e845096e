-- +goose NO TRANSACTION
-- +goose Up
-- Which releases bring a top-level module.
CREATE OR REPLACE VIEW ${views}.modules
(
    module     String COMMENT 'top-level module, as it is imported',
    project_id UInt32 COMMENT 'project that brings it',
    scan_seq   UInt64 COMMENT 'scan of the release that brings it',
    current    Bool COMMENT 'of the release that speaks for its project in the newest snapshot'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT module, project_id, scan_seq,
       dictGet('${database}.published', 'scan_seq', toUInt64(project_id)) = scan_seq AS current
FROM ${database}.provided_modules FINAL;
