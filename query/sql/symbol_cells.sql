-- Projects that have one of the symbols, each once. The names are looked up
-- first, so that a pattern without a fixed beginning is found by the key.
SELECT stratum, drawn, bits AS contexts, proven AS resolved, count() AS projects
FROM
(
    SELECT project_id, any(stratum) AS stratum, any(drawn) AS drawn, groupBitOr(contexts) AS bits, groupBitOr(resolved) AS proven
    FROM current_symbols
    WHERE name LIKE {like:String}
      AND name IN (SELECT name FROM symbol_counts WHERE snapshot = {snapshot:String} AND name LIKE {like:String})
    GROUP BY project_id
)
GROUP BY stratum, drawn, contexts, resolved
