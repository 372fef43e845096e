// Package emaildomains holds the lists of mail domains that worker/email
// decides with: disposable and free providers, taken from kept lists of others,
// and privacy providers, a reviewed list of our own with a source an entry
// (privacy.yaml). SOURCES.md says where each list comes from, in which version
// and under which licence; go generate fetches the lists of others anew.
//
// The package imports nothing of ours. A List is immutable and may be shared.
package emaildomains

//go:generate go run ./refresh
