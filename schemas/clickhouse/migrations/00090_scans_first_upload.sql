-- +goose NO TRANSACTION
-- +goose Up
-- When the project's first file was uploaded, by its page: a name that comes
-- back with a later one has another owner, or hides what was there.
ALTER TABLE ${database}.scans
    ADD COLUMN IF NOT EXISTS first_upload DateTime('UTC') COMMENT 'of the oldest file that the page offers; 1970 where the index does not say';
