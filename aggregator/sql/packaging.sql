-- Counted members by how they are packaged: facet and value.
SELECT dictGet('members', 'stratum', toUInt64(project_id)) AS stratum,
       dictGet('members', 'drawn', toUInt64(project_id)) AS drawn,
       facet.1 AS kind, facet.2 AS id, count() AS projects
FROM
(
    SELECT project_id, kinds, attested, typed, license, requires_python, build_backend, vulnerabilities_known
    FROM scans
    WHERE catalogue = {catalogue:String} AND dictGet('members', 'scan_seq', toUInt64(project_id)) = scan_seq
    LIMIT 1 BY project_id
)
ARRAY JOIN arrayConcat(
    [('build-backend', if(build_backend = '', 'none', build_backend)),
     ('license', if(license = '', 'none', license)),
     ('requires-python', multiIf(requires_python = '', 'none',
         match(requires_python, '(>=|~=|==)\\s*[0-9]'), concat('>=', extract(requires_python, '(?:>=|~=|==)\\s*([0-9]+(?:\\.[0-9]+)?)')), 'other')),
     ('typed', if(typed, 'yes', 'no')),
     ('attested', if(attested, 'yes', 'no')),
     ('vulnerabilities', if(vulnerabilities_known, 'known', 'unknown'))],
    arrayMap(k -> ('distribution', CAST(k, 'String')), kinds)) AS facet
GROUP BY stratum, drawn, kind, id
