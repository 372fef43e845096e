#!/usr/bin/env bash
# Writes which modules are in the binary and under which licence each is.
set -euo pipefail
cd "$(dirname "$0")/../.."
cat <<'HEAD'
# Third-party licences

What the binary is made of, beside this project's own code (Apache-2.0). Written by `make licences`; a test demands that no module is
missing. The lists of mail domains in `schemas/emaildomains` have their own page, `SOURCES.md`; the database engine that
`prevalence engine fetch` gets is ClickHouse, Apache-2.0, and is not part of the binary.

| module | licence |
|---|---|
HEAD
go run github.com/google/go-licenses@v1.6.0 report ./cmd/prevalence --ignore prevalence 2>/dev/null |
	awk -F, '
		# Three whose texts the tool does not know, or knows half of; they were read.
		$1 ~ "^github.com/segmentio/asm" { $1 = "github.com/segmentio/asm"; $3 = "MIT-0" }
		$1 ~ "^github.com/golang/freetype" { $1 = "github.com/golang/freetype"; $3 = "FTL" } # or GPL-2.0-or-later: it is ours to choose
		$1 ~ "libcap/psx$" { $3 = "BSD-3-Clause" } # or GPL-2.0-only: likewise
		{ printf "| %s | %s |\n", $1, $3 }' | LC_ALL=C sort -u
