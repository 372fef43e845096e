-- Projects that lean on another one, the most used first.
SELECT p.project AS project, p.version AS version, p.rank AS rank, u.bits AS bits
FROM (SELECT project_id, project, version, rank FROM projects WHERE snapshot = {snapshot:String} AND counted AND project != {project:String}) AS p
INNER JOIN
(
        SELECT project_id, groupBitOr(bit) AS bits
        FROM
        (
            SELECT project_id, toUInt8(if(extra = '', 1, 2)) AS bit
            FROM dependencies
            WHERE dependency = {project:String} AND current
            UNION ALL
            SELECT project_id, toUInt8(if(bitAnd(contexts, 31) != 0, 4, if(contexts != 0, 8, 0))) AS bit
            FROM current_symbols
            WHERE kind = 'import' AND name IN (
                SELECT name FROM symbol_counts
                WHERE snapshot = {snapshot:String} AND kind = 'import' AND splitByChar('.', name)[1] IN {modules:Array(String)})
        )
        GROUP BY project_id
) AS u ON u.project_id = p.project_id
WHERE bits != 0
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
