-- The wanted indicators of the releases that speak for a range of projects.
SELECT project_id, scan_seq, stratum, drawn, rank, value, kind, context, hits, path, line
FROM current_indicators
WHERE (${wanted}) AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
ORDER BY kind, value, project_id, scan_seq, context
LIMIT 1 BY kind, value, project_id, scan_seq, context
