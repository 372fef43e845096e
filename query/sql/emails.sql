-- The author addresses of one scan, by class and domain.
SELECT class, domain, count() AS addresses
FROM emails
WHERE project_id = {project_id:UInt32} AND scan_seq = {scan_seq:UInt64}
GROUP BY class, domain
ORDER BY class, domain
