-- The history of a project's state on the index, the oldest first.
SELECT state, at FROM states WHERE project = {project:String} ORDER BY state_seq
