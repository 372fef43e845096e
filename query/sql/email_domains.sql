-- The domains of author addresses of a class, by projects of a snapshot.
SELECT e.domain AS domain, uniqExact(e.project_id) AS projects
FROM (SELECT domain, project_id, scan_seq FROM emails WHERE class = {class:String}) AS e
INNER JOIN (SELECT project_id, scan_seq FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
    ON p.project_id = e.project_id AND p.scan_seq = e.scan_seq
GROUP BY domain
ORDER BY projects DESC, domain
LIMIT {limit:UInt32}
