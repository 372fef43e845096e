-- A project as a snapshot has it.
SELECT project_id, project, version, scan_seq, rank, listed, outcome, why, email_class, state, yanked, issues
FROM projects_of
WHERE snapshot = {snapshot:String} AND project_id = {project_id:UInt32}
LIMIT 1
