-- What counted projects of a snapshot that show a behaviour show besides, each
-- outside support. Where one of the two is not proven, the pair is not.
SELECT other.1 AS behavior, stratum, drawn, toUInt8(1) AS contexts, toUInt8(proven AND bitAnd(other.3, 31) != 0) AS resolved, count() AS projects
FROM
(
    SELECT any(p.stratum) AS stratum, any(p.drawn) AS drawn, any(s.proven) AS proven, any(s.shown) AS shown
    FROM
    (
        SELECT project_id, scan_seq, bitAnd(resolved[indexOf(behavior, {id:String})], 31) != 0 AS proven,
               arrayFilter(x -> x.1 != {id:String} AND bitAnd(x.2, 31) != 0, arrayZip(behavior, contexts, resolved)) AS shown
        FROM scans
        WHERE catalogue = {catalogue:String} AND has(behavior, {id:String}) AND bitAnd(contexts[indexOf(behavior, {id:String})], 31) != 0
    ) AS s
    INNER JOIN (SELECT project_id, scan_seq, stratum, drawn FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
        ON p.project_id = s.project_id AND p.scan_seq = s.scan_seq
    GROUP BY p.project_id
)
ARRAY JOIN shown AS other
GROUP BY behavior, stratum, drawn, resolved
