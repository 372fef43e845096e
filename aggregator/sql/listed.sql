-- How many ranked names of each stratum are on the index, and how many are not.
SELECT stratum, countIf(on_index) AS listed, countIf(NOT on_index) AS missing
FROM
(
    SELECT multiIf(rank <= 100, 0, rank <= 1000, 1, rank <= 10000, 2, 3) AS stratum,
           project IN (SELECT project FROM projects
                       WHERE project_id IN (SELECT project_id FROM index_names WHERE names = {names:UInt64})) AS on_index
    FROM (SELECT project, min(rank) AS rank FROM rankings WHERE ranking = {ranking:String} GROUP BY project)
)
WHERE stratum < 3
GROUP BY stratum
