-- +goose NO TRANSACTION
-- +goose Up
-- The projects of each snapshot, with the scan that speaks for them.
CREATE OR REPLACE VIEW ${views}.projects DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT *
FROM ${database}.snapshot_projects FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
