-- Counted members by behaviour and by the sets of contexts in which it was seen
-- (contexts) and proven (resolved).
SELECT dictGet('members', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('members', 'drawn', toUInt64(project_id)) AS drawn,
       id, seen AS contexts, proven AS resolved, count() AS projects
FROM
(
    SELECT project_id, behavior, contexts, resolved
    FROM scans
    WHERE catalogue = {catalogue:String} AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq
    LIMIT 1 BY project_id
)
ARRAY JOIN behavior AS id, contexts AS seen, resolved AS proven
GROUP BY stratum, drawn, id, contexts, resolved
