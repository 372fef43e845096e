-- The catalogues that the scans of a snapshot were crawled with, and the ids of projects.
SELECT crawled, min(project_id) AS first, max(project_id) AS last
FROM scans
WHERE catalogue = {catalogue:String}
  AND (project_id, scan_seq) IN (SELECT project_id, scan_seq FROM projects WHERE snapshot = {snapshot:String} AND counted)
GROUP BY crawled
ORDER BY uniqExact(project_id) DESC, crawled
