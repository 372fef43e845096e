// Package prevalence is the arithmetic behind every number that is shown:
// which projects make up a band, what a partial crawl lets one say about it,
// how sure that is, and which word describes it.
//
// A count is worth little without the number of projects that were looked at
// and the number there are. So a stratum of the index is described by a Tally,
// the projects of it that show a thing by Hits, and Of turns the two into an
// Estimate for a band:
//
//	e := prevalence.Of(prevalence.Community, tallies, hits)
//	if e.Known {
//		fmt.Printf("%.2f %% (%.2f–%.2f %%)\n", 100*e.Share, 100*e.Low, 100*e.High)
//	}
//	fmt.Println(prevalence.LabelOf(e))
//
// The package does no I/O, holds no state, and everything in it may be called
// from any goroutine.
package prevalence
