-- +goose NO TRANSACTION
-- +goose Up
-- Projects whose place in the order of a first crawl was drawn at random. Once
-- drawn, always drawn: a later scan of the same project still is of the sample.
CREATE TABLE IF NOT EXISTS ${database}.drawn_projects
(
    project_id UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY project_id;
