-- The modules that a project of the newest snapshot brings, with how many
-- projects bring each.
SELECT module, uniqExact(project_id) AS projects
FROM modules
WHERE current AND module IN (
    SELECT module FROM modules WHERE current AND project_id IN (
        SELECT project_id FROM projects WHERE snapshot = {snapshot:String} AND project = {project:String}))
GROUP BY module
ORDER BY module
