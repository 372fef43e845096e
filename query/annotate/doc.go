// Package annotate says of the findings of other scanners how common what they
// found is. It works on what a scanner printed and on a dataset's
// reference.json, without a database.
//
//	ref, err := annotate.Open("prevalence-20261124T101500Z")
//	a, err := annotate.New(ref)
//	done, err := a.Annotate(report, annotate.Options{Hide: true, Sort: true})
//	os.Stdout.Write(done.Report)
//
// Reports stay what they were: SARIF 2.1.0 stays SARIF, a tool's own JSON keeps
// all its fields and gains "prevalence". No finding is left out unless hiding
// was asked for; how many were stands in the report.
package annotate
