-- In how many counted members each symbol stands, by stratum. Where rows may
-- stand twice, symbols is read with FINAL. The strata of a count share one
-- number: 8 bits for ranks to 100, 12 to 1,000, 16 to 10,000, 28 for the rest, so
-- that three sums do the work of twelve.
INSERT INTO symbol_counts
    (snapshot, name, kind, seen_100, seen_1k, seen_10k, seen_rest, drawn_100, drawn_1k, drawn_10k, drawn_rest,
     proven_100, proven_1k, proven_10k, proven_rest, support_only)
SELECT {snapshot:String}, name, kind,
       bitAnd(s, 255), bitAnd(bitShiftRight(s, 8), 4095), bitAnd(bitShiftRight(s, 20), 65535), bitShiftRight(s, 36),
       bitAnd(d, 255), bitAnd(bitShiftRight(d, 8), 4095), bitAnd(bitShiftRight(d, 20), 65535), bitShiftRight(d, 36),
       bitAnd(p, 255), bitAnd(bitShiftRight(p, 8), 4095), bitAnd(bitShiftRight(p, 20), 65535), bitShiftRight(p, 36),
       support
FROM
(
    SELECT name, kind, sum(lane * seen) AS s, sum(lane * seen * drawn) AS d, sum(lane * proven) AS p, sum(NOT seen) AS support
    FROM
    (
        SELECT name, kind, bitAnd(contexts, 31) != 0 AS seen, bitAnd(resolved, 31) != 0 AS proven,
               dictGet('members', 'stratum', toUInt64(project_id)) AS h, dictGet('members', 'drawn', toUInt64(project_id)) AS drawn,
               multiIf(h = 3, toUInt64(68719476736), h = 2, toUInt64(1048576), h = 1, toUInt64(256), toUInt64(1)) AS lane
        FROM symbols
        WHERE contexts != 0 AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq
    )
    GROUP BY name, kind
)
SETTINGS max_bytes_before_external_group_by = 600000000
