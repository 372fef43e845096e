-- +goose NO TRANSACTION
-- +goose Up
-- Up to where each published snapshot is current.
CREATE OR REPLACE VIEW ${views}.coverage DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, looked, scans_through, states_through, index_revision, index_sweep
FROM ${database}.coverage FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
