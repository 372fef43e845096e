-- +goose NO TRANSACTION
-- +goose Up
-- Which snapshot the changes are counted from, and by which labels.
ALTER TABLE ${database}.snapshots
    ADD COLUMN IF NOT EXISTS previous String COMMENT 'the snapshot that changes are counted from; empty: none is comparable',
    ADD COLUMN IF NOT EXISTS labels UInt64 COMMENT 'hash of the malware labels; 0 without any';
