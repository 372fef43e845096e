-- Scanned releases that are labelled malware, with who says so and what they show.
SELECT s.scan_seq AS scan_seq, any(s.code) AS code, groupUniqArray(l.source) AS sources, any(s.shown) AS shown
FROM
(
    SELECT project, version, scan_seq, code,
           arrayFilter((b, c) -> bitAnd(c, 31) != 0, CAST(behavior, 'Array(String)'), contexts) AS shown
    FROM scans
    WHERE scanner = {scanner:String} AND catalogue = {catalogue:String} AND outcome IN ('ok', 'partial')
        AND project IN (SELECT project FROM malware_labels)
) AS s
INNER JOIN
(
    SELECT project, version, source FROM malware_labels FINAL WHERE class = 'malware' AND withdrawn = toDateTime(0, 'UTC')
) AS l ON l.project = s.project
WHERE l.version = '' OR l.version = s.version
GROUP BY scan_seq
