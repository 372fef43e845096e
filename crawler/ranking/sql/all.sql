-- Downloads by all installers, as the public dataset counts them a day.
WITH (SELECT max(date) FROM pypi_downloads_per_day) AS newest
SELECT project, newest
FROM pypi_downloads_per_day
WHERE date > newest - {days:UInt16}
GROUP BY project
ORDER BY sum(count) DESC, project
LIMIT {projects:UInt32}
FORMAT TSV
