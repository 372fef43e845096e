-- +goose NO TRANSACTION
-- +goose Up
-- Pinned rankings.
CREATE OR REPLACE VIEW ${views}.rankings DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT ranking, rank, project, base, date, source
FROM ${database}.rankings FINAL;
