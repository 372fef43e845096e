-- The symbols that a pattern stands for, the most used first.
SELECT name, kind, support_only, seen, drawn, proven
FROM symbol_counts
WHERE snapshot = {snapshot:String} AND name LIKE {like:String}
ORDER BY community DESC, support_only DESC, name, kind
LIMIT {limit:UInt32}
