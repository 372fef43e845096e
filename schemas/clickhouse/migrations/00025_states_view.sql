-- +goose NO TRANSACTION
-- +goose Up
-- Every change of a project's state on the index.
CREATE OR REPLACE VIEW ${views}.states DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project, state_seq, state, serial, at
FROM ${database}.project_states FINAL;
