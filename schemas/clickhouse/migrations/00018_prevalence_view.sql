-- +goose NO TRANSACTION
-- +goose Up
-- The prevalence of everything, by snapshot, context and band.
CREATE OR REPLACE VIEW ${views}.prevalence DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT *
FROM ${database}.prevalence FINAL
WHERE snapshot IN (SELECT snapshot FROM ${database}.snapshots);
