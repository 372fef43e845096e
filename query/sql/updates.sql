-- Counted projects of a snapshot of which two releases are stored, by whether
-- the earlier and the latest one show a behaviour outside support.
SELECT stratum, earlier, latest, count() AS projects
FROM
(
    SELECT any(p.stratum) AS stratum,
           maxIf(s.seen, s.scan_seq = p.scan_seq) AS latest,
           argMaxIf(s.seen, (s.scan_order, s.scan_seq), s.version != p.version AND s.scan_order < p.scan_order) AS earlier,
           maxIf(s.open, s.scan_seq = p.scan_seq) OR argMaxIf(s.open, (s.scan_order, s.scan_seq), s.version != p.version AND s.scan_order < p.scan_order) AS unknown,
           countIf(s.version != p.version AND s.scan_order < p.scan_order) AS others
    FROM (SELECT project_id, version, scan_seq, scan_order, stratum FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
    INNER JOIN
    (
        SELECT project_id, version, scan_seq, scan_order,
               bitAnd(contexts[indexOf(behavior, {id:String})], 31) != 0 AS seen, has(undecided, {id:String}) AS open
        FROM scans
        WHERE catalogue = {catalogue:String} AND outcome IN ('ok', 'partial')
    ) AS s ON s.project_id = p.project_id
    GROUP BY p.project_id
    HAVING others > 0 AND NOT unknown
)
GROUP BY stratum, earlier, latest
