-- Projects with a domain in their code: by itself, in an address, in a URL.
SELECT stratum, drawn, bits AS contexts, bits AS resolved, count() AS projects
FROM
(
    SELECT project_id, any(stratum) AS stratum, any(drawn) AS drawn,
           groupBitOr(toUInt8(transform(toString(context), ['install', 'startup', 'import', 'call', 'package', 'support'], [1, 2, 4, 8, 16, 32], 0))) AS bits
    FROM current_indicators
    WHERE kind IN ('domain', 'email-domain') AND value = {domain:String}
       OR kind = 'url' AND domain(value) = {domain:String} AND (value LIKE concat('https://', {like:String}, '%') OR value LIKE concat('http://', {like:String}, '%') OR value LIKE concat('ftp://', {like:String}, '%'))
    GROUP BY project_id
)
GROUP BY stratum, drawn, contexts
