-- The release that speaks for a project in a snapshot, and the last one before
-- it that could be looked into.
SELECT s.version AS version, s.scan_seq = p.scan_seq AS current, s.behavior AS behavior, s.contexts AS contexts, s.undecided AS undecided
FROM (SELECT project_id, version, scan_seq, scan_order FROM projects WHERE snapshot = {snapshot:String} AND project = {project:String} AND outcome IN ('ok', 'partial')) AS p
INNER JOIN (SELECT project_id, version, scan_seq, scan_order, behavior, contexts, undecided FROM scans WHERE catalogue = {catalogue:String} AND outcome IN ('ok', 'partial')
    AND project_id IN (SELECT project_id FROM projects WHERE snapshot = {snapshot:String} AND project = {project:String})) AS s ON s.project_id = p.project_id
WHERE s.scan_seq = p.scan_seq OR s.version != p.version AND s.scan_order < p.scan_order
ORDER BY current DESC, s.scan_order DESC, s.scan_seq DESC
LIMIT 1 BY current
