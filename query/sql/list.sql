-- Projects of a snapshot that pass some conditions, the most used first, behind
-- a place. An empty condition lets everything pass.
SELECT project, version, rank, listed, outcome, why, state
FROM projects
WHERE snapshot = {snapshot:String}
  AND (rank = 0, rank, project) > ({after_unranked:Bool}, {after_rank:UInt32}, {after:String})
  AND (empty({text:String}) OR position(project, {text:String}) > 0)
  AND (empty({outcome:String}) OR outcome = {outcome:String})
  AND (empty({state:String}) OR state = {state:String})
  AND (empty({issue:String}) OR has(issues, {issue:String}))
  AND (empty({class:String}) OR email_class = {class:String})
ORDER BY rank = 0, rank, project
LIMIT {limit:UInt32}
