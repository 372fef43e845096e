-- +goose NO TRANSACTION
-- +goose Up
-- Indicators of all scans; join with projects on (project_id, scan_seq). The
-- domain of an address reads "other" while fewer than 5 projects had it when the
-- newest snapshot was taken.
CREATE OR REPLACE VIEW ${views}.indicators DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT value, kind, project_id, scan_seq, context, hits, path, line
FROM ${database}.indicators
WHERE kind != 'email-domain' OR value IN (
    SELECT domain FROM ${database}.shown_domains WHERE snapshot = (SELECT max(snapshot) FROM ${database}.snapshots))
UNION ALL
SELECT 'other' AS value, kind, project_id, scan_seq, context, hits, path, line
FROM ${database}.indicators
WHERE kind = 'email-domain' AND value NOT IN (
    SELECT domain FROM ${database}.shown_domains WHERE snapshot = (SELECT max(snapshot) FROM ${database}.snapshots));
