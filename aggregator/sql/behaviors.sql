-- Members on the index that were looked into, by behaviour and by the sets of
-- contexts in which it was seen (contexts) and proven (resolved).
SELECT m.stratum AS stratum, m.drawn AS drawn, s.id AS id, s.seen AS contexts, s.proven AS resolved, count() AS projects
FROM
(
    SELECT project_id, id, seen, proven
    FROM
    (
        SELECT project_id, behavior, contexts, resolved
        FROM scans
        WHERE catalogue = {catalogue:String} AND (project_id, scan_seq) IN (
            SELECT project_id, scan_seq FROM snapshot_projects
            WHERE snapshot = {snapshot:String} AND listed AND outcome IN ('ok', 'partial'))
        LIMIT 1 BY project_id
    )
    ARRAY JOIN behavior AS id, contexts AS seen, resolved AS proven
) AS s
INNER JOIN
(
    SELECT project_id, stratum, drawn FROM snapshot_projects WHERE snapshot = {snapshot:String}
) AS m ON m.project_id = s.project_id
GROUP BY stratum, drawn, id, contexts, resolved
