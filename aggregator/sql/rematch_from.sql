-- Which catalogues have scans that another has not matched, and of which projects.
SELECT catalogue, min(project_id) AS first, max(project_id) AS last
FROM scans
WHERE catalogue = crawled AND catalogue != {catalogue:String}
  AND (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM scans WHERE catalogue = {catalogue:String})
GROUP BY catalogue
ORDER BY max(scan_seq) DESC, catalogue
