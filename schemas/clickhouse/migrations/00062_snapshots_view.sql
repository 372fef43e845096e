-- +goose NO TRANSACTION
-- +goose Up
-- The published snapshots.
CREATE OR REPLACE VIEW ${views}.snapshots DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, taken, ranking, scanner, catalogue, index_url, index_serial, index_sweep, index_complete,
       scans_through, projects, previous, labels
FROM ${database}.snapshots FINAL;
