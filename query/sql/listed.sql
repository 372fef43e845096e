-- Every project of a snapshot, by name.
SELECT project, version, rank, listed, outcome, why
FROM projects
WHERE snapshot = {snapshot:String}
ORDER BY project
