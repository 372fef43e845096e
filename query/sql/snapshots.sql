-- All published snapshots, the newest first.
SELECT snapshot, taken, ranking, scanner, catalogue, index_serial, projects, previous
FROM snapshots
ORDER BY taken DESC, snapshot DESC
