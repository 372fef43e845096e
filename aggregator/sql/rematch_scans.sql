-- Scans of a range of projects as a worker matched them, that the new catalogue
-- has not matched.
SELECT project_id, project, version, scan_seq, catalogue, outcome, dropped, modules,
       `observation.behavior` AS observation_behavior, `observation.context` AS observation_context,
       `observation.certainty` AS observation_certainty, `observation.hits` AS observation_hits,
       `evidence.observation` AS evidence_observation, `evidence.path` AS evidence_path, `evidence.line` AS evidence_line,
       `evidence.end_line` AS evidence_end_line, `evidence.symbol` AS evidence_symbol, `evidence.fingerprint` AS evidence_fingerprint
FROM scans
WHERE project_id BETWEEN {first:UInt32} AND {last:UInt32} AND catalogue = {from:String} AND crawled = catalogue
  AND (project_id, scan_seq) NOT IN
      (SELECT project_id, scan_seq FROM scans WHERE project_id BETWEEN {first:UInt32} AND {last:UInt32} AND catalogue = {catalogue:String})
LIMIT 1 BY project_id, scan_seq
