-- Members of an unpublished snapshot that show behaviours which malicious code
-- shows far more often than others.
ALTER TABLE snapshot_projects
UPDATE issues = arraySort(arrayPushBack(issues, 'shared-with-malware'))
IN PARTITION {snapshot:String}
WHERE counted AND project_id IN (
    SELECT project_id FROM scans
    WHERE catalogue = {catalogue:String} AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq
        AND arrayExists((b, c) -> has({important:Array(String)}, CAST(b, 'String')) AND bitAnd(c, 31) != 0, behavior, contexts))
SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1
