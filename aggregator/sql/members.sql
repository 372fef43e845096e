-- The scan that speaks for each project.
INSERT INTO snapshot_projects
    (snapshot, project_id, project, version, scan_order, scan_seq, rank, stratum, listed, drawn,
     outcome, why, email_class, state, yanked, malware, counted, undecided, issues)
WITH
    withdrawn_or_back AS (
        SELECT project, argMax(state, state_seq) = 'removed' AS removed, max(state = 'resurrected') AS resurrected
        FROM project_states GROUP BY project HAVING removed OR resurrected),
    labels AS (
        SELECT project, version FROM malware_labels FINAL WHERE class = 'malware' AND withdrawn = toDateTime(0, 'UTC'))
SELECT
    {snapshot:String}, c.project_id, c.project, c.version, c.scan_order, c.scan_seq,
    k.rank,
    multiIf(k.rank = 0, 3, k.rank <= 100, 0, k.rank <= 1000, 1, k.rank <= 10000, 2, 3),
    c.project_id IN (SELECT project_id FROM index_names WHERE names = {names:UInt64}) AS listed,
    c.project_id IN (SELECT project_id FROM drawn_projects),
    c.outcome, c.why, c.email_class,
    multiIf(s.removed, 'removed', s.resurrected, 'resurrected', c.state),
    c.yanked,
    (c.project, c.version) IN (SELECT project, version FROM labels)
        OR c.project IN (SELECT project FROM labels WHERE version = '') AS malware,
    listed AND NOT malware AND c.outcome IN ('ok', 'partial'),
    c.undecided,
    arraySort(arrayDistinct(arrayFilter(x -> x != '', arrayConcat(
        [if(s.removed OR s.resurrected OR d.gone, 'removed-components', ''),
         if(d.missing, 'depends-on-missing', ''),
         if(c.yanked, 'yanked', ''),
         if(c.state = 'quarantined', 'quarantined', ''),
         if(c.vulnerable, 'vulnerabilities', ''),
         if(c.email_class IN ('privacy', 'disposable'), 'anonymous-author', '')],
        arrayFilter((id, ids) -> hasAny(CAST(c.behavior, 'Array(String)'), ids),
                    {issues:Array(String)}, {issue_behaviors:Array(Array(String))})))))
FROM
(
    SELECT project_id, project, version, scan_order, scan_seq, outcome, why, email_class, state, yanked, behavior,
           notEmpty(undecided) AS undecided, vulnerabilities_known AND notEmpty(vulnerabilities) AS vulnerable
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
LEFT JOIN withdrawn_or_back AS s ON s.project = c.project
LEFT JOIN
(
    -- Names that are gone or came back, and those that nobody ever saw on an
    -- index that is declared complete.
    SELECT project_id, scan_seq, max(dependency IN (SELECT project FROM withdrawn_or_back)) AS gone,
           max({complete:Bool} AND dependency NOT IN (SELECT project FROM projects)
               AND dependency NOT IN (SELECT project FROM project_states)) AS missing
    FROM dependencies
    GROUP BY project_id, scan_seq
    HAVING gone OR missing
) AS d ON d.project_id = c.project_id AND d.scan_seq = c.scan_seq
