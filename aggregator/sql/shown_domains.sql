-- Domains of addresses in code that enough projects have to be shown.
INSERT INTO shown_domains (snapshot, domain)
SELECT {snapshot:String}, value
FROM indicators
WHERE kind = 'email-domain'
GROUP BY value
HAVING uniqExact(project_id) >= 5
