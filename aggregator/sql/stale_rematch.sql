-- Rows that a rematch wrote under a catalogue of which no snapshot is kept.
DELETE FROM scans
WHERE catalogue != crawled AND crawled != '' AND catalogue != {catalogue:String}
  AND catalogue NOT IN (SELECT catalogue FROM snapshots WHERE snapshot IN (SELECT snapshot FROM snapshot_projects))
SETTINGS lightweight_deletes_sync = 2
