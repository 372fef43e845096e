package dataset

import _ "embed"

// The queries, which run in the database of the views.
var (
	//go:embed sql/prevalence.sql
	prevalenceSQL string
	//go:embed sql/projects.sql
	projectsSQL string
	//go:embed sql/behaviors.sql
	behaviorsSQL string
	//go:embed sql/population.sql
	populationSQL string
	//go:embed sql/symbols.sql
	symbolsSQL string
	//go:embed sql/common.sql
	commonSQL string
	//go:embed sql/lifts.sql
	liftsSQL string
)
