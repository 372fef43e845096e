-- Projects that have one of the values, the most used first.
SELECT project_id, place AS rank, bits AS contexts, bits AS resolved, first.1 AS what, first.2 AS path, first.3 AS line
FROM
(
    SELECT project_id, any(rank) AS place,
           groupBitOr(toUInt8(transform(toString(context), ['install', 'startup', 'import', 'call', 'package', 'support'], [1, 2, 4, 8, 16, 32], 0))) AS bits,
           argMin((value, path, line), (context = 'support', path, line, value)) AS first
    FROM current_indicators
    WHERE value LIKE {like:String}
    GROUP BY project_id
)
ORDER BY contexts = 32, rank = 0, rank, project_id
LIMIT {limit:UInt32}
