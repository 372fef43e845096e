-- The numbers of behaviours in the last snapshots, the oldest first.
SELECT p.id AS id, s.snapshot AS snapshot, s.taken AS taken, s.scanner AS scanner, s.catalogue AS catalogue,
       p.band AS band, p.count AS count, p.resolved AS resolved, p.scanned AS scanned, p.size AS size, p.size_exact AS size_exact,
       p.share AS share, p.low AS low, p.high AS high, p.label AS label
FROM
(
    SELECT * FROM prevalence
    WHERE kind = 'behavior' AND id IN {ids:Array(String)} AND context = ''
      AND snapshot IN (SELECT snapshot FROM snapshots ORDER BY taken DESC, snapshot DESC LIMIT {limit:UInt32})
) AS p
INNER JOIN (SELECT snapshot, taken, scanner, catalogue FROM snapshots) AS s ON s.snapshot = p.snapshot
ORDER BY taken, snapshot, id, band
