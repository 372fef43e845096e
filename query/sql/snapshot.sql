-- The newest snapshot, or the one asked for.
SELECT s.*, c.looked AS looked, c.index_sweep AS covered_sweep, c.index_revision AS index_revision,
       greatest(s.scans_through, c.scans_through) AS covered_scans, c.states_through AS states_through
FROM snapshots AS s LEFT JOIN coverage AS c ON c.snapshot = s.snapshot
WHERE {snapshot:String} = '' OR s.snapshot = {snapshot:String}
ORDER BY s.taken DESC, s.snapshot DESC
LIMIT 1
