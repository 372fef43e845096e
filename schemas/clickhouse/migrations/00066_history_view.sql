-- +goose NO TRANSACTION
-- +goose Up
-- Every change of a project's state, dated: what sweeps saw of the index, and
-- what the project's own page said when it was read and that it had not said before.
CREATE OR REPLACE VIEW ${views}.history
(
    project String COMMENT 'normalised by PEP 503',
    at      DateTime('UTC') COMMENT 'when it was seen',
    source  LowCardinality(String) COMMENT 'index: the list of names; page: the page of the project',
    states  Array(LowCardinality(String)) COMMENT 'removed, resurrected; active, archived, quarantined, deprecated; all-yanked, no-files',
    serial  String COMMENT 'of the page, as far as known'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project, at, 'index' AS source, [state] AS states, serial
FROM ${database}.project_states FINAL
UNION ALL
SELECT p.project AS project, c.at AS at, 'page' AS source, c.states AS states, c.serial AS serial
FROM
(
    SELECT project_id, at, states, serial,
           lagInFrame(states) OVER (PARTITION BY project_id ORDER BY scan_order, scan_seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
    FROM ${database}.page_states FINAL
) AS c
INNER JOIN (SELECT project_id, any(project) AS project FROM ${database}.projects GROUP BY project_id) AS p ON p.project_id = c.project_id
WHERE c.states != c.before;
