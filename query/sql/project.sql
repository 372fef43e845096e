-- A project as a snapshot has it, with the scan that speaks for it.
SELECT p.project_id AS project_id, p.project AS project, p.version AS version, p.scan_seq AS scan_seq, p.rank AS rank,
       p.listed AS listed, p.outcome AS outcome, p.why AS why, p.email_class AS email_class, p.state AS state,
       p.yanked AS yanked, p.issues AS issues,
       s.at AS at, s.detail AS detail, s.license AS license, s.requires_python AS requires_python,
       s.build_backend AS build_backend, s.source_repository AS source_repository, s.typed AS typed, s.attested AS attested,
       s.kinds AS kinds, s.modules AS modules, s.vulnerabilities AS vulnerabilities, s.vulnerabilities_known AS vulnerabilities_known,
       s.requires_dist AS requires_dist,
       s.`cut.file` AS cut_file, s.`cut.member` AS cut_member, s.`cut.why` AS cut_why, s.`cut.bytes` AS cut_bytes,
       s.`file.name` AS file_name, s.`file.kind` AS file_kind, s.`file.bytes` AS file_bytes, s.`file.sha256` AS file_sha256,
       s.`file.verified` AS file_verified, s.`file.members` AS file_members
FROM (SELECT * FROM projects WHERE snapshot = {snapshot:String} AND project_id = {project_id:UInt32}) AS p
INNER JOIN
(
    SELECT * FROM scans
    WHERE catalogue = {catalogue:String} AND project_id = {project_id:UInt32}
) AS s ON s.project_id = p.project_id AND s.scan_seq = p.scan_seq
LIMIT 1
