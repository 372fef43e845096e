-- Names of projects of a snapshot.
SELECT project_id, project, version, rank
FROM projects
WHERE snapshot = {snapshot:String} AND project_id IN {ids:Array(UInt32)}
