-- +goose NO TRANSACTION
-- +goose Up
-- The first row of each name and kind of a scan leads: it has all contexts in
-- which the scan saw the symbol, as bits, and those in which it was proven.
-- Counting the leading rows counts scans, without a second grouping.
ALTER TABLE ${database}.symbols
    ADD COLUMN IF NOT EXISTS contexts UInt8 COMMENT 'on the leading row: bit set of all contexts (install 1, startup 2, import 4, call 8, package 16, support 32); else 0' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS resolved UInt8 COMMENT 'on the leading row: the contexts in which it was proven; else 0' CODEC(ZSTD(1));
