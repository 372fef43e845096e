-- +goose NO TRANSACTION
-- +goose Up
-- Ids of projects by name, which is the key: how one project is found among all.
CREATE OR REPLACE VIEW ${views}.project_ids
(
    project    String COMMENT 'normalised by PEP 503',
    project_id UInt32 COMMENT 'what stands for it in the other views; for good'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project, project_id
FROM ${database}.projects;
