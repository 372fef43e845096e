-- Counted projects of a snapshot that have an author address at a domain, the
-- most used first.
SELECT project, version, rank
FROM projects
WHERE snapshot = {snapshot:String} AND counted
  AND (project_id, scan_seq) IN (SELECT project_id, scan_seq FROM emails WHERE domain = {domain:String})
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
