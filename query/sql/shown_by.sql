-- Projects of a snapshot that show a behaviour in one of the contexts of mask,
-- the most used first, behind a place.
SELECT p.project AS project, p.version AS version, p.rank AS rank, p.project_id AS project_id, p.scan_seq AS scan_seq,
       any(s.seen) AS contexts, any(s.proven) AS resolved
FROM (SELECT project_id, project, version, scan_seq, rank FROM projects
      WHERE snapshot = {snapshot:String} AND listed AND outcome IN ('ok', 'partial')
        AND (rank = 0, rank, project) > ({after_unranked:Bool}, {after_rank:UInt32}, {after:String})) AS p
INNER JOIN
(
    SELECT project_id, scan_seq, contexts[indexOf(behavior, {id:String})] AS seen, resolved[indexOf(behavior, {id:String})] AS proven
    FROM scans WHERE catalogue = {catalogue:String} AND has(behavior, {id:String})
) AS s ON s.project_id = p.project_id AND s.scan_seq = p.scan_seq
WHERE bitAnd(s.seen, {mask:UInt8}) != 0
GROUP BY project, version, rank, project_id, scan_seq
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
