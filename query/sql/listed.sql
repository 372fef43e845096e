-- Every project of a snapshot, by name.
SELECT project, version, rank, listed, outcome, why, state
FROM projects
WHERE snapshot = {snapshot:String}
ORDER BY project
