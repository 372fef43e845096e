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
	//go:embed sql/combo_cells.sql
	comboCellsSQL string
	//go:embed sql/combo_holders.sql
	comboHoldersSQL string
	//go:embed sql/snapshots.sql
	snapshotsSQL string
	//go:embed sql/names.sql
	namesSQL string
	//go:embed sql/symbols.sql
	symbolsSQL string
	//go:embed sql/symbol_cells.sql
	symbolCellsSQL string
	//go:embed sql/symbol_holders.sql
	symbolHoldersSQL string
	//go:embed sql/indicators.sql
	indicatorsSQL string
	//go:embed sql/indicator_cells.sql
	indicatorCellsSQL string
	//go:embed sql/indicator_holders.sql
	indicatorHoldersSQL string
)
