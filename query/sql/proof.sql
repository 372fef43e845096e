-- Where some scans show a behaviour.
SELECT project_id, behavior, context, certainty, hits,
       arrayMap(e -> e.1, evidence) AS path, arrayMap(e -> e.2, evidence) AS line,
       arrayMap(e -> e.3, evidence) AS end_line, arrayMap(e -> e.4, evidence) AS symbol
FROM observations
WHERE project_id IN {ids:Array(UInt32)} AND scan_seq IN {seqs:Array(UInt64)} AND catalogue = {catalogue:String} AND behavior = {id:String}
ORDER BY project_id, context
LIMIT 1 BY project_id, context
