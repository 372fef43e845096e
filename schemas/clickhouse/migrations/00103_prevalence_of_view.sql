-- +goose NO TRANSACTION
-- +goose Up
-- The view prevalence for a reader who knows the name of a published snapshot:
-- without looking whether it is one, which took as long as all the rest.
CREATE OR REPLACE VIEW ${views}.prevalence_of DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT snapshot, kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label
FROM ${database}.prevalence FINAL;
