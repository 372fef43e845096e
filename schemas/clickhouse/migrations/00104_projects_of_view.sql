-- +goose NO TRANSACTION
-- +goose Up
-- The view projects for a reader who knows the name of a published snapshot, as
-- far as a look-up by project_id needs it.
CREATE OR REPLACE VIEW ${views}.projects_of DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, project_id, project, version, scan_seq, rank, listed, outcome, why, email_class, state, yanked, issues
FROM ${database}.snapshot_projects FINAL;
