-- Projects that lean on another one, by how: declared (1), declared for an extra
-- (2), one of its modules imported (4), imported in support code (8).
SELECT stratum, drawn, bits AS contexts, bits AS resolved, count() AS projects
FROM
(
    SELECT p.stratum AS stratum, p.drawn AS drawn, u.bits AS bits
    FROM (SELECT project_id, stratum, drawn FROM projects WHERE snapshot = {snapshot:String} AND counted AND project != {project:String}) AS p
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
)
GROUP BY stratum, drawn, contexts
