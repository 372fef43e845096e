-- +goose NO TRANSACTION
-- +goose Up
-- Author addresses by class and domain, never a hash of one. A domain reads
-- "other" while fewer than 5 projects have it, unless it is a known provider's.
CREATE OR REPLACE VIEW ${views}.emails DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT if(class NOT IN ('free', 'privacy', 'disposable') AND domain NOT IN (
              SELECT domain FROM ${database}.emails
              GROUP BY domain HAVING uniqExact(project_id) >= 5), 'other', domain) AS domain,
       class, project_id, scan_seq
FROM ${database}.emails FINAL;
