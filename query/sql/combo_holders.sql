-- Projects of a snapshot that show all of some behaviours, the most used first.
SELECT p.project AS project, p.version AS version, p.rank AS rank
FROM (SELECT project_id, project, version, scan_seq, rank FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
INNER JOIN
(
    SELECT project_id, scan_seq FROM scans
    WHERE catalogue = {catalogue:String} AND hasAll(behavior, {ids:Array(String)})
      AND arrayAll(id -> bitAnd(contexts[indexOf(behavior, id)], 31) != 0, {ids:Array(String)})
) AS s ON s.project_id = p.project_id AND s.scan_seq = p.scan_seq
GROUP BY project, version, rank
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
