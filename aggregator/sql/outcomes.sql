-- Members on the index by what their scan came to.
SELECT stratum, drawn, outcome, why, email_class, count() AS projects
FROM snapshot_projects
WHERE snapshot = {snapshot:String} AND listed
GROUP BY stratum, drawn, outcome, why, email_class
