-- What snapshots say that may be news: labels of behaviours, important ones, and
-- projects that are quarantined.
SELECT snapshot, 'rare' AS kind, id, label
FROM prevalence
WHERE snapshot IN {snapshots:Array(String)} AND prevalence.kind = 'behavior' AND context = '' AND band = 'community'
UNION ALL
SELECT snapshot, 'important' AS kind, behavior AS id, '' AS label
FROM importance
WHERE snapshot IN {snapshots:Array(String)} AND left_out = '' AND important
UNION ALL
SELECT snapshot, 'quarantined' AS kind, project AS id, '' AS label
FROM projects
WHERE snapshot IN {snapshots:Array(String)} AND state = 'quarantined'
