-- The scan that speaks for each project.
INSERT INTO snapshot_projects
    (snapshot, project_id, project, version, scan_order, scan_seq, rank, stratum, listed, drawn,
     outcome, why, email_class, state, yanked, issues)
SELECT
    {snapshot:String}, c.project_id, c.project, c.version, c.scan_order, c.scan_seq,
    k.rank,
    multiIf(k.rank = 0, 3, k.rank <= 100, 0, k.rank <= 1000, 1, k.rank <= 10000, 2, 3),
    c.project_id IN (SELECT project_id FROM index_names WHERE names = {names:UInt64}),
    c.project_id IN (SELECT project_id FROM drawn_projects),
    c.outcome, c.why, c.email_class,
    multiIf(s.latest = 'removed', 'removed', s.resurrected, 'resurrected', c.state),
    c.yanked,
    arraySort(arrayDistinct(arrayFilter(x -> x != '', arrayConcat(
        [if(s.latest = 'removed' OR s.resurrected, 'removed-components', ''),
         if(c.yanked, 'yanked', ''),
         if(c.state = 'quarantined', 'quarantined', ''),
         if(c.email_class IN ('privacy', 'disposable'), 'anonymous-author', '')],
        arrayFilter((id, ids) -> hasAny(CAST(c.behavior, 'Array(String)'), ids),
                    {issues:Array(String)}, {issue_behaviors:Array(Array(String))})))))
FROM
(
    SELECT project_id, project, version, scan_order, scan_seq, outcome, why, email_class, state, yanked, behavior
    FROM scans
    WHERE page_latest AND scanner = {scanner:String} AND catalogue = {catalogue:String}
    ORDER BY project_id, scan_order DESC, scan_seq DESC
    LIMIT 1 BY project_id
) AS c
LEFT JOIN
(
    SELECT project_id, min(rank) AS rank
    FROM rankings INNER JOIN projects ON projects.project = rankings.project
    WHERE ranking = {ranking:String}
    GROUP BY project_id
) AS k ON k.project_id = c.project_id
LEFT JOIN
(
    SELECT project, argMax(state, state_seq) AS latest, max(state = 'resurrected') AS resurrected
    FROM project_states
    GROUP BY project
) AS s ON s.project = c.project
