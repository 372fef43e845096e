-- Downloads by pip and uv alone: without mirrors, scanners and browsers.
WITH (SELECT max(date) FROM pypi_downloads_per_day_by_version_by_installer_by_type) AS newest
SELECT project, newest
FROM pypi_downloads_per_day_by_version_by_installer_by_type
WHERE date > newest - {days:UInt16} AND installer IN ('pip', 'uv')
GROUP BY project
ORDER BY sum(count) DESC, project
LIMIT {projects:UInt32}
FORMAT TSV
