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
)
