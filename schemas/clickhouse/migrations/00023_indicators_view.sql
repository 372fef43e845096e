-- +goose NO TRANSACTION
-- +goose Up
-- Indicators of all scans; join with projects on (project_id, scan_seq). The
-- domain of an address reads "other" while fewer than 5 projects have it.
CREATE OR REPLACE VIEW ${views}.indicators DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT if(kind = 'email-domain' AND value NOT IN (
              SELECT value FROM ${database}.indicators WHERE kind = 'email-domain'
              GROUP BY value HAVING uniqExact(project_id) >= 5), 'other', value) AS value,
       kind, project_id, scan_seq, context, hits, path, line
FROM ${database}.indicators;
