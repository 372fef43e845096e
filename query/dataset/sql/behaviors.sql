-- What a range of the counted projects of a snapshot show. The bits are those
-- of the views.
SELECT p.project AS project, p.version AS version, p.rank AS rank, behavior,
       bitAnd(seen, 1) != 0 AS install, bitAnd(seen, 2) != 0 AS startup, bitAnd(seen, 4) != 0 AS import,
       bitAnd(seen, 8) != 0 AS call, bitAnd(seen, 16) != 0 AS package, bitAnd(seen, 32) != 0 AS support,
       bitAnd(proven, 31) != 0 AS resolved
FROM
(
    SELECT project_id, scan_seq, behavior, contexts, resolved
    FROM scans
    WHERE catalogue = {catalogue:String} AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
    LIMIT 1 BY project_id, scan_seq
) AS s
INNER JOIN
(
    SELECT project_id, scan_seq, project, version, rank FROM projects
    WHERE snapshot = {snapshot:String} AND counted AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
) AS p ON p.project_id = s.project_id AND p.scan_seq = s.scan_seq
ARRAY JOIN s.behavior AS behavior, s.contexts AS seen, s.resolved AS proven
ORDER BY s.project_id, behavior
