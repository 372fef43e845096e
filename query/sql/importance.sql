-- How much more malicious code shows behaviours than the community does.
SELECT behavior, clusters, shown, ratio, low, high, important
FROM importance
WHERE snapshot = {snapshot:String} AND left_out = '' AND (empty({ids:Array(String)}) OR behavior IN {ids:Array(String)})
