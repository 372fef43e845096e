-- How far the crawl of each stratum of a snapshot was.
SELECT stratum, open, listed, scanned, unanalysed, empty, missing, drawn_scanned, drawn_unanalysed, drawn_empty
FROM strata WHERE snapshot = {snapshot:String} ORDER BY stratum
