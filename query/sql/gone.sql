-- Projects whose last change of state was to a given one, the last ones first.
SELECT project, last.1 AS state, last.2 AS at, seq AS state_seq
FROM (SELECT project, argMax((state, at), state_seq) AS last, max(states.state_seq) AS seq FROM states GROUP BY project)
WHERE last.1 = {state:String} AND seq < {before:UInt64}
ORDER BY seq DESC
LIMIT {limit:UInt32}
