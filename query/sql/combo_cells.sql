-- Counted projects of a snapshot by which of some behaviours they show, as bits
-- of their places: anywhere but in support (contexts), proven (resolved), and
-- those that a rematch could not decide (open).
SELECT stratum, drawn, contexts, resolved, open, count() AS projects
FROM
(
    SELECT any(p.stratum) AS stratum, any(p.drawn) AS drawn, any(s.seen) AS contexts, any(s.proven) AS resolved, any(s.undecided) AS open
    FROM
    (
        SELECT project_id, scan_seq,
               toUInt8(arraySum((id, i) -> if(bitAnd(contexts[indexOf(behavior, id)], 31) != 0, bitShiftLeft(1, i - 1), 0), {ids:Array(String)}, arrayEnumerate({ids:Array(String)}))) AS seen,
               toUInt8(arraySum((id, i) -> if(bitAnd(resolved[indexOf(behavior, id)], 31) != 0, bitShiftLeft(1, i - 1), 0), {ids:Array(String)}, arrayEnumerate({ids:Array(String)}))) AS proven,
               toUInt8(arraySum((id, i) -> if(has(scans.undecided, id), bitShiftLeft(1, i - 1), 0), {ids:Array(String)}, arrayEnumerate({ids:Array(String)}))) AS undecided
        FROM scans
        WHERE catalogue = {catalogue:String} AND (hasAny(behavior, {ids:Array(String)}) OR hasAny(scans.undecided, {ids:Array(String)}))
    ) AS s
    INNER JOIN (SELECT project_id, scan_seq, stratum, drawn FROM projects WHERE snapshot = {snapshot:String} AND counted) AS p
        ON p.project_id = s.project_id AND p.scan_seq = s.scan_seq
    GROUP BY p.project_id
)
GROUP BY stratum, drawn, contexts, resolved, open
