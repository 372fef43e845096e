-- +goose NO TRANSACTION
-- +goose Up
-- How far the crawl of each stratum was, by snapshot.
CREATE OR REPLACE VIEW ${views}.strata DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT *
FROM ${database}.snapshot_strata FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
