-- Scans of a snapshot whose facts do not say everything, and those of other
-- catalogues than most.
SELECT p.project_id AS project_id, p.scan_seq AS scan_seq, p.stratum AS stratum, p.drawn AS drawn, p.rank AS rank,
       s.crawled AS crawled, s.dropped AS dropped, s.provided AS modules
FROM (SELECT project_id, scan_seq, stratum, drawn, rank FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
INNER JOIN
(
    SELECT project_id, scan_seq, crawled, dropped, arrayIntersect(modules, {roots:Array(String)}) AS provided
    FROM scans
    WHERE catalogue = {catalogue:String}
      AND (dropped['symbols'] > 0 OR dropped['indicators'] > 0 OR hasAny(modules, {roots:Array(String)}) OR crawled != {crawled:String})
    LIMIT 1 BY project_id, scan_seq
) AS s ON s.project_id = p.project_id AND s.scan_seq = p.scan_seq
