-- +goose NO TRANSACTION
-- +goose Up
-- Scans without their observations. A scan may stand here more than once until
-- its duplicates are merged; (scan_seq, catalogue) tells them apart.
CREATE OR REPLACE VIEW ${views}.scans DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT project_id, project, version, scan_seq, scan_order, catalogue, crawled, scanner, page_latest, drawn, reason, at,
       outcome, why, detail, `cut.file`, `cut.member`, `cut.why`, `cut.bytes`, dropped, state, yanked,
       `file.name`, `file.kind`, `file.bytes`, `file.sha256`, `file.verified`, `file.members`, `file.member_bytes`,
       `file.python_bytes`, kinds, attested, typed, vulnerabilities, vulnerabilities_known,
       meta_name, meta_version, summary, description, license, requires_python, requires_dist,
       source_repository, build_backend, modules, email_class, behavior, contexts, resolved, undecided, code, first_upload
FROM ${database}.scans;
