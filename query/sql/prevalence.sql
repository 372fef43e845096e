-- The numbers of a kind of thing, all bands; some ids, or all of them.
SELECT kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label
FROM prevalence_of
WHERE snapshot = {snapshot:String} AND kind IN {kinds:Array(String)} AND (empty({ids:Array(String)}) OR id IN {ids:Array(String)})
  AND (context = '' OR {contexts:Bool})
ORDER BY kind, id, context, band
