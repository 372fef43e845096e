-- Members on the index by what their scan came to. Those that are labelled
-- malware are no reference projects.
SELECT stratum, drawn, malware, outcome, why, email_class, count() AS projects
FROM snapshot_projects
WHERE snapshot = {snapshot:String} AND listed
GROUP BY stratum, drawn, malware, outcome, why, email_class
