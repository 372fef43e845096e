-- +goose NO TRANSACTION
-- +goose Up
-- Every change of a project's state on the index, in the order of STATES.
CREATE TABLE IF NOT EXISTS ${database}.project_states
(
    project   String,
    state_seq UInt64,
    state     LowCardinality(String),
    serial    String,
    at        DateTime('UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (project, state_seq);
