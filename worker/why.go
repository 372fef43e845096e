package worker

// The reasons of outcomes and cuts: Scan.Why and Cut.Why are one of these, a
// slug of worker/archive (archive.Why…), or "source-" or "bytecode-" and a budget of
// worker/pysource ("size", "nesting", "names", "facts", "fold").
const (
	// Of scans that are empty.
	WhyNoFiles     = "no-files"     // the release has no files
	WhyNoRelease   = "no-release"   // the project has no releases
	WhyNoProject   = "no-project"   // the index names the project and has no page of it
	WhyQuarantined = "quarantined"  // PEP 792: no files are offered
	WhyNoDistFiles = "no-supported" // unanalysed: files, but no sdist, wheel or egg that is read

	// Of scans that are unanalysed, and of cuts of files in others.
	WhyWrongHash    = "wrong-hash"          // the index gives another sha256, twice
	WhyWrongSize    = "wrong-size"          // the index gives another size
	WhyFileGone     = "file-gone"           // the index has no such file (404, 410)
	WhyFileChanged  = "file-changed"        // it became another one while it was read, twice
	WhyFileRefused  = "file-refused"        // the index does not hand it out (401, 403, 451 …)
	WhyNeedsRanges  = "needs-ranges"        // a zip that is too large to be held in memory, on a server that has no ranges
	WhyNoMembers    = "no-members"          // an archive without a single file
	WhyBadPage      = "bad-page"            // the project's page is no page of an index
	WhyPageRefused  = "page-refused"        // the index does not hand out the page
	WhyBytecode     = "bytecode-unreadable" // a compiled file that is damaged, or written by another interpreter than CPython
	WhyUnreadable   = "unreadable"          // a file or folder of a local tree that we may not read
	WhyNative       = "native-symbols"      // a binary with more symbols than are read
	WhyScannerPanic = "scanner-panic"       // a defect of ours
	WhyTimeout      = "timeout"             // Options.FileTimeout; what was read before stays
	WhyGaveUp       = "attempts-exhausted"  // the index or the network failed in every attempt
	WhyNotSelected  = "not-selected"        // the release has nothing of what --files asks for
)
