package query

import _ "embed"

// The queries, which run in the database of the views.
var (
	//go:embed sql/snapshot.sql
	snapshotSQL string
	//go:embed sql/prevalence.sql
	prevalenceSQL string
	//go:embed sql/project.sql
	projectSQL string
	//go:embed sql/observations.sql
	observationsSQL string
	//go:embed sql/emails.sql
	emailsSQL string
	//go:embed sql/shown_by.sql
	shownBySQL string
	//go:embed sql/listed.sql
	listedSQL string
	//go:embed sql/newest_scans.sql
	newestScansSQL string
	//go:embed sql/states.sql
	statesSQL string
	//go:embed sql/strata.sql
	strataSQL string
	//go:embed sql/trial_crawled.sql
	trialCrawledSQL string
	//go:embed sql/trial_open.sql
	trialOpenSQL string
	//go:embed sql/trial_symbols.sql
	trialSymbolsSQL string
	//go:embed sql/trial_indicators.sql
	trialIndicatorsSQL string
	//go:embed sql/names.sql
	namesSQL string
)
