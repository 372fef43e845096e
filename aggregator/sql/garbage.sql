-- Scans that nobody needs: not named by a kept list of projects, and either
-- replaced by a newer scan of the same release, or of a release that is not
-- among the newest scanned ones of its project. The scans that a snapshot would
-- choose now are kept, for the versions of the last one and for the newest.
INSERT INTO garbage (project_id, scan_seq)
WITH
    once AS (
        SELECT project_id, version, scan_seq, any(scan_order) AS scan_order, any(scanner) AS scanner, any(page_latest) AS page_latest,
               groupUniqArray(catalogue) AS catalogues
        FROM scans GROUP BY project_id, version, scan_seq),
    versions AS (
        SELECT scanner, catalogue FROM snapshots WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
        UNION DISTINCT
        SELECT scanner, catalogue FROM scans ORDER BY scan_seq DESC, catalogue = {catalogue:String} DESC LIMIT 1
        UNION DISTINCT
        SELECT scanner, {catalogue:String} FROM scans ORDER BY scan_seq DESC LIMIT 1),
    chosen AS (
        SELECT project_id, scan_seq
        FROM (SELECT project_id, scan_order, scan_seq, scanner, arrayJoin(catalogues) AS catalogue FROM once WHERE page_latest)
        WHERE (scanner, catalogue) IN (SELECT scanner, catalogue FROM versions)
        ORDER BY project_id, scanner, catalogue, scan_order DESC, scan_seq DESC
        LIMIT 1 BY project_id, scanner, catalogue),
    newest AS (
        SELECT project_id, version, scan_order, scan_seq
        FROM once
        ORDER BY project_id, version, scan_order DESC, scan_seq DESC
        LIMIT 1 BY project_id, version),
    releases AS (
        SELECT project_id, version FROM once
        GROUP BY project_id, version
        ORDER BY project_id, max((scan_order, scan_seq)) DESC
        LIMIT {keep:UInt32} BY project_id)
SELECT DISTINCT project_id, scan_seq
FROM once
WHERE (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM snapshot_projects)
  AND (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM chosen)
  AND ((project_id, version, scan_seq) NOT IN (SELECT project_id, version, scan_seq FROM newest)
       OR (project_id, version) NOT IN (SELECT project_id, version FROM releases))
