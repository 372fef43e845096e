-- The scan that speaks for a project, as its page shows it.
SELECT page
FROM scan_pages
WHERE project_id = {project_id:UInt32} AND scan_seq = {scan_seq:UInt64} AND catalogue = {catalogue:String}
LIMIT 1
