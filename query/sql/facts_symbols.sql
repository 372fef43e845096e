-- The symbols of some projects, without the places. What may be an address stays;
-- a literal is a text of the catalogue.
SELECT project_id, name, kind, context, certainty, hits
FROM current_symbols
WHERE project_id IN {ids:Array(UInt32)} AND (kind = 'string' AND startsWith(name, 'literal') OR position(name, '@') = 0)
ORDER BY project_id, kind, name, context, certainty
LIMIT 1 BY project_id, kind, name, context, certainty
