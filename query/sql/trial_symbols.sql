-- The wanted symbols of the releases that speak for a range of projects.
SELECT project_id, scan_seq, stratum, drawn, rank, name, kind, context, certainty, hits, path, line
FROM current_symbols
WHERE (${wanted}) AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
ORDER BY name, kind, project_id, scan_seq, context, certainty
LIMIT 1 BY name, kind, project_id, scan_seq, context, certainty
