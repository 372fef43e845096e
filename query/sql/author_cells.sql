-- Counted projects of a snapshot that have an author address at a domain.
SELECT stratum, drawn, toUInt8(16) AS contexts, toUInt8(16) AS resolved, count() AS projects
FROM projects
WHERE snapshot = {snapshot:String} AND counted
  AND (project_id, scan_seq) IN (SELECT project_id, scan_seq FROM emails WHERE domain = {domain:String})
GROUP BY stratum, drawn
