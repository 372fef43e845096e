-- The files that were read for a range of the projects of a snapshot.
SELECT p.project AS project, p.version AS version, file, kind, bytes, sha256
FROM
(
    SELECT project_id, scan_seq, `file.name` AS names, `file.kind` AS kinds, `file.bytes` AS sizes, `file.sha256` AS hashes
    FROM scans
    WHERE catalogue = {catalogue:String} AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
    LIMIT 1 BY project_id, scan_seq
) AS s
INNER JOIN
(
    SELECT project_id, scan_seq, project, version FROM projects
    WHERE snapshot = {snapshot:String} AND project_id BETWEEN {first:UInt32} AND {last:UInt32}
) AS p ON p.project_id = s.project_id AND p.scan_seq = s.scan_seq
ARRAY JOIN s.names AS file, s.kinds AS kind, s.sizes AS bytes, s.hashes AS sha256
WHERE position(file, '@') = 0
ORDER BY s.project_id, file
