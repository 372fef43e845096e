-- +goose NO TRANSACTION
-- +goose Up
-- Dense ids of projects, given out by the one aggregator before the first row
-- that uses them. Facts are keyed by id: four bytes, and a flat dictionary fits.
CREATE TABLE IF NOT EXISTS ${database}.projects
(
    project    String,
    project_id UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY project;
