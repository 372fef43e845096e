-- +goose NO TRANSACTION
-- +goose Up
-- Scans as a project's page shows them, for reading one by its key.
CREATE OR REPLACE VIEW ${views}.scan_pages
(
    project_id UInt32 COMMENT 'see projects',
    scan_seq   UInt64 COMMENT 'the scan',
    catalogue  LowCardinality(String) COMMENT 'hash of the rules that matched',
    page       String COMMENT 'JSON: metadata, files, cuts, observations and evidence; of points into behavior, from 1'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project_id, scan_seq, catalogue, page
FROM ${database}.scans;
