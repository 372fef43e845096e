-- Projects that have one of the values, each once. What a scan found is proven.
SELECT stratum, drawn, bits AS contexts, bits AS resolved, count() AS projects
FROM
(
    SELECT project_id, any(stratum) AS stratum, any(drawn) AS drawn,
           groupBitOr(toUInt8(transform(toString(context), ['install', 'startup', 'import', 'call', 'package', 'support'], [1, 2, 4, 8, 16, 32], 0))) AS bits
    FROM current_indicators
    WHERE value LIKE {like:String}
    GROUP BY project_id
)
GROUP BY stratum, drawn, contexts
