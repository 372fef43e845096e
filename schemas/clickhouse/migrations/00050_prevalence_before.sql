-- +goose NO TRANSACTION
-- +goose Up
-- The numbers of the snapshot before, for the change.
ALTER TABLE ${database}.prevalence
    ADD COLUMN IF NOT EXISTS count_before Nullable(UInt32) COMMENT 'count in the snapshot before, NULL when that did not count it',
    ADD COLUMN IF NOT EXISTS share_before Nullable(Float64) COMMENT 'share in the snapshot before, from 0 to 1';
