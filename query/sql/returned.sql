-- The last scan of a project before its name was gone, and the first one after
-- it was back.
SELECT s.back AS back, any(s.version) AS version, any(s.first_upload) AS first, any(s.behavior) AS behaviors,
       arraySort(groupUniqArrayIf(e.domain, e.domain != '')) AS domains
FROM
(
    SELECT at >= {back:DateTime('UTC')} AS back, project_id, version, scan_seq, scan_order, first_upload, behavior
    FROM scans
    WHERE project_id = {project_id:UInt32} AND catalogue = {catalogue:String}
      AND (at < {gone:DateTime('UTC')} OR at >= {back:DateTime('UTC')}) AND outcome IN ('ok', 'partial')
    ORDER BY if(back, -toInt64(scan_order), toInt64(scan_order)) DESC, scan_seq DESC
    LIMIT 1 BY back
) AS s
LEFT JOIN emails AS e ON e.project_id = s.project_id AND e.scan_seq = s.scan_seq
GROUP BY back
