-- The indicators of a range of projects that a rule can be about.
SELECT project_id, scan_seq, value, kind, context, hits, path, line
FROM indicators
WHERE kind IN ('url', 'domain', 'ipv4', 'ipv6') AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
LIMIT 1 BY value, kind, project_id, scan_seq, context
