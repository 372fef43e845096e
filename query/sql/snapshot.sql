-- The newest snapshot, or the one asked for.
SELECT s.snapshot AS snapshot, s.taken AS taken, s.ranking AS ranking, s.scanner AS scanner, s.catalogue AS catalogue,
       s.index_url AS index_url, s.index_serial AS index_serial, s.index_sweep AS index_sweep, s.index_complete AS index_complete,
       s.scans_through AS scans_through, s.projects AS projects,
       c.looked AS looked, c.index_sweep AS covered_sweep, c.index_revision AS index_revision,
       greatest(s.scans_through, c.scans_through) AS covered_scans, c.states_through AS states_through
FROM snapshots AS s LEFT JOIN coverage AS c ON c.snapshot = s.snapshot
WHERE {snapshot:String} = '' OR s.snapshot = {snapshot:String}
ORDER BY s.taken DESC, s.snapshot DESC
LIMIT 1
