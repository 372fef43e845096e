-- The rematched scans of a range of projects: the old row, the new behaviours.
INSERT INTO scans (${columns})
SELECT ${values}
FROM
(
    SELECT * FROM scans
    WHERE project_id BETWEEN {first:UInt32} AND {last:UInt32} AND catalogue = {from:String} AND crawled = catalogue
    LIMIT 1 BY project_id, scan_seq
) AS s
INNER JOIN
(
    SELECT * FROM rematched WHERE catalogue = {catalogue:String}
    LIMIT 1 BY project_id, version, scan_seq
) AS r ON r.project_id = s.project_id AND r.version = s.version AND r.scan_seq = s.scan_seq
