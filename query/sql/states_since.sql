-- Changes of projects' states on the index behind a sequence.
SELECT project, state, at, state_seq
FROM states
WHERE state_seq > {after:UInt64} AND state IN ('removed', 'resurrected')
ORDER BY state_seq
LIMIT {limit:UInt32}
