-- Members on the index by issue; scanned is true where the release was looked into.
SELECT stratum, drawn, outcome IN ('ok', 'partial') AS scanned, issue, count() AS projects
FROM snapshot_projects ARRAY JOIN issues AS issue
WHERE snapshot = {snapshot:String} AND listed AND NOT malware
GROUP BY stratum, drawn, scanned, issue
