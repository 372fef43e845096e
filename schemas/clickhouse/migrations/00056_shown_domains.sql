-- +goose NO TRANSACTION
-- +goose Up
-- Domains of addresses that may be shown, as at least 5 projects have them: found
-- out once a snapshot, not with each question.
CREATE TABLE IF NOT EXISTS ${database}.shown_domains
(
    snapshot LowCardinality(String),
    domain   String
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (snapshot, domain);
