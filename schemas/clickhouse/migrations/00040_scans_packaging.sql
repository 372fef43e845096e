-- +goose NO TRANSACTION
-- +goose Up
-- What the page offers of a release, what a rematch could not decide, and the
-- two numbers that tell equal code and duplicate rows.
ALTER TABLE ${database}.scans
    ADD COLUMN IF NOT EXISTS kinds Array(LowCardinality(String)) COMMENT 'kinds of the files that the page offers: sdist, egg, wheel-pure, wheel-abi3, wheel-native',
    ADD COLUMN IF NOT EXISTS attested Bool COMMENT 'a file of the release has a provenance on the page (PEP 740)',
    ADD COLUMN IF NOT EXISTS typed Bool COMMENT 'the release has a py.typed member (PEP 561)',
    ADD COLUMN IF NOT EXISTS vulnerabilities Array(String) COMMENT 'ids of known vulnerabilities; meaningless unless vulnerabilities_known',
    ADD COLUMN IF NOT EXISTS vulnerabilities_known Bool COMMENT 'the index was asked for vulnerabilities',
    ADD COLUMN IF NOT EXISTS crawled LowCardinality(String) COMMENT 'hash of the catalogue that the worker matched; equal to catalogue unless a rematch wrote the row',
    ADD COLUMN IF NOT EXISTS undecided Array(LowCardinality(String)) COMMENT 'behaviours that a rematch could not decide from stored facts',
    ADD COLUMN IF NOT EXISTS code UInt64 COMMENT 'hash of the facts of the code: equal for equal code under another name; 0 without any',
    ADD COLUMN IF NOT EXISTS symbol_rows UInt32 COMMENT 'rows of this scan in table symbols';
