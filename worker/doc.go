// Package worker turns a job into scans: it resolves a project's releases,
// fetches the files that it chooses from their names, reads their members as
// streams, matches the catalogue, and publishes what it saw.
//
// An Analyzer scans one release or one local path and knows no broker. A
// Worker takes jobs, lets an Analyzer do the work, publishes the scans, waits
// for the broker's acknowledgement, and only then acknowledges the job.
//
// Nothing of a package is written to disk or executed, and nothing in it
// configures the scanner. Whatever is wrong with a package is an outcome (see
// the Why… constants); only what is wrong with the network, the broker or the
// index is an error. Which files are read, and what context a member's code
// has, is argued in docs/adr/009-what-is-read.md.
package worker

// ScannerVersion says which facts are extracted and from what. Scans of
// different scanner versions are never counted together, so it changes with
// every change of facts, of file choice and of contexts, and with nothing else.
const ScannerVersion = "3"
