-- Symbols that at least 5 projects hold.
SELECT name, kind, top100, top1k, top10k, community, resolved, support_only
FROM symbol_counts
WHERE snapshot = {snapshot:String} AND community >= 5 AND position(name, '@') = 0
ORDER BY name, kind
