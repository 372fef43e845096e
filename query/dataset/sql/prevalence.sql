-- Every number of a snapshot. An id that may hold an address is left out.
SELECT kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label
FROM prevalence
WHERE snapshot = {snapshot:String} AND position(id, '@') = 0
ORDER BY kind, id, context, band
