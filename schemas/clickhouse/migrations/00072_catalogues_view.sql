-- +goose NO TRANSACTION
-- +goose Up
-- What each catalogue of this dataset matched.
CREATE OR REPLACE VIEW ${views}.catalogues
(
    catalogue String COMMENT 'hash',
    rules     String COMMENT 'JSON: ids, contexts, matchers and combinations',
    written   DateTime('UTC') COMMENT 'when it was last seen'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT catalogue, rules, written
FROM ${database}.catalogues FINAL;
