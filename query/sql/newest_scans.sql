-- The projects whose newest scan of the latest release is as asked for. An
-- empty list or text asks for anything.
SELECT project
FROM
(
    SELECT project, scanner, outcome, why
    FROM scans
    WHERE page_latest
    ORDER BY scan_order DESC, scan_seq DESC
    LIMIT 1 BY project_id
)
WHERE (empty({scanner:String}) OR scanner = {scanner:String})
  AND (empty({not_scanner:String}) OR scanner != {not_scanner:String})
  AND (empty({outcomes:Array(String)}) OR has({outcomes:Array(String)}, outcome))
  AND (empty({reasons:Array(String)}) OR has({reasons:Array(String)}, why))
ORDER BY project
