-- +goose NO TRANSACTION
-- +goose Up
-- Rows and bytes on disk, by table.
CREATE OR REPLACE VIEW ${views}.storage DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) AS raw_bytes, count() AS parts
FROM system.parts
WHERE active AND database = '${database}'
GROUP BY table;
