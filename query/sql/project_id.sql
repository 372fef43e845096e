-- The id of a project, by its normalised name.
SELECT project_id FROM project_ids WHERE project = {project:String} LIMIT 1
