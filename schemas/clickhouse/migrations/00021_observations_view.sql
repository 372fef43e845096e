-- +goose NO TRANSACTION
-- +goose Up
-- Observations with their evidence, a row a behaviour and context of a scan.
CREATE OR REPLACE VIEW ${views}.observations DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project_id, project, version, scan_seq, catalogue,
       behavior, context, certainty, hits,
       arrayMap(i -> (`evidence.path`[i], `evidence.line`[i], `evidence.end_line`[i], `evidence.symbol`[i], `evidence.fingerprint`[i]),
                arrayFilter((i, o) -> o = number, arrayEnumerate(`evidence.observation`), `evidence.observation`)) AS evidence
FROM ${database}.scans
ARRAY JOIN
    `observation.behavior` AS behavior, `observation.context` AS context, `observation.certainty` AS certainty,
    `observation.hits` AS hits, arrayEnumerate(`observation.behavior`) AS number;
