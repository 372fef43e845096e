-- The rows of one symbol in the releases that speak for their projects.
SELECT kind, project_id, stratum, drawn, rank, context, path, line, contexts, resolved
FROM current_symbols
WHERE name = {name:String}
LIMIT {limit:UInt32}
