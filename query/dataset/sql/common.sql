-- Hosts and IP addresses that many projects hold outside support code.
SELECT kind, value, uniqExact(project_id) AS projects
FROM current_indicators
WHERE kind IN ('domain', 'ipv4', 'ipv6') AND context != 'support' AND position(value, '@') = 0
GROUP BY kind, value
HAVING projects >= {least:UInt32}
ORDER BY kind, value
