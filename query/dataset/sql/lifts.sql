-- How much more malicious code shows each behaviour than the community does.
SELECT behavior, clusters, shown, ratio, low, high, important
FROM importance
WHERE snapshot = {snapshot:String} AND left_out = ''
