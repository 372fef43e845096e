-- Counted projects of a snapshot that bring a module, the most used first.
SELECT project, version, rank
FROM projects
WHERE snapshot = {snapshot:String} AND counted
  AND project_id IN (SELECT project_id FROM modules WHERE module = {module:String} AND current)
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
