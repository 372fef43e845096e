-- The last changes of projects' states on the index.
SELECT project, state, at, state_seq
FROM states
WHERE state IN ('removed', 'resurrected')
ORDER BY state_seq DESC
LIMIT {limit:UInt32}
