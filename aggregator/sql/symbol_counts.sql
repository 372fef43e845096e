-- In how many counted members each symbol stands, by stratum. Where rows may
-- stand twice, symbols is read with FINAL.
INSERT INTO symbol_counts
    (snapshot, name, kind, seen_100, seen_1k, seen_10k, seen_rest, drawn_100, drawn_1k, drawn_10k, drawn_rest,
     proven_100, proven_1k, proven_10k, proven_rest, support_only)
SELECT {snapshot:String}, name, kind,
       countIf(seen AND h = 0), countIf(seen AND h = 1), countIf(seen AND h = 2), countIf(seen AND h = 3),
       countIf(seen AND drawn AND h = 0), countIf(seen AND drawn AND h = 1), countIf(seen AND drawn AND h = 2), countIf(seen AND drawn AND h = 3),
       countIf(proven AND h = 0), countIf(proven AND h = 1), countIf(proven AND h = 2), countIf(proven AND h = 3),
       countIf(NOT seen)
FROM
(
    SELECT name, kind, bitAnd(contexts, 31) != 0 AS seen, bitAnd(resolved, 31) != 0 AS proven,
           dictGet('members', 'stratum', toUInt64(project_id)) AS h, dictGet('members', 'drawn', toUInt64(project_id)) AS drawn
    FROM symbols
    WHERE contexts != 0 AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq
)
GROUP BY name, kind
SETTINGS max_bytes_before_external_group_by = 600000000
