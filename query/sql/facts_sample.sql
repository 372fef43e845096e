-- Projects of a snapshot to sample facts of: so many of each stratum, drawn by a
-- hash, so that the same snapshot gives the same sample. A stratum of which the
-- sample is a part is drawn from what the crawl itself drew, if that is incomplete.
SELECT p.project_id AS project_id, p.project AS project, p.version AS version, p.scan_seq AS scan_seq, p.rank AS rank,
       p.stratum AS stratum, p.drawn AS drawn, s.crawled AS crawled, s.dropped AS dropped, s.modules AS modules
FROM
(
    SELECT project_id, project, version, scan_seq, rank, stratum, drawn
    FROM projects
    WHERE snapshot = {snapshot:String} AND counted AND (drawn OR NOT has({drawn_only:Array(UInt32)}, stratum))
    ORDER BY stratum, sipHash64(project, {snapshot:String}), project
    LIMIT {each:UInt32} BY stratum
) AS p
INNER JOIN
(
    SELECT project_id, scan_seq, crawled, dropped, modules FROM scans WHERE catalogue = {catalogue:String} LIMIT 1 BY project_id, scan_seq
) AS s ON s.project_id = p.project_id AND s.scan_seq = p.scan_seq
ORDER BY p.stratum, p.rank = 0, p.rank, p.project
