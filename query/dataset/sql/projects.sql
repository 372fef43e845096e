-- A range of the projects of a snapshot.
SELECT project, version, rank, listed, counted, malware, outcome, why, state, yanked
FROM projects
WHERE snapshot = {snapshot:String} AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
ORDER BY project_id
