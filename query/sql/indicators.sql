-- The values that a pattern stands for, by how many projects have them.
SELECT value, kind, uniqExact(project_id) AS projects
FROM current_indicators
WHERE value LIKE {like:String}
GROUP BY value, kind
ORDER BY projects DESC, value, kind
LIMIT {limit:UInt32}
