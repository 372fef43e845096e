-- Projects that have one of the symbols, the most used first, with the first
-- place outside support code where there is one.
SELECT project_id, place AS rank, bits AS contexts, proven AS resolved, first.1 AS what, first.2 AS path, first.3 AS line
FROM
(
    SELECT project_id, any(rank) AS place, groupBitOr(contexts) AS bits, groupBitOr(resolved) AS proven,
           argMin((name, path, line), (context = 'support', path, line, name)) AS first
    FROM current_symbols
    WHERE name LIKE {like:String}
      AND name IN (SELECT name FROM symbol_counts WHERE snapshot = {snapshot:String} AND name LIKE {like:String})
    GROUP BY project_id
)
ORDER BY contexts = 32, rank = 0, rank, project_id
LIMIT {limit:UInt32}
