-- Counted members by behaviour that a rematch could not decide.
SELECT dictGet('members', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('members', 'drawn', toUInt64(project_id)) AS drawn,
       id, count() AS projects
FROM
(
    SELECT project_id, undecided
    FROM scans
    WHERE catalogue = {catalogue:String} AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq AND notEmpty(undecided)
    LIMIT 1 BY project_id
)
ARRAY JOIN undecided AS id
GROUP BY stratum, drawn, id
