-- +goose NO TRANSACTION
-- +goose Up
-- What each catalogue of this dataset matched: a rematch has to know which
-- rules changed, and which literals a worker looked for.
CREATE TABLE IF NOT EXISTS ${database}.catalogues
(
    catalogue String COMMENT 'hash',
    rules     String COMMENT 'JSON: ids, contexts, matchers and combinations' CODEC(ZSTD(3)),
    written   DateTime('UTC')
)
ENGINE = ReplacingMergeTree(written)
ORDER BY catalogue;
