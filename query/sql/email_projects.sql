-- Counted projects of a snapshot whose author addresses are of a class, the most
-- used first.
SELECT project, version, rank
FROM projects
WHERE snapshot = {snapshot:String} AND counted AND email_class = {class:String}
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
