-- Labels that touch the Top 10k of the newest ranking.
SELECT r.rank AS rank, l.project AS project, l.version AS version, l.source AS source, l.id AS id, l.class AS class, l.withdrawn AS withdrawn
FROM (SELECT * FROM malware_labels FINAL) AS l
INNER JOIN
(
    SELECT project, min(rank) AS rank FROM rankings
    WHERE ranking IN (SELECT ranking FROM rankings GROUP BY ranking ORDER BY max(state_seq) DESC LIMIT 1)
    GROUP BY project HAVING rank <= 10000
) AS r ON r.project = l.project
ORDER BY rank, project, version, source, id
