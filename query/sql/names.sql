-- Names of projects of a snapshot.
SELECT project_id, project, version, rank
FROM projects_of
WHERE snapshot = {snapshot:String} AND project_id IN {ids:Array(UInt32)}
