-- +goose NO TRANSACTION
-- +goose Up
-- The names of the published index, one partition a list of names, called by a
-- hash of the list, so that an equal list is never loaded twice.
CREATE TABLE IF NOT EXISTS ${database}.index_names
(
    names      UInt64,
    project_id UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY names
ORDER BY (names, project_id);
