-- What was seen in one scan.
SELECT behavior, context, certainty, hits,
       arrayMap(e -> e.1, evidence) AS path, arrayMap(e -> e.2, evidence) AS line,
       arrayMap(e -> e.3, evidence) AS end_line, arrayMap(e -> e.4, evidence) AS symbol
FROM observations
WHERE project_id = {project_id:UInt32} AND scan_seq = {scan_seq:UInt64} AND catalogue = {catalogue:String}
ORDER BY behavior, context
LIMIT 1 BY behavior, context
