-- What the members of a snapshot are, in one number: equal members, equal number.
SELECT count() AS projects,
       sum(cityHash64(project_id, scan_seq, rank, listed, drawn, state, malware, issues)) AS fingerprint
FROM snapshot_projects
WHERE snapshot = {snapshot:String}
