-- +goose NO TRANSACTION
-- +goose Up
-- Symbols of all scans; join with projects on (project_id, scan_seq).
CREATE OR REPLACE VIEW ${views}.symbols DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT name, kind, project_id, scan_seq, context, certainty, hits, path, line
FROM ${database}.symbols;
