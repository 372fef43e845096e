package aggregator

import _ "embed"

// The queries, which run in the database of the tables.
var (
	//go:embed sql/versions.sql
	versionsSQL string
	//go:embed sql/members.sql
	membersSQL string
	//go:embed sql/fingerprint.sql
	fingerprintSQL string
	//go:embed sql/listed.sql
	listedSQL string
	//go:embed sql/outcomes.sql
	outcomesSQL string
	//go:embed sql/issues.sql
	issuesSQL string
	//go:embed sql/behaviors.sql
	behaviorsSQL string
	//go:embed sql/undecided.sql
	undecidedSQL string
	//go:embed sql/packaging.sql
	packagingSQL string
	//go:embed sql/malicious.sql
	maliciousSQL string
	//go:embed sql/shared.sql
	sharedSQL string
	//go:embed sql/shown_domains.sql
	shownDomainsSQL string
	//go:embed sql/garbage.sql
	garbageSQL string
	//go:embed sql/stale_rematch.sql
	staleRematchSQL string
	//go:embed sql/rematch_from.sql
	rematchFromSQL string
	//go:embed sql/rematch_scans.sql
	rematchScansSQL string
	//go:embed sql/rematch_symbols.sql
	rematchSymbolsSQL string
	//go:embed sql/rematch_indicators.sql
	rematchIndicatorsSQL string
	//go:embed sql/rematch_insert.sql
	rematchInsertSQL string
	//go:embed sql/review.sql
	reviewSQL string
	//go:embed sql/symbol_counts.sql
	symbolCountsSQL string
)
