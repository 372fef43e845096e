-- Which versions the scans of projects on the index have, and how many each
-- covers. Of equally new ones this build's own catalogue is the newer: a rematch
-- wrote it.
SELECT scanner, catalogue, toUInt64(groupBitmap(project_id)) AS projects, max(scan_seq) AS newest
FROM scans
WHERE page_latest AND project_id IN (SELECT project_id FROM index_names WHERE names = {names:UInt64})
GROUP BY scanner, catalogue
ORDER BY newest DESC, catalogue = {own:String} DESC, catalogue
