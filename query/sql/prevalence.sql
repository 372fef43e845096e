-- The numbers of a kind of thing, all bands; one id, or all of them.
SELECT kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label
FROM prevalence
WHERE snapshot = {snapshot:String} AND kind IN {kinds:Array(String)} AND ({id:String} = '' OR id = {id:String})
  AND (context = '' OR {contexts:Bool})
ORDER BY kind, id, context, band
